"""Join, split and contour trees of a landscape's field."""

from collections.abc import Mapping
from typing import get_args

import numpy as np

from globscope.errors import GlobscopeError, near
from globscope.topology.adjacency import edge_ends
from globscope.topology.augmented_trees import contour_arcs, join_parents, split_parents
from globscope.topology.branch_decomposition import BranchDecomposition
from globscope.topology.critical_arcs import critical_arcs
from globscope.topology.elder_rule import ElderPairs
from globscope.topology.passes import tree_neighbours
from globscope.topology.prune import Pruning
from globscope.topology.tree import sweep_order
from globscope.values.landscape import Landscape
from globscope.values.level_set_tree import END, JOIN_SADDLE, MAXIMUM, SPLIT_SADDLE, LevelSetTree, TreeKind
from globscope.values.topology import MINIMUM, MULTI_SADDLE, Topology


def level_set_tree(
    landscape: Landscape, topology: Topology, kind: TreeKind, persistence: float | None = None
) -> LevelSetTree:
    """Return the join, split or contour tree of the field of a merge tree, over the same samples and neighbours.

    All three have one order of the samples, by (value, number), which the split tree goes through from high to low. The
    join tree is the merge tree of the topology.

    On samples whose neighbours leave holes (scattered ones, or a lattice of which samples are left out), level sets may
    part and meet again around a hole. A contour tree does not show that: it is the one tree that has this join tree
    and this split tree.

    Source: Carr, Snoeyink, Axen, "Computing contour trees in all dimensions", Comput. Geom. 24, 2003.

    Args:
        landscape: Landscape of the samples.
        topology: A merge tree of it.
        kind: `join`, `split` or `contour`.
        persistence: Extrema of at most this persistence are removed, in the field's unit; the topology's threshold if
            unset, and none is removed below 0.

    Raises:
        GlobscopeError: There is no such kind.
    """
    if kind not in get_args(TreeKind):
        raise GlobscopeError(f"there is no tree of kind {kind!r}; {near(kind, get_args(TreeKind))}")
    values = np.asarray(landscape.fields[topology.field], float)
    swept = sweep_order(values, topology.full.basin >= 0)
    low, high = edge_ends(tree_neighbours(landscape.samples, swept, topology))
    nodes, arcs, arc = critical_arcs(len(swept), all_arcs(kind, len(swept), low, high))
    whole = np.full(len(values), -1)
    whole[swept] = arc
    lasting = _persistences(kind, values[swept], low, high)[nodes]
    about = {"nodes": swept[nodes], "values": values[swept[nodes]], "persistences": lasting}
    tree = _tree(kind, about, arcs, whole)
    return prune_tree(tree, topology.threshold if persistence is None else persistence)


def all_arcs(kind: TreeKind, count: int, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the arcs of a tree of every vertex of a sweep, lower end first.

    Args:
        kind: Which tree.
        count: Number m of vertices, numbered by their place in the sweep.
        low: (e,) lower ends of the edges between them.
        high: (e,) higher ends.
    """
    numbers = np.arange(count)
    joins = join_parents(count, low, high) if kind != "split" else numbers
    splits = split_parents(count, low, high) if kind != "join" else numbers
    if kind == "contour":
        return contour_arcs(joins, splits)
    arcs = np.stack([numbers, joins] if kind == "join" else [splits, numbers], axis=1)
    chosen: np.ndarray = arcs[(arcs >= 0).all(axis=1)]
    return chosen


def prune_tree(tree: LevelSetTree, persistence: float) -> LevelSetTree:
    """Return a tree without the extrema of at most this persistence; itself if that is negative."""
    if persistence < 0:
        return tree
    cut = Pruning.of(tree).simplify(persistence)
    left = cut.remaining_arcs()
    ends = np.array([(low, high) for low, high, _ in left], int).reshape(-1, 2)
    rows = np.union1d(ends, np.setdiff1d(np.arange(len(tree.nodes)), tree.arcs)).astype(int)
    number = {arc: row for row, (_, _, arc) in enumerate(left)}
    home = np.array([*(number[cut.heir(arc)] for arc in range(len(tree.arcs))), -1])
    kept = {name: getattr(tree, name)[rows] for name in ("nodes", "values", "persistences")}
    return _tree(tree.kind, kept, np.searchsorted(rows, ends), home[tree.arc])


def persistence_pairs(tree: LevelSetTree) -> tuple[np.ndarray, np.ndarray]:
    """Return the (p, 2) rows of a join or split tree's nodes where a component appears and where it ends.

    Also the (p,) mask of those that never end, whose second row is the end of their part of the tree. The longest stand
    first.
    """
    found = BranchDecomposition.of(tree)
    pairs = np.array([(branch.leaf, branch.saddle) for branch in found.branches], int).reshape(-1, 2)
    longest = np.argsort([-branch.height for branch in found.branches], kind="stable")
    ends = np.sort(pairs, axis=1)[:, :: 1 if tree.kind == "join" else -1]
    return ends[longest], (np.array(found.parents, int) < 0)[longest]


def _persistences(kind: TreeKind, values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the (m,) persistences of the minima and maxima of a sweep that are leaves of a tree; NaN elsewhere."""
    lasting = np.full(len(values), np.nan)
    if kind != "split":
        below = ElderPairs.of(len(values), low, high)
        lasting[below.minima] = np.inf
        lasting[below.younger] = below.persistences(values)
    if kind != "join":
        above, falling = ElderPairs.from_above(len(values), low, high), values[::-1]
        lasting[::-1][above.minima] = np.inf
        lasting[::-1][above.younger] = above.persistences(-falling)
    return lasting


def _tree(kind: TreeKind, nodes: Mapping[str, np.ndarray], arcs: np.ndarray, arc: np.ndarray) -> LevelSetTree:
    """Return a tree of `nodes`, with their `values` and `persistences`, and of the arcs between them."""
    kinds = _kinds(kind, *(np.bincount(arcs[:, end], minlength=len(nodes["nodes"])) for end in (1, 0)))
    return LevelSetTree(kind=kind, kinds=kinds, arcs=arcs, arc=arc, **nodes)


def _kinds(kind: TreeKind, below: np.ndarray, above: np.ndarray) -> tuple[str, ...]:
    """Return what each node is, from how many arcs lie below and above it."""
    if kind == "contour":
        cases = [below == 0, above == 0, (below == 2) & (above == 1), (below == 1) & (above == 2)]
        names = [MINIMUM, MAXIMUM, JOIN_SADDLE, SPLIT_SADDLE]
    else:
        meeting, leaf, saddle = (below, MINIMUM, JOIN_SADDLE) if kind == "join" else (above, MAXIMUM, SPLIT_SADDLE)
        cases, names = [meeting == 0, meeting == 1, meeting == 2], [leaf, END, saddle]
    return tuple(np.select(cases, names, MULTI_SADDLE).tolist())
