"""The analysis `dimension`: passes between runs on maps, paths beside them, and what relabelled runs tell."""

from itertools import permutations

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from scipy.stats import spearmanr
from support.maps import CENTRES, a_map as bare_map, a_scatter, atlas_of

from globscope.builtin.analyses.dimension.analysis import Dimension
from globscope.builtin.analyses.dimension.known_paths import KnownPaths
from globscope.builtin.analyses.dimension.run_passes import merge_persistences, run_passes
from globscope.builtin.analyses.dimension.significance import correlation_table
from globscope.builtin.analyses.dimension.tables import pair_table
from globscope.builtin.analyses.dimension.warnings import warnings
from globscope.builtin.analyses.mantel import correlate, relabellings
from globscope.testing import tiny_atlas, tiny_bench
from globscope.values.field import Field
from globscope.values.landscape import Samples

LOSS = Field.of("train_loss")
PAIRS = 3


def a_map(**options):
    """A map of members that differ, all of which it restores."""
    made = bare_map(**options)
    members, places = made.population.members, np.random.default_rng(0).normal(size=made.coordinates.shape)
    return evolve(made, chart=evolve(made.chart, members=members), coordinates=places, reconstruction=places)


def on_map(passes, name="one", kind="one", shown=True, axes=2):
    """What a map says whose passes are given; if not `shown`, it decodes another network than C's."""
    drawn = evolve(a_map(name=name, d=axes), kind=kind)
    return evolve(run_passes(drawn), passes=np.array(passes, float), ends=np.array([0, 0, 0 if shown else 9.0]))


def known(straight=(1, 1, 1), curves=(0.1, 0.1, 0.1), distances=(3, 4, 5)):
    return KnownPaths(straight=np.array(straight), curves=np.array(curves), distances=np.array(distances, float))


# Passes.


def minimax(points, edges, values, start, end):
    """The height of the lowest path, by letting more and more samples in."""
    for height in np.sort(values):
        joined, grown = {start}, True
        while grown:
            more = {b for edge in edges for a, b in (edge, edge[::-1]) if a in joined and values[b] <= height}
            grown = not more <= joined
            joined |= more
        if values[start] <= height and end in joined:
            return height
    return np.inf


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_a_pass_is_the_lowest_path_over_the_samples_of_a_graph(seed):
    rng = np.random.default_rng(seed)
    points = np.concatenate([CENTRES, rng.uniform(-1, 1, (9, 2))])
    edges = np.array([pair for pair in np.argwhere(rng.random((12, 12)) < 0.25) if pair[0] != pair[1]]).reshape(-1, 2)
    values = rng.permutation(12) + rng.random()
    drawn = a_map(samples=Samples(points=points, edges=edges), values=values, threshold=0.0)
    found = run_passes(evolve(drawn, truth={"train_loss": np.zeros(12)}))
    pairs = [tuple(edge) for edge in edges.tolist()]
    assert found.pairs.tolist() == [minimax(points, pairs, values, a, b) for a, b in ((0, 1), (0, 2), (1, 2))]


def test_no_pass_is_below_the_networks_themselves():
    drawn = a_map()
    own = np.full(len(drawn.population.members), 0.0)
    own[drawn.population.finals[0]] = 9.0
    found = run_passes(evolve(drawn, truth={"train_loss": own}))
    assert found.passes[0].tolist() == [9.0, 9.0, 9.0]
    assert found.passes[1, 2] < 9


def test_a_pass_between_samples_beside_the_networks_joins_other_networks():
    beside = np.add(CENTRES, [[0.0, 0.0], [0.0, 0.0], [0.0, 1e-3]])
    samples = Samples(points=beside, edges=np.array([[0, 1], [1, 2]]))
    found = run_passes(a_map(samples=samples, values=np.array([0.1, 0.2, 0.3]), threshold=0.0))
    np.testing.assert_allclose(found.pairs, [0.2, 0.3, 0.3])
    np.testing.assert_array_equal(np.isnan(found.certain_pairs), [False, True, True])


def test_a_map_without_a_landscape_says_nothing():
    assert run_passes(a_scatter("flat", "no way back")) is None


def test_a_network_on_no_finite_sample_has_no_pass():
    drawn = a_map()
    values = drawn.landscape.fields["train_loss"].copy()
    values[drawn.landscape.nearest(drawn.chart.latents[drawn.population.finals[:1]])] = np.nan
    found = run_passes(a_map(values=values))
    assert np.isnan(found.passes[0]).all()
    assert found.persistences.tolist() == [found.passes[1, 2] - max(found.passes[1, 1], found.passes[2, 2])]


def test_a_run_beside_a_slice_has_no_pass():
    drawn, extent = a_map(), np.array([[-0.7, -0.6], [0.7, 0.0]])  # C lies above it
    found = run_passes(evolve(drawn, chart=evolve(drawn.chart, extent=extent)))
    assert np.isnan(found.passes[2]).all()
    assert np.isfinite(found.passes[0, 1])
    assert len(found.persistences) == 1


def test_persistences_between_runs_follow_the_elder_rule():
    passes = np.array([[0.0, 1.0, 3.0], [1.0, 0.2, 3.0], [3.0, 3.0, 0.5]])
    assert merge_persistences(passes) == pytest.approx([2.5, 0.8])


def test_runs_that_never_meet_have_no_finite_persistence():
    passes = np.array([[0.0, np.inf], [np.inf, 0.1]])
    assert merge_persistences(passes).tolist() == [np.inf]


# Beside them.


def test_the_lowest_way_is_taken_of_maps_that_decode_both_networks():
    sure, other = on_map(np.full((3, 3), 0.6)), on_map(np.full((3, 3), 0.2), name="two", kind="two", shown=False)
    table = pair_table([sure, other], known(curves=(np.nan,) * 3), "ABC", LOSS)
    assert [(row["one"], row["other"], row["lowest"], row["by"]) for row in table.rows] == [
        ("A", "B", 0.2, "on two"),
        ("A", "C", 0.6, "on one"),
        ("B", "C", 0.6, "on one"),
    ]
    assert [row["on two"] for row in table.rows] == [0.2] * PAIRS
    assert [row["curve"] for row in table.rows] == [None] * PAIRS


def test_maps_whose_passes_lead_from_other_networks_are_named_in_one_warning():
    other = on_map(np.full((3, 3), 0.1), shown=False)
    assert list(warnings([on_map(np.full((3, 3), 0.1)), other])) == [
        "one does not sample the final networks of all runs: passes from there join other networks, and are no paths "
        "between the runs"
    ]
    (text,) = warnings([other, on_map(np.full((3, 3), 0.1), name="two", shown=False)])
    assert text.startswith("one, two do not sample")


def test_a_run_that_a_slice_leaves_out_is_no_network_that_it_misses():
    left_out = np.full((3, 3), 0.1)
    left_out[2] = left_out[:, 2] = np.nan
    assert list(warnings([on_map(left_out, shown=False)])) == []


# Significance.


def symmetric(rng, n):
    matrix = rng.random((n, n))
    return matrix + matrix.T


def test_the_correlation_is_spearmans_and_p_counts_relabelled_runs():
    rng = np.random.default_rng(0)
    one, two = symmetric(rng, 5), symmetric(rng, 5)
    pairs, orders = np.triu_indices(5, 1), relabellings(5, 10_000, rng)
    found = correlate(one, two, None, orders)
    wanted = [spearmanr(one[np.ix_(order, order)][pairs], two[pairs])[0] for order in permutations(range(5))]
    assert found.correlation == pytest.approx(wanted[0])
    assert found.p == pytest.approx(np.mean(np.array(wanted) >= wanted[0] - 1e-9))
    assert found.partial is None


def test_the_partial_correlation_is_that_of_the_ranks_left_over():
    rng = np.random.default_rng(1)
    one, two, fixed = (symmetric(rng, 6) for _ in range(3))
    found = correlate(one, two, fixed, relabellings(6, 100, rng))
    pairs = np.triu_indices(6, 1)
    (ab, ac), bc = (
        (spearmanr(one[pairs], other[pairs])[0] for other in (two, fixed)),
        spearmanr(two[pairs], fixed[pairs])[0],
    )
    assert found.partial == pytest.approx((ab - ac * bc) / np.sqrt((1 - ac**2) * (1 - bc**2)))
    assert 1 / 100 <= found.p_partial <= 1


def test_a_relabelling_that_leaves_nothing_beside_the_fixed_figure_counts_against_the_map():
    rng = np.random.default_rng(3)
    one, two = symmetric(rng, 5), symmetric(rng, 5)
    order = np.array([1, 2, 3, 4, 0])
    fixed = one[np.ix_(order, order)]  # so one relabelling of five is ordered exactly as what is held fixed
    found = correlate(one, two, fixed, relabellings(5, 120, rng))
    pairs = np.triu_indices(5, 1)
    wanted = []
    for moved in (one[np.ix_(order, order)] for order in permutations(range(5))):
        ab, ac, bc = (spearmanr(x[pairs], y[pairs])[0] for x, y in ((moved, two), (moved, fixed), (two, fixed)))
        wanted.append(np.inf if ac > 1 - 1e-9 else (ab - ac * bc) / np.sqrt((1 - ac**2) * (1 - bc**2)))
    assert np.isinf(wanted).sum() == 1
    assert found.partial == pytest.approx(wanted[0])
    assert found.p_partial == pytest.approx(np.mean(np.array(wanted) >= wanted[0] - 1e-9))


def test_figures_that_are_ordered_as_the_fixed_one_have_no_partial_correlation():
    rng = np.random.default_rng(0)
    for runs in (3, 5):
        one, other = symmetric(rng, runs), symmetric(rng, runs)
        for first, second in ((one, other), (other, one)):
            found = correlate(first, second, 2 * one, relabellings(runs, 120, rng))
            assert (found.partial, found.p_partial) == (None, None)
            assert found.correlation is not None


def test_p_values_of_unrelated_figures_are_uniform():
    """Pairs that share a run depend on each other: here the figures are sums of figures of the runs."""
    rng = np.random.default_rng(2)
    orders = relabellings(6, 720, rng)
    p = []
    for _ in range(200):
        one, two = (np.add.outer(x, x) for x in rng.normal(size=(2, 6)))
        p.append(correlate(one, two, None, orders).p)
    # A binomial share of 200 around 0.05 lies below 0.1 with a probability of more than 99.9 %.
    assert np.mean(np.array(p) <= 0.05) < 0.1


def test_few_runs_are_relabelled_in_all_ways_and_many_are_drawn_with_the_given_order_first():
    rng = np.random.default_rng(0)
    assert len({tuple(order) for order in relabellings(5, 120, rng)}) == 120
    drawn = relabellings(8, 500, rng)
    assert len(drawn) == 500
    assert drawn[0].tolist() == list(range(8))
    assert relabellings(5, 120, rng)[0].tolist() == list(range(5))


def test_equal_or_unknown_passes_have_no_correlation():
    rng = np.random.default_rng(0)
    orders, some = relabellings(4, 100, rng), symmetric(rng, 4)
    unknown = np.where(np.eye(4, k=1) + np.eye(4, k=-1), np.nan, some)
    for figures in (np.ones((4, 4)), unknown):
        assert correlate(figures, some, some, orders).correlation is None


def test_every_map_is_compared_with_the_one_of_most_axes_with_curves_and_with_distances():
    low, high = (
        on_map(symmetric(np.random.default_rng(0), 3)),
        on_map(symmetric(np.random.default_rng(1), 3), "big", axes=3),
    )
    paths = known(curves=(0.1, 0.2, 0.3))
    table = correlation_table([low, high], paths, 100, np.random.default_rng(0))
    assert [(row["name"], row["with"]) for row in table.rows] == [
        ("distance", "big"),
        ("distance", "curves"),
        ("one", "big"),
        ("one", "curves"),
        ("one", "distance"),
        ("big", "curves"),
        ("big", "distance"),
    ]
    assert table.rows[1]["correlation"] == pytest.approx(1)
    assert table.rows[1]["p"] == pytest.approx(1 / 6)
    assert "all 6 relabellings" in table.caption


# The whole.


@pytest.fixture(scope="module")
def finding():
    return Dimension(points=5, epochs=1, batch_size=24).analyse(tiny_atlas(), tiny_bench(), np.random.default_rng(0))


def test_maps_of_one_table_make_one_line_of_the_picture():
    maps = [evolve(a_map(name=f"flat {n}", d=n), kind="flat") for n in (2, 3)]
    plot = _plot(maps)
    (line, threshold) = plot.panels[0].series
    assert (line.label, line.x, threshold.label) == ("flat", (2, 3), "threshold")
    assert threshold.y == (0.1, 0.1)


def _plot(maps):
    from globscope.builtin.analyses.dimension.pictures import persistence_plot

    return persistence_plot([run_passes(one) for one in maps], LOSS)


def test_tables_are_of_charts_pairs_passes_and_correlations(finding):
    assert [table.name for table in finding.tables] == ["charts", "pairs", "passes", "correlations"]
    charts, pairs, passes, _ = (table.rows for table in finding.tables)
    assert [row["name"] for row in charts] == ["linear", "barren"]
    assert len(pairs) == PAIRS
    assert len(passes) == 2 * PAIRS
    assert all(row["curve"] is not None for row in pairs)


def test_straight_lines_hold_their_ends(finding):
    atlas = tiny_atlas()
    own = dict(zip(atlas.population.variants, atlas.truth["train_loss"][atlas.population.finals], strict=True))
    for row in finding.tables[1].rows:
        assert row["straight"] >= max(own[row["one"]], own[row["other"]])


def test_without_curves_none_is_trained():
    found = Dimension(points=5, curves=False).analyse(tiny_atlas(), tiny_bench(), np.random.default_rng(0))
    assert [row["curve"] for row in found.tables[1].rows] == [None] * PAIRS


def test_a_tree_of_a_field_of_which_higher_is_better_has_no_walls():
    atlas = tiny_atlas()
    upside_down = evolve(atlas, fields={**atlas.fields, "train_loss": evolve(LOSS, higher_is_better=True)})
    found = Dimension(curves=False).analyse(upside_down, tiny_bench(), np.random.default_rng(0))
    assert (found.tables, found.paths) == ((), ())
    assert "so its passes are no walls" in found.warnings[0]


def test_an_atlas_without_landscapes_has_no_finding():
    scatter = atlas_of(a_scatter("flat", "no way back"))
    assert Dimension().analyse(scatter, tiny_bench(), np.random.default_rng(0)).tables == ()
