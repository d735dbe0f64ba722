"""The analysis `tree-significance`, and its random fields."""

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from support.landscapes import landscape_of
from support.maps import a_map, atlas_of, grid

from globscope.api import TreeFigures, level_set_tree, permute, randomise_phases, tree_edges
from globscope.builtin.analyses.tree_significance import TreeSignificance, compare
from globscope.builtin.topology import Gudhi
from globscope.testing import tiny_bench

LEVELS = st.sampled_from([0.0, 0.25, 0.5, 0.5, 1.0, 2.0, np.nan])


def rows_of(map_, seed=0, **options):
    finding = TreeSignificance(**options).analyse(atlas_of(map_), tiny_bench(), np.random.default_rng(seed))
    return finding, {(row["tree"], row["null"], row["figure"]): row for row in finding.table("significance").rows}


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    values=st.sampled_from([(7,), (4, 5), (3, 3, 3)]).flatmap(lambda shape: arrays(float, shape, elements=LEVELS)),
    threshold=st.sampled_from([0.0, 0.25]),
)
def test_figures_without_a_tree_are_those_of_the_trees(values, threshold):
    landscape = landscape_of(values)
    topology = Gudhi(persistence=threshold).compute(landscape)
    held = np.isfinite(landscape.fields["train_loss"])
    number = np.cumsum(held) - 1
    edges, field = number[tree_edges(landscape, topology)], landscape.fields["train_loss"][held]
    found, full = TreeFigures.of(field, edges, threshold), topology.full
    ends = full.persistences[np.isfinite(full.persistences)]
    assert (found.leaves, found.lasting) == (len(full.minima), len(topology.tree.minima))
    assert (found.largest, found.total) == pytest.approx((ends.max(initial=0), ends.sum()))
    # Ties are in the same order in both trees: only without any are the leaves those of the negated field.
    if len(set(field.tolist())) == len(field):
        split = level_set_tree(landscape, topology, "split", -1)
        assert TreeFigures.of(-field, edges, threshold).leaves == len(split.maxima)


def test_p_values_count_the_observed_field_among_the_random_ones():
    found = compare(3.0, np.array([1.0, 3.0, 5.0, 7.0]))
    assert (found["p_fewer"], found["p_more"]) == ((2 + 1) / 5, (3 + 1) / 5)
    assert compare(0.0, np.arange(1.0, 100))["p_fewer"] == 1 / 100


def test_a_permuted_field_has_the_same_values_in_another_order():
    values = np.arange(50.0)
    drawn = permute(values, np.random.default_rng(0))
    assert sorted(drawn) == sorted(values)
    assert not np.array_equal(drawn, values)


def test_a_field_with_random_phases_has_the_same_values_and_is_as_smooth():
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(*2 * [np.linspace(0, 4 * np.pi, 40)], indexing="ij")
    field = np.exp(np.sin(x) * np.cos(y + 0.3))
    drawn = [randomise_phases(field, rng) for _ in range(20)]
    assert all(np.array_equal(np.sort(each, axis=None), np.sort(field, axis=None)) for each in drawn)
    own = roughness(field)
    # The mean of twenty; a permuted field is five times as rough.
    assert np.mean([roughness(each) for each in drawn]) == pytest.approx(own, rel=0.25)
    assert roughness(rng.permutation(field.ravel()).reshape(field.shape)) > 3 * own
    assert np.abs(np.corrcoef([each.ravel() for each in drawn])[0, 1:]).max() < 0.8


def roughness(field):
    return np.mean([np.abs(np.diff(field, axis=axis)).mean() for axis in (0, 1)])


def test_a_smooth_field_has_fewer_minima_than_its_values_in_random_order():
    _, rows = rows_of(a_map(), draws=39, nulls=("permuted",))
    assert rows["join", "permuted", "leaves"]["p_fewer"] == 1 / 40
    assert rows["join", "permuted", "leaves"]["p_more"] == 1.0
    assert rows["join", "permuted", "leaves"]["observed"] == 3


def test_white_noise_is_like_its_own_permutations():
    noise = np.random.default_rng(1).normal(size=121)
    _, rows = rows_of(a_map(values=noise), draws=99)
    assert min(min(row["p_fewer"], row["p_more"]) for row in rows.values()) > 0.02


def test_one_seed_gives_one_table_and_another_a_different_one():
    one, again, other = (rows_of(a_map(), seed, draws=9)[1] for seed in (0, 0, 1))
    assert one == again
    assert one != other


def test_a_lattice_with_holes_has_no_random_phases_and_says_so():
    values = a_map().landscapes["grid"].fields["train_loss"].copy()
    values[7] = np.nan
    finding, rows = rows_of(a_map(values=values), draws=9)
    assert {null for _, null, _ in rows} == {"permuted"}
    assert finding.warnings == (
        "on one: not every place of a lattice has a finite sample, so there is no field with random phases",
    )


def test_the_order_in_which_a_lattice_is_listed_changes_no_figure_of_the_field():
    samples = grid()
    order = np.random.default_rng(0).permutation(len(samples.points))
    shuffled = evolve(samples, points=samples.points[order], index=samples.index[order])
    one, other = (rows_of(a_map(samples=each), draws=3)[1] for each in (samples, shuffled))
    assert [row["observed"] for row in one.values()] == pytest.approx([row["observed"] for row in other.values()])
