"""Join, split and contour trees with every vertex of a sweep as a node.

Vertices are numbered by their place in a sweep from low to high, 0 … m − 1, so that there are no ties.
"""

import numpy as np

from globscope.topology.union_find import root
from globscope.values.edge_graph import edge_graph

NONE = -1


def join_parents(count: int, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the vertex at which each vertex' component of the sublevel set grows next; −1 for a component's highest.

    Args:
        count: Number m of vertices.
        low: (e,) lower ends of the edges.
        high: (e,) higher ends.
    """
    low, high = _spanning(count, low, high)
    parents, tops, home = [NONE] * count, list(range(count)), list(range(count))
    for one, other in zip(low.tolist(), high.tolist(), strict=True):
        below, above = root(home, one), root(home, other)
        parents[tops[below]] = other
        home[below], tops[above] = above, other
    return np.array(parents, int)


def split_parents(count: int, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the vertex at which each vertex' component of the superlevel set grows next, from high to low.

    The sweep is exactly the reverse of the one for `join_parents`, which has the arguments; −1 for a component's
    lowest.
    """
    turned = join_parents(count, count - 1 - high, count - 1 - low)[::-1]
    parents: np.ndarray = np.where(turned < 0, NONE, count - 1 - turned)
    return parents


def contour_arcs(joins: np.ndarray, splits: np.ndarray) -> np.ndarray:
    """Return the (m − components, 2) arcs of the contour tree of all vertices, lower end first.

    Leaves of the join or split tree are taken off one after another. A leaf of one tree that has no more than one
    vertex before it in the other has a single arc in the contour tree: the one that the first tree has there.

    Source: Carr, Snoeyink, Axen, "Computing contour trees in all dimensions", Comput. Geom. 24, 2003.

    Args:
        joins: (m,) what `join_parents` returns.
        splits: (m,) what `split_parents` returns for the same edges.
    """
    parents = [joins.tolist(), splits.tolist()]
    before = [np.bincount(rows[rows >= 0], minlength=len(rows)).tolist() for rows in (joins, splits)]
    removed, arcs = [False] * len(joins), list[tuple[int, int]]()
    waiting = [vertex for vertex in range(len(joins)) if before[0][vertex] + before[1][vertex] == 1]
    for vertex in waiting:
        own = int(before[0][vertex] > 0)  # the tree in which it is a leaf: 0 of joins, so a lower leaf
        following = _remaining(parents[own], removed, vertex)
        if removed[vertex] or following == NONE:
            continue
        arcs.append((vertex, following) if own == 0 else (following, vertex))
        removed[vertex] = True
        before[own][following] -= 1
        if before[0][following] + before[1][following] == 1:
            waiting.append(following)
    return np.array(arcs, int).reshape(-1, 2)


def _remaining(parents: list[int], removed: list[bool], vertex: int) -> int:
    """Return the first vertex that follows in a tree and is not yet removed, and shorten the way to it."""
    following = parents[vertex]
    while following != NONE and removed[following]:
        following = parents[following]
    while parents[vertex] != following:
        vertex, parents[vertex] = parents[vertex], following
    return following


def _spanning(count: int, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of a minimum spanning forest in which an edge weighs as its higher end, by rising weight."""
    from scipy.sparse.csgraph import minimum_spanning_tree

    # An edge that is listed twice would weigh twice as much. A weight of 0 would be no edge; no higher end is 0.
    pairs = np.unique(high.astype(np.int64) * count + low)
    high, low = np.divmod(pairs, count) if count else (pairs, pairs)
    forest = minimum_spanning_tree(edge_graph(high.astype(float), (low, high), count)).tocoo()
    order = np.argsort(forest.data, kind="stable")
    ends = np.sort(np.stack([forest.row, forest.col])[:, order], axis=0)
    return ends[0], ends[1]
