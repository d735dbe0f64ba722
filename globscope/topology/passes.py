"""The lowest passes of a field: paths on the graph of samples whose highest point is as low as possible."""

from typing import Any, cast

import numpy as np
from attrs import define, field

from globscope.topology.adjacency import Adjacency, Neighbours, edge_ends, neighbours
from globscope.topology.tree import sweep_order
from globscope.values.edge_graph import edge_graph
from globscope.values.landscape import Landscape, Samples
from globscope.values.topology import MergeTree, Topology


@define(frozen=True)
class Passes:
    """A graph's minimum spanning tree, in which every path is a lowest path.

    An edge weighs as much as its higher end. The path between two vertices in a minimum spanning tree has the lowest
    possible maximum, and so has each of its parts (Hu, "The maximum capacity route problem", Operations Research 9,
    1961): it follows the valleys' floors up to the saddle at which the merge tree joins the two. Vertices are numbered
    by their place in the sweep, so that a later one is a higher one and there are no ties.

    Attributes:
        spanning: (m, m) sparse matrix of the spanning tree's edges.
    """

    spanning: Any = field(eq=False, repr=False)

    @classmethod
    def of(cls, neighbours: Neighbours) -> "Passes":
        """Return the passes of a graph whose vertices are numbered in the order of the sweep."""
        from scipy.sparse.csgraph import minimum_spanning_tree

        count = len(neighbours)
        low, high = edge_ends(neighbours)
        # Among edges that end at one height, the one that starts lowest weighs least; a weight of 0 would be no edge.
        weights = high.astype(float) * count + low + 1
        return cls(minimum_spanning_tree(edge_graph(weights, (low, high), count)))

    def paths(self, start: int, ends: np.ndarray) -> list[np.ndarray]:
        """Return the lowest path from a vertex to each of several, as (m,) vertices with both ends; empty if none."""
        from scipy.sparse.csgraph import breadth_first_order

        _, before = breadth_first_order(self.spanning, start, directed=False)
        return [_path(before, start, int(end)) for end in ends]

    def highest(self, start: int) -> np.ndarray:
        """Return the (m,) highest vertex on the lowest path from a vertex to each, ends included; m if there is none.

        The maxima along all paths are found at once, over stretches that double until they reach the start.
        """
        from scipy.sparse.csgraph import breadth_first_order

        count = self.spanning.shape[0]
        _, before = breadth_first_order(self.spanning, start, directed=False)
        highest = np.arange(count)
        reached = (before >= 0) | (highest == start)
        above = np.where(before >= 0, before, highest)
        while not np.array_equal(farther := above[above], above):
            highest, above = np.maximum(highest, highest[above]), farther
        highest = np.maximum(highest, highest[above])
        return np.where(reached, highest, count)


def tree_neighbours(samples: Samples, swept: np.ndarray, topology: Topology) -> Neighbours:
    """Return the neighbours of each of the (s,) swept samples by a tree's rule; by `auto` if its method has none."""
    rule = cast("Adjacency", topology.adjacency) if topology.adjacency not in ("", "own") else "auto"
    return neighbours(samples, swept, rule, topology.neighbours)


def tree_edges(landscape: Landscape, topology: Topology) -> np.ndarray:
    """Return the (e, 2) numbers of the samples of a merge tree that are neighbours by its rule."""
    swept = sweep_order(np.asarray(landscape.fields[topology.field], float), topology.full.basin >= 0)
    pairs: np.ndarray = swept[np.stack(edge_ends(tree_neighbours(landscape.samples, swept, topology)), axis=1)]
    return pairs


def tree_passes(
    landscape: Landscape, values: np.ndarray, topology: Topology, tree: MergeTree | None = None
) -> list[np.ndarray]:
    """Return, for every basin of a tree that merges, its lowest path to the basin that goes on.

    Each is the numbers of its samples, from minimum to minimum.

    Args:
        landscape: Landscape of the samples.
        values: (n,) values whose tree it is.
        topology: The tree, and which samples are neighbours.
        tree: The tree at another threshold; the topology's own if unset.
    """
    tree = topology.tree if tree is None else tree
    swept = sweep_order(values, tree.basin >= 0)
    place = np.full(len(values), -1)
    place[swept] = np.arange(len(swept))
    passes = Passes.of(tree_neighbours(landscape.samples, swept, topology))
    ends: dict[int, list[int]] = {}
    for minimum, elder in zip(tree.pairs[:, 0].tolist(), tree.pairs[tree.elders, 0].tolist(), strict=True):
        if minimum != elder:
            ends.setdefault(elder, []).append(minimum)
    return [
        swept[path]
        for elder, minima in ends.items()
        for path in passes.paths(int(place[elder]), place[minima])
        if len(path)
    ]


def _path(before: np.ndarray, start: int, end: int) -> np.ndarray:
    """Return the vertices from start to end, given the vertex before each one."""
    if end != start and before[end] < 0:
        return np.empty(0, int)
    path = [end]
    while path[-1] != start:
        path.append(int(before[path[-1]]))
    return np.array(path[::-1])
