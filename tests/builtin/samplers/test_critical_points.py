"""The sampler critical-points: its tree is the field's, its bounds are honest, and it can be played by rounds."""

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from support.known_fields import (
    FIELD,
    Bowls,
    PlayedStudy,
    Wells,
    chart_of_ends,
    landscape_of_points,
    lattice_persistences,
    tree_of_heights,
)

from globscope.api import CheckFacts, PopulationError, Samples, join_heights
from globscope.builtin.samplers import CriticalPoints
from globscope.builtin.samplers.critical_points.curvature import curvatures_at_tops
from globscope.builtin.samplers.critical_points.curves import even_curves, lengths, profile, respace
from globscope.builtin.samplers.critical_points.graph import join_rest
from globscope.builtin.samplers.critical_points.pairs import bridges, detour, minimax, persistences, spanning
from globscope.builtin.samplers.critical_points.paths import Path, dips
from globscope.builtin.samplers.critical_points.record import Record
from globscope.builtin.topology import Gudhi

CLOSE = 0.02


def played(field, dimension, ends=0, seed=0, **options):
    chart = chart_of_ends(field.centres[:ends], dimension)
    sampler = CriticalPoints(**{"margin": 0.0, "starts": 16, "budget": 10**6, **options})
    return PlayedStudy(chart=chart, seed=seed).run_once(sampler, field), sampler


def tables(study, sampler):
    finding = sampler.explain(study.chart, study.landscape)
    return *(table.rows for table in finding.tables), finding.warnings


@pytest.mark.parametrize("seed", range(3))
def test_the_tree_of_smooth_wells_is_that_of_a_fine_lattice(seed):
    field = Wells.draw(2, 7, seed)
    study, _ = played(field, 2, ends=3)
    found, roots = study.persistences()
    known = lattice_persistences(field, 2, 161)
    assert (len(found), roots) == (len(known), 1)
    np.testing.assert_allclose(found, known, atol=CLOSE)


@pytest.mark.parametrize("dimension", [3, 8, 16])
def test_the_tree_of_kinked_bowls_is_the_one_in_closed_form(dimension):
    field = Bowls.draw(dimension, 6, 2)
    study, _ = played(field, dimension, ends=6)
    found, roots = study.persistences()
    known = tree_of_heights(field.floors, field.heights())
    assert (len(found), roots) == (len(known), 1)
    np.testing.assert_allclose(found, known, atol=CLOSE)


@pytest.mark.parametrize("seed", range(2))
def test_rounds_that_are_replayed_ask_for_what_one_search_asks_for(seed):
    field, (options, dimension) = Wells.draw(3, 4, seed), ({"margin": 0.0, "starts": 5, "budget": 800}, 3)
    once, sampler = played(field, dimension, ends=3, seed=seed, **options)
    chart = chart_of_ends(field.centres[:3], dimension)
    again = PlayedStudy(chart=chart, seed=seed).ask_all(sampler, field)
    assert again.rounds == once.rounds
    np.testing.assert_array_equal(again.landscape.samples.points, once.landscape.samples.points)
    np.testing.assert_array_equal(again.landscape.samples.edges, once.landscape.samples.edges)


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 2**16), st.integers(1, 4), st.integers(30, 2000))
def test_no_search_exceeds_its_budget_and_every_sample_but_minima_has_an_edge(seed, dimension, budget):
    field = Bowls.draw(dimension, 5, seed)
    study, sampler = played(field, dimension, ends=2, starts=4, budget=budget, tolerance=0.05)
    assert study.cost <= budget
    minima = [row["sample"] for row in tables(study, sampler)[0]]
    assert {*np.unique(study.landscape.samples.edges), *minima} == {*range(len(study.landscape.samples.points))}


def test_a_field_that_is_not_finite_somewhere_is_searched_around_it():
    class Holed(Wells):
        def __call__(self, points):
            hole = np.linalg.norm(points - (0.0, 0.0), axis=1) < 0.25
            return np.where(hole, np.nan, super().__call__(points))

    field = Holed(np.array([[-0.6, 0.0], [0.6, 0.0]]), np.array([1.0, 1.2]), np.array([0.2, 0.2]))
    study, sampler = played(field, 2, ends=2, starts=4)
    (row,) = tables(study, sampler)[1]
    path = study.landscape.samples.points[numbers(row["samples"])]
    assert np.isfinite(row["upper_bound"])
    assert np.linalg.norm(path, axis=1).min() >= 0.25


def test_minima_are_named_by_the_runs_that_end_there_and_passes_are_bounds_sampled_along_their_paths():
    field = Wells(np.array([[-0.5, 0.0], [0.5, 0.2]]), np.array([1.0, 1.2]), np.array([0.25, 0.25]))
    study, sampler = played(field, 2, ends=2, starts=0)
    minima, (row,), warnings = tables(study, sampler)
    assert [each["name"] for each in minima] == ["run 0", "run 1"]
    assert (row["one"], row["two"], row["negative"], row["directions"], row["converged"]) == (
        "run 0",
        "run 1",
        1,
        2,
        "yes",
    )
    samples = numbers(row["samples"])
    points, values = study.landscape.samples.points[samples], study.landscape.fields[FIELD][samples]
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert row["upper_bound"] == values.max()
    assert row["largest_step"] == pytest.approx(steps.max())
    assert steps.max() <= sampler.step * 2 * (1 + 1e-6)
    assert row["gradient"] < 0.05
    assert warnings == ()


def numbers(ranges):
    ends = [[int(end) for end in part.split("-")] for part in ranges.split()]
    return [number for first, *last in ends for number in range(first, (last or [first])[0] + 1)]


def test_all_pairs_of_runs_have_a_path_where_they_are_wanted():
    field = Wells.draw(4, 5, 3)
    study, sampler = played(field, 4, ends=5, starts=0, pairs="all")
    runs = [row["name"] for row in tables(study, sampler)[0] if "sample" not in row["name"]]
    pairs = {frozenset((row["one"], row["two"])) for row in tables(study, sampler)[1]}
    assert {frozenset((one, two)) for one in runs for two in runs if one != two} <= pairs


def test_a_search_that_ends_at_its_budget_says_so():
    study, sampler = played(Wells.draw(3, 6, 1), 3, ends=6, budget=700)
    assert "The search ended at its budget of 700 evaluations" in tables(study, sampler)[2][0]


@pytest.mark.parametrize("budget", [150, 300, 700, 10_000])
def test_minima_are_said_to_be_in_as_many_groups_as_the_merge_tree_has_parts(budget):
    study, sampler = played(Wells.draw(3, 6, 1), 3, ends=6, budget=budget)
    parts = len({*Gudhi(field=FIELD, persistence=0.0).compute(study.landscape).full.parts.tolist()})
    groups = [text.split(" groups ")[0].split()[-1] for text in tables(study, sampler)[2] if " groups " in text]
    assert groups == ([str(parts)] if parts > 1 else [])


@pytest.mark.parametrize(("budget", "paths"), [(600, range(1, 5)), (1000, [4]), (2500, [10])])
def test_a_budget_for_some_strings_alone_goes_to_those_of_a_spanning_tree(budget, paths):
    study, sampler = played(Wells.draw(2, 6, 1), 2, ends=6, starts=0, budget=budget, pairs="all")
    minima, found, _ = tables(study, sampler)
    assert (len(minima), len(found) in paths) == (5, True)


def test_a_budget_that_does_not_reach_all_runs_starts_from_the_first_ones_alone():
    study, sampler = played(Wells.draw(2, 6, 1), 2, ends=6, starts=0, budget=200, pairs="all")
    # In units of the box and back, which rounds.
    np.testing.assert_allclose(study.landscape.samples.points[:4], study.chart.latents[2:6], atol=1e-12)
    named = ", ".join(row["name"] for row in tables(study, sampler)[0])
    assert not {"run 4", "run 5"} & set(named.split(", "))
    assert "The search ended at its budget" in tables(study, sampler)[2][0]


@pytest.mark.parametrize("dimension", [2, 8])
@pytest.mark.parametrize("budget", [60, 300, 1500, 4000])
def test_no_leaf_is_one_because_the_budget_reached_no_path_from_it(dimension, budget):
    field = Wells.draw(dimension, 6, 1)
    study, sampler = played(field, dimension, ends=6, budget=budget)
    _, passes, warnings = tables(study, sampler)
    leaves, roots = study.persistences(sampler.tolerance)
    assert roots == 1
    assert len(leaves) <= len(passes)
    segments = [row for row in passes if row["found_by"] == "straight segment"]
    assert bool(segments) == any("come from straight segments" in text for text in warnings)
    assert {row["negative"] for row in segments} <= {None}
    for row in segments:
        points = study.landscape.samples.points[numbers(row["samples"])]
        across = np.linalg.matrix_rank(points - points[0], tol=1e-6)
        assert (across, row["largest_step"] <= 2 * sampler.step * (1 + 1e-6)) == (1, True)


@pytest.mark.parametrize("budget", [450, 700, 2000])
def test_a_minimum_in_the_dip_of_a_path_is_joined_by_the_parts_of_the_path(budget):
    centres = np.array([[-0.6, 0.0], [0.6, 0.0], [0.0, 0.1]])
    field = Wells(centres, np.array([1.0, 1.1, 0.8]), np.full(3, 0.2))
    study, sampler = played(field, 2, ends=2, starts=0, budget=budget)
    minima, passes, _ = tables(study, sampler)
    assert [row["name"] for row in minima[:2]] == ["run 0", "run 1"]
    # Where one part has the top of the whole path, the whole stands for it in the tree.
    assert minima[2]["name"] in {row["two"] for row in passes}
    assert {row["found_by"] for row in passes} == {"string"}
    assert max(row["largest_step"] for row in passes) <= 2 * sampler.step * (1 + 1e-6)
    values = study.landscape.fields[FIELD]
    assert all(row["upper_bound"] == values[numbers(row["samples"])].max() for row in passes)


class Gap:
    """Two bowls, and a wall between them that is level but for a gap far to one side."""

    centres = np.array([[-0.6, -0.5], [0.6, -0.5]])

    def __call__(self, points):
        x, y = points.T
        wall = np.exp(-((x / 0.1) ** 2)) / (1 + np.exp(-(0.7 - y) / 0.02))
        return wall + 0.1 * (abs(x) - 0.6) ** 2 + 0.05 * (y + 0.5) ** 2

    def slope(self, points):
        step = 1e-6 * np.eye(2)
        return np.stack([(self(points + each) - self(points - each)) / 2e-6 for each in step], axis=1)


def test_a_string_that_starts_along_the_lowest_way_on_an_earlier_grid_finds_a_gap_that_others_miss():
    field, chart = Gap(), chart_of_ends(Gap.centres, 2)
    axis = np.linspace(-1, 1, 21)
    index = np.indices((21, 21)).reshape(2, -1).T
    grid = landscape_of_points(Samples(points=axis[index], index=index, shape=(21, 21)), field(axis[index]))
    alone = CriticalPoints(margin=0.0, starts=0)
    bounds = []
    for sampler in (alone, alone.build_on((grid,))):
        study = PlayedStudy(chart=chart).run_once(sampler, field)
        (row,) = tables(study, sampler)[1]
        bounds.append(row["upper_bound"])
    assert bounds[0] > 0.9
    assert bounds[1] < 0.2


def test_a_string_may_start_through_a_third_minimum_unless_strings_join_that_one_to_both_ends():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.3], [0.5, 9.0]])
    assert detour(points, (0, 1), set()) == 2
    assert detour(points, (0, 1), {(0, 2), (1, 2)}) is None
    assert detour(points, (0, 2), {(0, 1)}) is None


def test_minima_are_bridged_where_no_pair_joins_them_and_at_least_length():
    points = np.array([[0.0], [1.0], [3.0], [3.5]])
    assert bridges(points, ()) == [(2, 3), (0, 1), (1, 2)]
    assert bridges(points, [(0, 3), (2, 3)]) == [(0, 1)]


def test_a_budget_that_is_too_small_to_do_anything_is_refused_with_the_least_that_is_of_use():
    facts = CheckFacts(probe=None, variants=("A", "B"), dimension=2)
    with pytest.raises(PopulationError) as error:
        CriticalPoints(budget=10).check(facts)
    assert str(error.value) == (
        "budget must be >= 253, got 10: descents from 2 runs and a string of 7 images take at least as many "
        "evaluations, and of any use are several times as many"
    )
    CriticalPoints(budget=253).check(facts)
    with pytest.raises(PopulationError, match="budget must be >= 193, got 10: a descent and"):
        CriticalPoints(budget=10, members="none").check(facts)


def test_one_minimum_has_no_pass():
    study, sampler = played(Wells(np.zeros((1, 2)), np.ones(1), np.full(1, 0.3)), 2, ends=1, starts=6)
    minima, passes, _ = tables(study, sampler)
    assert (len(minima), len(passes)) == (1, 0)
    assert study.persistences(0.0)[1] == 1


def test_a_search_needs_somewhere_to_start():
    with pytest.raises(ValueError, match="needs points to start from"):
        CriticalPoints(members="none", starts=0)


def test_curves_are_spaced_evenly_on_both_sides_of_a_point_that_stays():
    curve = np.array([[[0.0, 0.0], [0.1, 0.0], [0.4, 0.0], [1.0, 0.0], [2.0, 0.0]]])
    spaced = respace(curve, np.array([2]))
    np.testing.assert_allclose(spaced[0, 2], curve[0, 2])
    steps = np.diff(lengths(spaced)[0])
    np.testing.assert_allclose(steps, [0.2, 0.2, 0.8, 0.8])
    np.testing.assert_allclose(np.diff(lengths(even_curves(curve, 9))[0]), 0.25)


def test_a_profile_by_values_and_slopes_is_exact_for_cubics():
    places = np.array([0.0, 0.3, 0.7, 1.0])
    cubic, slope = (lambda t: t**3 - t**2 + 2 * t), (lambda t: 3 * t**2 - 2 * t + 2)
    found = profile(places[None, :, None], cubic(places)[None], slope(places)[None, :, None])[0]
    np.testing.assert_allclose(found[4:8], cubic(0.3 + 0.4 * np.arange(4) / 4))


def test_the_tree_of_passes_is_single_linkage_with_the_elder_rule():
    heights = {(0, 1): 1.0, (1, 2): 3.0, (0, 2): 2.0}
    assert spanning(3, heights) == [(0, 1), (0, 2)]
    assert minimax(3, heights)[1, 2] == 2.0
    assert persistences(np.array([0.0, 0.5, -1.0]), heights) == {(0, 1): 0.5, (0, 2): 2.0}


def test_dips_are_inner_lows_between_higher_samples():
    values = np.array([0.0, 1.0, 0.4, 0.9, 0.3, 0.35, 0.2])
    assert dips(path_of(values), 0.3) == [2]
    assert dips(path_of(values), 0.01) == [2, 4]


def path_of(values):
    none = np.zeros((len(values), 1))
    return Path(ends=(0, 1), rows=np.arange(len(values)), points=none, values=values, slopes=none)


class Wall:
    """Two flat bowls on one long diagonal, with a high and thin wall across it."""

    thickness = 0.03

    def __init__(self, dimension):
        self.centres = 0.7 * np.array([np.ones(dimension), -np.ones(dimension)])

    def __call__(self, points):
        return self._bowls(points).min(axis=1) + np.exp(-(self._height(points) ** 2) / 2)

    def slope(self, points):
        nearest = self.centres[self._bowls(points).argmin(axis=1)]
        height, root = self._height(points)[:, None], np.sqrt(points.shape[1])
        steep = np.exp(-(height**2) / 2) * height / self.thickness / root
        return 0.06 * (points - nearest) / points.shape[1] - steep

    def _bowls(self, points):
        return 0.03 * ((points[:, None] - self.centres) ** 2).mean(axis=2)

    def _height(self, points):
        return (points.sum(axis=1) / np.sqrt(points.shape[1]) - 0.21) / self.thickness


def test_two_minima_are_not_one_if_a_wall_of_a_step_stands_between_them_however_far_they_are_apart():
    field = Wall(16)
    study, sampler = played(field, 16, ends=2, starts=0)
    # The wall is 0.035 of the box's extent thick at half its height, and a step 0.02.
    minima, (row,), _ = tables(study, sampler)
    assert [each["name"] for each in minima] == ["run 0", "run 1"]
    assert row["upper_bound"] > 0.9


def test_curvatures_at_the_rim_of_the_box_are_those_of_the_field():
    hessian = np.array([[1.0, 0.97], [0.97, 1.0]])  # no negative curvature, but nearly one
    record = Record(
        name=FIELD,
        cost=3,
        budget=99,
        low=np.zeros(2),
        unit=1.0,
        diagonal=1.0,
        bounds=np.array([np.zeros(2), np.ones(2)]),
    )
    points = np.array([[1.0, 0.4], [1.0, 0.5], [1.0, 0.6]])
    path = Path(ends=(0, 1), rows=np.arange(3), points=points, values=np.array([0, 1, 0]), slopes=0 * points)
    steps = curvatures_at_tops(record, [path], lambda: None)
    samples, tops = next(steps), None
    while tops is None:
        slopes = samples.points @ hessian
        try:
            samples = steps.send(landscape_of_points(samples, np.zeros(len(slopes)), slopes))
        except StopIteration as end:
            (tops,) = end.value
    assert (tops.negative, tops.directions) == (0, 2)


class Jumped:
    """One bowl with a bump so near to the rim that a step of 0.05 of the box's extent leads from foot to foot."""

    centres = np.array([[-0.9], [0.7]])

    def __call__(self, points):
        x = points[:, 0]
        return 0.05 * (x - 0.7) ** 2 + np.where(abs(x + 0.71) < 0.045, np.cos((x + 0.71) / 0.045 * np.pi / 2) ** 2, 0)

    def slope(self, points):
        angle = (points + 0.71) / 0.045 * np.pi
        return 0.1 * (points - 0.7) - np.where(abs(angle) < np.pi, np.sin(angle) * np.pi / 0.09, 0)


def test_a_descent_that_jumps_over_a_wall_joins_its_run_to_no_minimum_below_the_wall():
    study, sampler = played(Jumped(), 1, ends=2, starts=0)
    values = study.landscape.fields[FIELD]
    tree = Gudhi(persistence=0.1, field=FIELD).compute(study.landscape).full
    assert [row["name"] for row in tables(study, sampler)[0]] == ["run 0, run 1"]
    assert join_heights(tree, values, np.array([0, 1]))[0, 1] > 0.5


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 2**16), st.sampled_from([1, 2, 4, 16]), st.sampled_from([0.01, 0.02]))
def test_no_pass_between_runs_needs_an_edge_longer_than_a_step(seed, dimension, step):
    drawn = Bowls.draw(dimension, 5, seed)
    away = 0.1 * np.random.default_rng(seed).standard_normal((3, dimension))
    chart = chart_of_ends(np.clip(drawn.centres[:3] + away, -1, 1), dimension)
    sampler = CriticalPoints(margin=0.0, starts=3, budget=3000, step=step)
    landscape = PlayedStudy(chart=chart, seed=seed).run_once(sampler, drawn).landscape
    points, edges = landscape.samples.points, landscape.samples.edges
    lengths = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    # The box is two wide. The runs' networks are the first samples.
    short = evolve(landscape, samples=evolve(landscape.samples, edges=edges[lengths <= 2 * step * (1 + 1e-6)]))
    whole, without = (
        join_heights(Gudhi(persistence=0.0, field=FIELD).compute(each).full, each.fields[FIELD], np.arange(3))
        for each in (landscape, short)
    )
    np.testing.assert_array_equal(whole, without)


def test_minima_that_no_path_joins_stay_apart():
    record = Record(
        name=FIELD, cost=3, budget=10, low=np.zeros(1), unit=1.0, diagonal=1.0, bounds=np.array([[0.0], [1.0]])
    )
    measuring = record.measure(np.array([[0.0], [0.5], [0.9], [1.0]]), gradients=False)
    part = landscape_of_points(next(measuring), np.array([0.0, 2.0, 3.0, 1.0]))
    with pytest.raises(StopIteration):
        measuring.send(part)
    join_rest(record, np.array([0, 3]))
    assert record.edges.tolist() == [[1, 0], [2, 3]]


HOLES = np.array([[-0.1, 0.1], [0.45, 0.25], [-0.35, -0.5]])


class Holed(Wells):
    """Wells with holes that no network survives, of each kind of loss that is not finite."""

    def __call__(self, points):
        values = super().__call__(points)
        for hole, loss in zip(HOLES, (np.nan, np.inf, np.nan), strict=True):
            values = np.where(np.linalg.norm(points - hole, axis=1) < 0.3, loss, values)
        return values


@pytest.mark.parametrize("seed", range(4))
def test_strings_that_begin_where_the_loss_is_not_finite_give_no_warning_and_no_infinite_pass(seed):
    drawn = Wells.draw(2, 5, seed)
    study, sampler = played(Holed(drawn.centres, drawn.depths, drawn.widths), 2, ends=3, seed=seed, budget=3000)
    tree = sampler.explain(study.chart, study.landscape).tables[1].rows
    values = study.landscape.fields[FIELD]
    assert not np.isfinite(values).all()
    for row in tree:
        bound = row["upper_bound"]
        assert bound is None or bound == values[numbers(row["samples"])].max()


def test_a_search_in_which_no_loss_is_finite_ends_without_a_minimum():
    class Nowhere(Wells):
        def __call__(self, points):
            return np.full(len(points), np.nan)

    field = Nowhere(np.zeros((1, 2)), np.ones(1), np.ones(1))
    study, sampler = played(field, 2, ends=1, starts=3)
    assert [len(rows) for rows in tables(study, sampler)[:2]] == [0, 0]
    assert study.rounds == 1


def test_a_dip_is_where_the_field_is_finite():
    values = np.array([0.0, 1.0, np.inf, np.inf, np.inf, 0.9, 0.0])
    assert dips(path_of(values), 0.3) == []


def test_a_path_has_converged_if_its_string_and_that_of_its_top_have():
    whole, part = (path_of(np.array([0.0, 1.0, 0.0])) for _ in range(2))
    for first in (True, False):
        for second in (True, False):
            both = evolve(whole, is_converged=first).replace(0, 3, evolve(part, is_converged=second))
            assert both.is_converged == (first and second)
    assert not evolve(whole, is_converged=True).part(0, 3).is_converged
