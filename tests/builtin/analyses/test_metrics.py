"""Figures of merge trees and distances between them, by their definitions."""

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from scipy.optimize import linear_sum_assignment

from globscope.api import bottleneck, diagram, smad, value_range, wasserstein
from globscope.builtin.analyses.topology_metrics import TopologyMetrics
from globscope.builtin.topology import Gudhi
from globscope.testing import tiny_atlas, tiny_bench
from globscope.testing.tiny.landscapes import bowls, bowls_tree, path, swept_topology, two_components

FIELDS = st.lists(st.floats(0, 10, width=16), min_size=1, max_size=30).map(np.array)
# Sums of a few doubles below 10.
ROUNDING = 1e-9
# What a square root makes of a sum that is off by rounding.
ROOT = 1e-6


def tree(*values):
    return swept_topology(path(np.array(values, float)), threshold=0.0).full


def test_smad_is_the_mean_height_of_the_arcs_from_a_minimum_to_a_saddle():
    # Minima 0, 1 and 2, saddles 3 and 5: the arcs are 0–3, 1–3 and 2–5, while the pairs are (1, 3) and (2, 5).
    found = tree(0, 3, 1, 5, 2)
    assert smad(found) == pytest.approx((3 + 2 + 3) / 3, abs=ROUNDING)
    assert found.average_persistence == pytest.approx((2 + 3) / 2, abs=ROUNDING)


def test_smad_relative_is_over_the_range_and_weighted_by_the_share_of_samples():
    found = tree(0, 3, 1, 5, 2)
    assert value_range(found) == 5
    assert smad(found, relative=True) == pytest.approx(8 / 15, abs=ROUNDING)
    # The basins hold the samples of 0, 3 and 5, that of 1, and that of 2.
    shares = {0: 3 / 5, 1: 1 / 5, 2: 1 / 5}
    assert smad(found, weighted=True) == pytest.approx(
        (3 * shares[0] + 2 * shares[1] + 3 * shares[2]) / 3, abs=ROUNDING
    )


@pytest.mark.parametrize("values", [(1, 2, 3), (4,), (np.nan, np.inf)])
def test_where_no_branches_meet_smad_is_zero(values):
    assert smad(tree(*values)) == smad(tree(*values), weighted=True, relative=True) == 0


def test_the_diagram_has_no_pair_of_persistence_zero():
    found = diagram(tree(0, 0, 0, 1, 1, 0.5))
    assert found.tolist() == [[0, np.inf], [0.5, 1]]


def test_a_pair_that_the_other_diagram_lacks_costs_half_its_persistence():
    one, other = tree(0, 5, 1), tree(0, 5)
    assert bottleneck(one, other) == pytest.approx(2, abs=ROUNDING)
    assert wasserstein(one, other) == pytest.approx(2, abs=ROUNDING)


def test_the_wasserstein_distance_adds_up_what_the_bottleneck_distance_sees_once():
    one, other = tree(0, 5, 1, 5, 1, 6), tree(0, 6)
    assert bottleneck(one, other) == pytest.approx(2, abs=ROUNDING)
    assert wasserstein(one, other, order=1) == pytest.approx(4, abs=ROUNDING)
    assert wasserstein(one, other, order=2) == pytest.approx(np.sqrt(8), abs=ROUNDING)


def test_pairs_that_never_die_are_compared_by_birth():
    assert bottleneck(tree(0, 5), tree(0.5, 5)) == pytest.approx(0.5, abs=ROUNDING)
    assert wasserstein(tree(0, 5), tree(0.5, 5)) == pytest.approx(0.5, abs=ROUNDING)


def test_landscapes_of_different_numbers_of_components_are_infinitely_far_apart_and_empty_ones_are_equal():
    whole, cut, empty = tree(0, 1, 2), tree(0, np.nan, 2), tree(np.nan)
    assert bottleneck(whole, cut) == wasserstein(whole, cut) == np.inf
    assert bottleneck(whole, empty) == wasserstein(whole, empty) == np.inf
    assert bottleneck(empty, empty) == wasserstein(empty, empty) == 0


@settings(deadline=None, max_examples=50)
@given(FIELDS, st.integers(0, 2**16))
def test_diagrams_are_no_farther_apart_than_the_fields_and_the_distances_agree_with_their_order(values, seed):
    moved = values + np.random.default_rng(seed).uniform(-0.5, 0.5, len(values))
    one, other = tree(*values), tree(*moved)
    far = bottleneck(one, other)
    assert far <= np.abs(values - moved).max() + ROUNDING
    assert far == pytest.approx(bottleneck(other, one), abs=ROUNDING)
    assert bottleneck(one, one) == 0
    # A larger order never gives a larger distance.
    first, second = wasserstein(one, other, order=1), wasserstein(one, other, order=2)
    assert far <= second * (1 + ROUNDING) + ROOT
    assert second <= first * (1 + ROUNDING) + ROOT


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 3), max_size=14), st.lists(st.integers(0, 3), max_size=14), st.sampled_from([1, 2, 5]))
def test_the_distances_are_those_of_the_best_of_all_matchings(first, second, order):
    one, other = tree(0, *first), tree(0, *second)
    mine, its = (diagram(found)[1:] for found in (one, other))  # the first never dies, and is born at 0 in both
    costs = np.zeros((len(mine) + len(its),) * 2)
    costs[: len(mine), : len(its)] = np.abs(mine[:, None] - its).max(axis=2, initial=0)
    costs[: len(mine), len(its) :] = (mine[:, 1:] - mine[:, :1]) / 2
    costs[len(mine) :, : len(its)] = (its[:, 1] - its[:, 0]) / 2
    powers = costs**order
    best = powers[linear_sum_assignment(powers)].sum() ** (1 / order)
    assert wasserstein(one, other, order=order) == pytest.approx(best, abs=ROOT)
    possible = [c for c in np.unique([0, *costs.ravel()]) if not (costs > c)[linear_sum_assignment(costs > c)].any()]
    assert bottleneck(one, other) == pytest.approx(possible[0], abs=ROUNDING)


@settings(deadline=None, max_examples=50)
@given(FIELDS)
def test_the_kits_own_sweep_agrees_with_gudhi(values):
    one, other = swept_topology(path(values)).full, Gudhi().compute(path(values)).full
    assert one.pairs.tolist() == other.pairs.tolist()
    assert one.elders.tolist() == other.elders.tolist()
    assert one.basin.tolist() == other.basin.tolist()
    assert one.arcs.tolist() == other.arcs.tolist()


def analysed(atlas, **options):
    found = TopologyMetrics(**options).analyse(atlas, tiny_bench(), np.random.default_rng(0))
    return found, {table.name: table.rows for table in found.tables}


def test_the_tables_tell_figures_basins_and_who_merges_into_whom():
    found, tables = analysed(tiny_atlas())
    figures, empty = tables["metrics"]  # of `linear` and `barren`; `scatter` has no landscape
    assert (figures["minima"], figures["saddles"], figures["components"]) == (2, 1, 1)
    assert figures["average_persistence"] == 0.75
    assert figures["smad"] == pytest.approx((1 + 0.75) / 2, abs=ROUNDING)
    assert (empty["minima"], empty["smad"], empty["largest_basin_share"]) == (0, 0, None)
    deep, shallow = tables["basins"]
    assert (deep["dies_at"], deep["merges_into"]) == (None, None)
    assert (shallow["dies_at"], shallow["merges_into"]) == (1.0, deep["minimum"])
    assert deep["samples"] + shallow["samples"] == 81
    assert deep["share"] + shallow["share"] == pytest.approx(1, abs=ROUNDING)
    assert figures["largest_basin_share"] == deep["share"]
    assert shallow["place"] == "(1, 0)"
    assert found.records["linear"]["minima_unsimplified"] >= 2
    assert not {"minima", "saddles", "average_persistence", "smad"} & set(
        found.records["linear"]
    )  # every map has these
    assert "scatter" not in found.records


def test_every_run_is_in_the_basin_of_the_sample_nearest_to_its_end():
    atlas = tiny_atlas()
    _, tables = analysed(atlas)
    one, runs = atlas.maps[0], {}
    for row in one.population.finals:
        distances = np.linalg.norm(one.landscape.samples.points - one.chart.latents[row], axis=1)
        home = int(bowls_tree().basin[distances.argmin()])
        runs.setdefault(home, []).append(one.population.members[row].variant)
    assert {row["minimum"]: row["runs"].split(", ") for row in tables["basins"]} == runs


def test_maps_are_compared_two_by_two_and_without_a_distance_where_components_differ():
    atlas = tiny_atlas()
    linear, scatter, barren = atlas.maps
    higher = bowls()
    higher = evolve(higher, fields={name: values + 0.5 for name, values in higher.fields.items()})
    twin = evolve(linear, name="twin", topologies={"grid": {"gudhi": swept_topology(higher)}})
    _, tables = analysed(evolve(atlas, maps=(linear, scatter, barren, twin)))
    rows = {(row["one"], row["other"]): row for row in tables["distances"]}
    assert set(rows) == {("linear", "barren"), ("linear", "twin"), ("barren", "twin")}
    assert rows["linear", "barren"]["bottleneck"] is None
    assert rows["linear", "twin"]["bottleneck"] == pytest.approx(0.5, abs=ROUNDING)
    # The pair that never dies moves by its birth, the other by birth and death alike.
    assert rows["linear", "twin"]["wasserstein"] == pytest.approx(np.sqrt(0.5), abs=ROUNDING)


def test_a_landscape_in_two_parts_has_two_components():
    atlas = tiny_atlas()
    landscape = two_components()
    cut = evolve(
        atlas.maps[0], landscapes={"grid": landscape}, topologies={"grid": {"gudhi": swept_topology(landscape)}}
    )
    _, tables = analysed(evolve(atlas, maps=(cut,)))
    (figures,) = tables["metrics"]
    assert (figures["components"], figures["saddles"], figures["smad"]) == (2, 0, 0)
    assert [row["merges_into"] for row in tables["basins"]] == [None, None]


def test_a_path_claims_no_run():
    atlas = tiny_atlas()
    landscape = path(np.array([0.0, 3.0, 1.0]))
    walked = evolve(
        atlas.maps[0], landscapes={"path": landscape}, topologies={"path": {"gudhi": swept_topology(landscape)}}
    )
    _, tables = analysed(evolve(atlas, maps=(walked,)))
    assert [row["runs"] for row in tables["basins"]] == ["", ""]
