"""Join, split and contour trees: against TTK's recorded trees, against the definition, and by their own laws."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from support.landscapes import landscape_of
from support.paths import ROOT

from globscope.api import (
    GlobscopeError,
    Landscape,
    Samples,
    edge_ends,
    level_set_tree,
    neighbours,
    persistence_pairs,
    sweep_order,
)
from globscope.builtin.topology import Gudhi
from globscope.topology.branch_decomposition import BranchDecomposition
from globscope.topology.level_sets import all_arcs

RECORDED = ROOT / "tests/data/ttk"
# Few levels, so that plateaus and ties are common, and samples that are not finite.
LEVELS = st.sampled_from([0.0, 0.25, 0.5, 0.5, 1.0, 2.0])
HOLES = st.sampled_from([0.0, 0.25, 0.5, 0.5, 1.0, 2.0, np.nan, np.inf])
SHAPES = st.sampled_from([(7,), (5, 6), (1, 4), (3, 3, 4)])
few = settings(max_examples=20, deadline=None, derandomize=True)


def fields(levels):
    return SHAPES.flatmap(lambda shape: arrays(float, shape, elements=levels))


def graphs():
    """Strategy: a landscape of at most nine samples whose edges are any."""
    ends = st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda pair: pair[0] != pair[1]), max_size=16
    )
    return st.tuples(arrays(float, 9, elements=HOLES), ends).map(lambda drawn: graph(*drawn))


def graph(values, edges) -> Landscape:
    found = landscape_of(values, points=np.arange(len(values))[:, None])
    samples = Samples(points=found.samples.points, edges=np.array(edges, int).reshape(-1, 2))
    return Landscape(
        samples=samples, fields=found.fields, distance_to_member=found.distance_to_member, trusted=found.trusted
    )


def tree(landscape, kind, persistence=-1.0):
    return level_set_tree(landscape, Gudhi(persistence=0.0).compute(landscape), kind, persistence)


def swept(landscape):
    """Return how many samples are finite, and the ends of their edges by place in the sweep."""
    order = sweep_order(landscape.fields["train_loss"], np.isfinite(landscape.fields["train_loss"]))
    return len(order), *edge_ends(neighbours(landscape.samples, order))


def components(count, low, high):
    return connected_components(coo_array((np.ones(len(low)), (low, high)), shape=(count, count)), directed=False)[1]


def level_sets(count, low, high):
    """Return the components of every sublevel and superlevel set of a graph; −1 for vertices outside."""
    for level in range(count):
        for inside in (np.arange(count) <= level, np.arange(count) >= level):
            kept = inside[low] & inside[high]
            yield np.where(inside, components(count, low[kept], high[kept]), -1).tolist()


# --- TTK -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["grid2d_wells", "grid2d_ties"])
def test_ttk_finds_the_same_split_tree(name):
    recorded = np.load(RECORDED / f"{name}.npz")
    found = tree(landscape_of(recorded["values"]), "split")
    # TTK's arcs run from the leaf down to the root.
    assert sorted(map(tuple, found.nodes[found.arcs[:, ::-1]].tolist())) == sorted(map(tuple, recorded["split_arcs"]))
    kinds = {0: "end", 2: "split saddle", 3: "maximum", 4: "multi-saddle"}
    known = dict(zip(recorded["split_nodes"].tolist(), recorded["split_types"].tolist(), strict=True))
    assert list(found.kinds) == [kinds[known[node]] for node in found.nodes.tolist()]


@pytest.mark.parametrize("name", ["grid2d_wells", "grid2d_ties", "grid3d_ties"])
def test_ttk_finds_the_same_contour_tree(name):
    recorded = np.load(RECORDED / f"{name}.npz")
    found = tree(landscape_of(recorded["values"]), "contour")
    assert sorted(map(tuple, found.nodes[found.arcs].tolist())) == sorted(map(tuple, recorded["contour_arcs"].tolist()))


# --- The definition ------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None, derandomize=True)
@given(landscape=st.one_of(graphs(), fields(HOLES).map(landscape_of)))
def test_a_contour_tree_has_the_sublevel_and_superlevel_components_of_the_graph(landscape):
    count, low, high = swept(landscape)
    arcs = all_arcs("contour", count, low, high)
    assert len(arcs) == count - len(set(components(count, low, high)))
    assert list(level_sets(count, *arcs.T)) == list(level_sets(count, low, high))


@few
@given(values=fields(LEVELS))
def test_a_contour_tree_has_an_arc_for_each_piece_of_every_level_set(values):
    """Between two values, an edge crosses the level; crossing edges of one triangle are on one piece."""
    count, low, high = swept(landscape_of(values))
    arcs, edges = all_arcs("contour", count, low, high), list(zip(low.tolist(), high.tolist(), strict=True))
    number = {edge: row for row, edge in enumerate(edges)}
    around = {vertex: {a + b - vertex for a, b in edges if vertex in (a, b)} for vertex in range(count)}
    pairs = [
        [number[tuple(sorted(side))] for side in combinations((a, b, c), 2)]
        for a, b in edges
        for c in around[a] & around[b]
    ]
    triangles = np.array(pairs, int).reshape(-1, 3)
    for level in range(count - 1):
        crossing = (low <= level) & (high > level)
        joined = np.concatenate([triangles[:, list(two)] for two in combinations(range(3), 2)])
        joined = joined[crossing[joined].all(axis=1)]
        pieces = len(set(components(len(edges), *joined.T)[crossing]))
        assert pieces == ((arcs[:, 0] <= level) & (arcs[:, 1] > level)).sum()


@few
@given(landscape=st.one_of(graphs(), fields(HOLES).map(landscape_of)), persistence=st.sampled_from([-1.0, 0.0, 0.25]))
def test_a_join_tree_is_the_merge_tree(landscape, persistence):
    known = Gudhi(persistence=max(persistence, 0.0)).compute(landscape)
    known = known.full if persistence < 0 else known.tree
    found = tree(landscape, "join", persistence)
    assert np.array_equal(found.nodes, known.nodes)
    assert sorted(found.arcs.tolist()) == sorted(known.arcs.tolist())


@few
@given(landscape=st.one_of(graphs(), fields(HOLES).map(landscape_of)), persistence=st.sampled_from([-1.0, 0.0, 0.25]))
def test_a_split_tree_is_the_join_tree_of_the_negated_field_in_reverse(landscape, persistence):
    values = landscape.fields["train_loss"]
    # Listed in reverse, equal values stand in reverse too.
    turned = Landscape(
        samples=reversed_samples(landscape.samples),
        fields={"train_loss": -values[::-1]},
        distance_to_member=landscape.distance_to_member,
        trusted=landscape.trusted,
    )
    split, join = tree(landscape, "split", persistence), tree(turned, "join", persistence)
    last = len(values) - 1
    assert sorted(split.nodes[split.arcs].tolist()) == sorted((last - join.nodes[join.arcs[:, ::-1]]).tolist())


def reversed_samples(samples):
    last = len(samples.points) - 1
    edges = None if samples.edges is None else last - samples.edges
    index = None if samples.index is None else samples.index[::-1]
    return Samples(points=samples.points[::-1], index=index, shape=samples.shape, edges=edges)


# --- Pruning -------------------------------------------------------------------------------------


@few
@given(landscape=st.one_of(graphs(), fields(HOLES).map(landscape_of)), persistence=st.sampled_from([0.0, 0.25, 0.5]))
def test_a_simplified_contour_tree_has_the_leaves_of_the_simplified_join_and_split_trees(landscape, persistence):
    join, split, contour = (tree(landscape, kind, persistence) for kind in ("join", "split", "contour"))
    # A component of one sample is a minimum in one tree and a maximum in the other.
    alone = set(join.minima) & set(split.maxima)
    assert set(contour.minima) == set(join.minima)
    assert set(contour.maxima) == set(split.maxima) - alone
    assert len(contour.nodes) - len(contour.arcs) == len(join.nodes) - len(join.arcs)
    assert (contour.arcs[:, 0] < contour.arcs[:, 1]).all()


@few
@given(landscape=st.one_of(graphs(), fields(HOLES).map(landscape_of)), kind=st.sampled_from(["join", "split"]))
def test_leaves_of_join_and_split_trees_are_as_persistent_as_their_branches_are_high(landscape, kind):
    found = tree(landscape, kind)
    pairs, never = persistence_pairs(found)
    heights = np.abs(np.diff(found.values[pairs], axis=1).ravel())
    np.testing.assert_array_equal(found.persistences[pairs[:, 0]], np.where(never, np.inf, heights))


@few
@given(values=fields(HOLES))
def test_the_branches_of_a_tree_have_all_its_leaves_once(values):
    found = tree(landscape_of(values), "contour")
    branches = BranchDecomposition.of(found).branches
    leaves = [branch.leaf for branch in branches]
    assert len(set(leaves)) == len(leaves)
    # A minimum of a line has an arc on both sides, so that it is a leaf of none of its branches.
    degrees = np.bincount(found.arcs.ravel(), minlength=len(found.nodes))
    ends = {end for branch in branches for end in (branch.leaf, branch.saddle)}
    assert set(np.flatnonzero(degrees <= 1).tolist()) <= ends


@few
@given(
    values=fields(HOLES), kind=st.sampled_from(["join", "split", "contour"]), persistence=st.sampled_from([-1.0, 0.25])
)
def test_each_sample_lies_on_an_arc_that_spans_its_value_before_simplification(values, kind, persistence):
    landscape = landscape_of(values)
    found, field = tree(landscape, kind, persistence), landscape.fields["train_loss"]
    held = found.arc >= 0
    single = np.isin(np.arange(len(field)), np.setdiff1d(found.nodes, found.nodes[found.arcs]))
    assert np.array_equal(held, np.isfinite(field) & ~single)
    if persistence < 0 and held.any():
        low, high = found.values[found.arcs[found.arc[held]]].T
        assert ((low <= field[held]) & (field[held] <= high)).all()


def test_a_tree_of_an_unknown_kind_is_refused_with_the_kinds_that_exist():
    with pytest.raises(GlobscopeError, match=r"no tree of kind 'contours'; did you mean 'contour'\?"):
        tree(landscape_of([0.0, 1.0]), "contours")


def test_a_ring_of_low_loss_has_its_peak_as_a_branch_of_the_contour_tree_alone():
    """The join tree of a moat has one leaf; that a peak rises within is seen from above."""
    x, y = np.meshgrid(*2 * [np.linspace(-2, 2, 21)], indexing="ij")
    moat = landscape_of((np.hypot(x, y) - 1.2) ** 2)
    assert len(tree(moat, "join", 0.1).minima) == 1
    contour = tree(moat, "contour", 0.1)
    peak = contour.nodes[contour.values < 1.5][np.array(contour.kinds)[contour.values < 1.5] == "maximum"]
    assert peak.tolist() == [10 * 21 + 10]
