"""The sampler `adaptive`: the merge tree of the whole lattice, from a few per cent of its vertices."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from globscope.api import Chart, Landscape, Member, PopulationError, Samples, SpecError, neighbours
from globscope.builtin.samplers import Adaptive, Grid
from globscope.builtin.samplers.adaptive.fill import Fill
from globscope.builtin.samplers.adaptive.mesh import edges_below, triangulation
from globscope.builtin.samplers.adaptive.sweep import Sweep
from globscope.builtin.topology.gudhi import Gudhi

RNG = np.random.default_rng(0)


def chart(dimension, **parts):
    return Chart(space=None, latents=np.array([[0.0] * dimension, [1.0] * dimension]), **parts)


def landscape(samples, values, name="train_loss"):
    return Landscape(
        samples=samples,
        fields={name: values},
        distance_to_member=np.zeros(len(values)),
        trusted=np.ones(len(values), bool),
    )


def wells(dimension, seed, count=7):
    """Return a field on [0, 1]^d with Gaussian wells in a shallow bowl, some of them close together."""
    rng = np.random.default_rng(seed)
    centres, depths = rng.uniform(0.1, 0.9, (count, dimension)), rng.uniform(0.5, 1.5, count)
    widths = rng.uniform(0.09, 0.175, count) * np.sqrt(dimension / 2)

    def field(points):
        squares = ((points[:, None] - centres) ** 2).sum(axis=-1)
        return 0.6 * ((points - 0.5) ** 2).sum(axis=1) - (depths * np.exp(-squares / (2 * widths**2))).sum(axis=1)

    return field


def search(sampler, fitted, field):
    """Return the landscape of all rounds, and how many there were."""
    sofar, rounds = None, 0
    while (samples := sampler.ask(fitted, sofar, RNG)) is not None:
        whole = samples if sofar is None else sofar.samples.concatenate(samples)
        sofar, rounds = landscape(whole, field(whole.points), sampler.field), rounds + 1
    assert sofar is not None
    return sofar, rounds


def tree(found, threshold=0.1):
    return Gudhi(persistence=threshold).compute(found).tree


def truth(sampler, fitted, field):
    grid = Grid(resolution=sampler.resolution, margin=sampler.margin).ask(fitted, None, RNG)
    return landscape(grid, field(grid.points))


def persistences(found):
    lifetimes = tree(found).persistences
    return np.sort(lifetimes[np.isfinite(lifetimes)])


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([(7, 6), (4, 5, 4)]), st.integers(0, 2**16), st.floats(0.1, 1))
def test_samples_that_are_neighbours_on_the_finest_lattice_are_joined_as_on_a_grid(shape, seed, share):
    rng, index = np.random.default_rng(seed), np.indices(shape).reshape(len(shape), -1).T
    corners = ((index == 0) | (index == np.array(shape) - 1)).all(axis=1)
    chosen = index[corners | (rng.random(len(index)) < share)]
    order = np.arange(len(chosen))
    table = np.asarray(neighbours(Samples(points=chosen.astype(float), index=chosen, shape=shape), order))
    wanted = {(low, high) for low, row in enumerate(table.tolist()) for high in row if low < high}
    mesh = set(map(tuple, triangulation(chosen).tolist()))
    assert wanted <= mesh
    if len(chosen) == len(index):
        assert wanted == mesh


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([(7, 6), (4, 5, 4)]), st.integers(0, 2**16), st.floats(0, 1), st.floats(0, 0.4))
def test_no_sample_is_cut_off_and_neighbours_stay_joined_whatever_the_field_is(shape, seed, share, missing):
    rng, index = np.random.default_rng(seed), np.indices(shape).reshape(len(shape), -1).T
    field = np.where(rng.random(shape) < missing, np.inf, rng.normal(size=shape))
    corners = ((index == 0) | (index == np.array(shape) - 1)).all(axis=1)
    chosen = index[corners | (rng.random(len(index)) < share)]
    edges, values = edges_below(field, chosen), field[tuple(chosen.T)]
    for usable in (np.ones(len(chosen), bool), np.isfinite(values)):
        mesh = triangulation(chosen)
        counts = [
            connected_components(
                coo_array((np.ones(len(part)), part.T), shape=(len(chosen),) * 2).tocsr()[usable][:, usable],
                directed=False,
            )[0]
            for part in (mesh[usable[mesh].all(axis=1)], edges[usable[edges].all(axis=1)])
        ]
        assert counts[0] == counts[1]
    near = np.abs(chosen[mesh[:, 0]] - chosen[mesh[:, 1]]).max(axis=1) == 1
    assert set(map(tuple, mesh[near].tolist())) <= set(map(tuple, edges.tolist()))


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([(7, 8), (4, 5, 4)]), st.integers(0, 2**16), st.integers(2, 40))
def test_a_sweep_has_the_pairs_and_passes_of_the_merge_tree(shape, seed, levels):
    # Few levels make many ties.
    rng, samples = np.random.default_rng(seed), Grid(resolution=shape).ask(chart(len(shape)), None, RNG)
    values = rng.integers(0, levels, len(samples.points)).astype(float)
    sweep = Sweep.of(values, lambda order: neighbours(samples, order))
    whole = Gudhi(persistence=0.0).compute(landscape(samples, values)).full
    persistent = whole.deaths - whole.births > 0
    wanted = sorted((values[low], values[high]) for low, high in whole.pairs[persistent] if high >= 0)
    assert sorted((values[low], values[high]) for low, high, _ in sweep.pairs(0.5)) == wanted
    one, two = rng.choice(whole.pairs[:, 0], 2)
    path = sweep.path(int(one), int(two))
    _, height = whole.minimax(int(one), int(two))
    assert (path[0], path[-1], values[path].max()) == (one, two, height)
    steps = np.abs(samples.index[path[1:]] - samples.index[path[:-1]])
    assert (steps.max(axis=1, initial=0) <= 1).all()
    assert (two in sweep.below(int(one), height + 0.5), two in sweep.below(int(one), height)) == (True, one == two)


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 3), st.integers(0, 2**16), st.floats(-5, 5))
def test_a_fill_passes_through_its_samples_and_its_errors_are_those_of_leaving_one_out(dimension, seed, floor):
    rng, shape = np.random.default_rng(seed), (7,) * dimension
    vertices = np.indices(shape).reshape(dimension, -1).T
    chosen = rng.choice(len(vertices), 20, replace=False)
    values = floor + rng.exponential(size=20)
    fill = Fill.of(vertices, chosen, values, scale=0.1)
    np.testing.assert_array_equal(fill.field[chosen], values)
    # The spline's own values at the samples are exact up to rounding.
    np.testing.assert_allclose(np.exp(fill.heights[chosen]) - 0.1 + values.min(), values, atol=1e-6)
    lowest = values.argmin()
    for left in np.setdiff1d(np.arange(20), lowest)[:3]:
        rest = np.delete(np.arange(20), left)
        without = Fill.of(vertices, chosen[rest], values[rest], scale=0.1).heights[chosen[left]]
        around = np.argsort(np.linalg.norm(vertices[chosen] - vertices[chosen[left]], axis=1), kind="stable")
        error = abs(without - fill.heights[chosen[left]])
        # A sample's own error is among the nearest six, and all of them together are its slack.
        nearest = np.linalg.norm(vertices[chosen[around[1]]] - vertices[chosen[left]])
        assert fill.slack[chosen[left]] >= error / nearest / np.sqrt(6) * (1 - 1e-6)


def test_whole_paths_give_every_pass_a_bound_that_needs_no_estimate():
    sampler = Adaptive(resolution=31, budget=200, margin=0.0, whole_paths=True)
    found, _ = search(sampler, chart(2), wells(2, 0))
    (table,) = sampler.explain(chart(2), found).tables
    whole = truth(sampler, chart(2), wells(2, 0))
    assert len(table.rows) == len(persistences(whole))
    rows = sorted(table.rows, key=lambda row: row["persistence"])
    for row, persistence in zip(rows, persistences(whole), strict=True):
        assert row["bound_along_path"] - row["birth"] >= persistence - 1e-12
        assert row["bound_along_path"] >= row["death"] - 1e-12


def test_the_tree_of_a_plane_lattice_is_found_from_six_per_cent_of_it():
    sampler, field = Adaptive(resolution=61, budget=223, margin=0.0), wells(2, 11)
    found, _ = search(sampler, chart(2), field)
    whole = truth(sampler, chart(2), field)
    assert len(found.samples.points) <= 0.06 * len(whole.samples.points)
    np.testing.assert_allclose(persistences(found), persistences(whole), atol=sampler.tolerance)


def test_the_tree_of_a_lattice_in_space_is_found_from_a_part_of_it():
    sampler, field = Adaptive(resolution=13, budget=219, tolerance=0.03, margin=0.0), wells(3, 0)
    found, _ = search(sampler, chart(3), field)
    np.testing.assert_allclose(persistences(found), persistences(truth(sampler, chart(3), field)), atol=0.03)
    assert len(found.samples.points) <= 0.1 * 13**3


def test_all_samples_are_different_vertices_of_the_grid_and_the_last_round_brings_edges_between_all():
    sampler, fitted = Adaptive(resolution=(21, 25), budget=60), chart(2)
    found, rounds = search(sampler, fitted, wells(2, 1))
    grid = {tuple(point) for point in Grid(resolution=(21, 25)).ask(fitted, None, RNG).points}
    points = [tuple(point) for point in found.samples.points]
    assert len(set(points)) == len(points) <= 60
    assert set(points) <= grid
    assert rounds > 2
    assert set(found.samples.edges.ravel()) == set(range(len(points)))
    assert len(np.flatnonzero(np.isinf(tree(found).deaths))) == 1


def test_each_round_follows_from_the_samples_alone_so_that_a_search_continues_anywhere():
    sampler, field = Adaptive(resolution=25, budget=60), wells(2, 3)
    found, _ = search(sampler, chart(2), field)
    points = found.samples.points[:40]
    stopped = landscape(Samples(points=points), field(points))
    shifted = landscape(Samples(points=points + 1e-12), field(points))
    following = sampler.ask(chart(2), stopped, np.random.default_rng(1)).points
    assert np.array_equal(following, sampler.ask(chart(2), shifted, np.random.default_rng(2)).points)


def test_samples_that_are_not_finite_are_left_out_and_the_rest_is_searched():
    def field(points):
        return np.where(points.sum(axis=1) > 1.6, np.nan, wells(2, 0)(points))

    sampler = Adaptive(resolution=41, budget=150, margin=0.0)
    found, _ = search(sampler, chart(2), field)
    whole = truth(sampler, chart(2), field)
    np.testing.assert_allclose(persistences(found), persistences(whole), atol=sampler.tolerance)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_map_without_a_finite_value_ends_at_once_and_says_so(value):
    sampler = Adaptive(resolution=9, budget=40)
    found, rounds = search(sampler, chart(2), lambda points: np.full(len(points), value))
    assert rounds == 2
    finding = sampler.explain(chart(2), found)
    assert finding.warnings == ("train_loss is finite at too few samples for any estimate between them.",)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_a_flat_field_and_one_of_any_size_are_searched(scale):
    sampler = Adaptive(resolution=9, budget=40, persistence=0.1 * scale, tolerance=0.02 * scale)
    found, _ = search(sampler, chart(2), lambda points: np.full(len(points), scale))
    assert len(tree(found, 0.1 * scale).pairs) == 1
    found, _ = search(sampler, chart(2), lambda points: scale * wells(2, 0)(points))
    assert len(found.samples.points) <= 40


def test_the_ends_of_the_runs_and_the_centre_of_a_slice_are_measured_first():
    members = tuple(Member(variant=name, step=step) for name in "AB" for step in (2, 1))
    latents = np.array([[0.31, 0.4], [0.0, 0.0], [0.77, 0.2], [1.0, 1.0]])
    sampler = Adaptive(resolution=101, margin=0.0)
    points = sampler.ask(Chart(space=None, latents=latents, members=members), None, RNG).points
    for end in latents[[0, 2]]:
        assert np.abs(points - end).max(axis=1).min() < 1e-9
    centre = np.array([0.3, 0.7])
    sliced = chart(2, centre=centre, extent=np.array([centre - 1, centre + 2]))
    assert (sampler.ask(sliced, None, RNG).points == centre).all(axis=1).any()


@pytest.mark.parametrize(
    ("sampler", "fitted", "message"),
    [
        (
            Adaptive(),
            chart(4),
            "sampler 'adaptive' needs a map of two or three axes, and this one has 4; critical-points searches any",
        ),
        (
            Adaptive(),
            chart(1),
            "sampler 'adaptive' needs a map of two or three axes, and this one has 1; grid samples it whole",
        ),
        (Adaptive(resolution=(9, 9)), chart(3), "resolution names 2 axes, but the map has 3"),
        (
            Adaptive(resolution=4),
            chart(2),
            "resolution must be >= 5 on every axis of an adaptive lattice, got 4",
        ),
        (
            Adaptive(resolution=1001),
            chart(3),
            "an adaptive lattice has at most 3,000,000 vertices, this one 1,003,003,001",
        ),
        (
            Adaptive(resolution=20),
            chart(2, centre=np.zeros(2), extent=np.array([[-1.0, -1.0], [1.0, 1.0]])),
            "resolution = 20 puts no sample on the network around which the slice is made; the nearest odd ones are 19 "
            "and 21",
        ),
    ],
)
def test_maps_that_do_not_fit_are_refused(sampler, fitted, message):
    with pytest.raises(PopulationError, match=f"^{re.escape(message)}$"):
        sampler.ask(fitted, None, RNG)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": 0.1}, "tolerance must be below persistence = 0.1, got 0.1"),
        ({"budget": 5001}, "budget must be <= 5,000: the spline between the samples solves a system"),
        ({"budget": 31}, "'budget' must be >= 32: 31"),
    ],
)
def test_options_that_make_no_search_are_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Adaptive(**options)


def test_a_field_that_is_not_measured_is_refused_with_the_near_ones():
    samples = Adaptive(field="trian_loss").ask(chart(2), None, RNG)
    with pytest.raises(
        SpecError, match=r"^sampler 'adaptive': the task measures no 'trian_loss'; did you mean 'train_loss'\?$"
    ):
        Adaptive(field="trian_loss").ask(chart(2), landscape(samples, np.zeros(len(samples.points))), RNG)


def test_the_intervals_hold_the_true_persistences_and_paths_bound_passes_from_above():
    sampler, field = Adaptive(resolution=41, budget=120, margin=0.0), wells(2, 0)
    found, _ = search(sampler, chart(2), field)
    (table,) = sampler.explain(chart(2), found).tables
    rows = sorted(table.rows, key=lambda row: row["persistence"])
    wanted = persistences(truth(sampler, chart(2), field))
    assert len(rows) == len(wanted) > 1
    for row, persistence in zip(rows, wanted, strict=True):
        assert row["persistence_at_least"] <= persistence <= row["persistence_at_most"]
        assert row["bound_along_path"] is None or row["bound_along_path"] >= row["death_at_least"]
        assert row["death"] - row["birth"] == row["persistence"]
        assert 1 <= row["largest_step"] <= 40


def test_the_intervals_name_the_run_that_ends_nearest_to_each_minimum():
    drawn = chart(2, members=tuple(Member(variant=name, step=1) for name in ("low", "high")))
    sampler, field = Adaptive(resolution=41, budget=120, margin=0.0), wells(2, 0)
    found, _ = search(sampler, drawn, field)
    rows = sampler.explain(drawn, found).tables[0].rows
    sides = found.samples.points[[row["minimum"] for row in rows]].sum(axis=1) > 1
    assert [row["nearest_run"] for row in rows] == ["high" if side else "low" for side in sides]
    assert len(rows) > 1


def test_a_search_that_its_budget_ends_says_what_it_does_not_know():
    sampler, field = Adaptive(budget=60, margin=0.0), wells(2, 7)
    found, _ = search(sampler, chart(2), field)
    warnings = " ".join(sampler.explain(chart(2), found).warnings)
    assert "may lie between the samples" in warnings or "known less exactly than the tolerance" in warnings


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_no_basin_above_the_threshold_is_missed_in_twenty_fields(seed):
    sampler, field = Adaptive(budget=394, margin=0.0), wells(2, seed)
    found, _ = search(sampler, chart(2), field)
    np.testing.assert_allclose(persistences(found), persistences(truth(sampler, chart(2), field)), atol=0.02)
