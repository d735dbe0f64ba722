"""The lowest paths of a graph of samples, and the pairs of a minimum and the pass at which it meets a lower one."""

from collections.abc import Callable, Iterator

import numpy as np
from attrs import define, field

from globscope.api import Neighbours, edge_ends, edge_graph


@define(frozen=True, kw_only=True)
class Sweep:
    """A graph's vertices by rising value, and where the basins of steepest descent meet.

    Places are numbers in that order. Minima can meet nowhere but where two basins first touch, so that a spanning tree
    of the minima, lowest meetings first, has a lowest path between every two vertices.

    Attributes:
        values: (n,) values of the vertices.
        order: (n,) vertices by rising value.
        place: (n,) place of each vertex.
        down: (n,) place of the lowest neighbour of the vertex at each place; its own where none is lower.
        leaf: (n,) place of the minimum to which descent leads from each place.
        meetings: (k, 2) places of neighbours in two basins, the lower first: the spanning tree, by rising upper place.
    """

    values: np.ndarray = field(eq=False, repr=False)
    order: np.ndarray = field(eq=False, repr=False)
    place: np.ndarray = field(eq=False, repr=False)
    down: np.ndarray = field(eq=False, repr=False)
    leaf: np.ndarray = field(eq=False, repr=False)
    meetings: np.ndarray = field(eq=False, repr=False)

    @classmethod
    def of(cls, values: np.ndarray, neighbours: Callable[[np.ndarray], Neighbours]) -> "Sweep":
        """Return the sweep of a graph; `neighbours` are those of the vertices in an order."""
        order = np.argsort(values, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        low, high = edge_ends(neighbours(order))
        down = np.arange(len(order))
        starts = np.flatnonzero(np.diff(high, prepend=-1))
        if len(starts):
            down[high[starts]] = np.minimum.reduceat(low, starts)
        leaf = down
        while not np.array_equal(deeper := leaf[leaf], leaf):
            leaf = deeper
        meetings = _spanning(low, high, leaf)
        return cls(values=values, order=order, place=place, down=down, leaf=leaf, meetings=meetings)

    def pairs(self, persistence: float) -> np.ndarray:
        """Return the (p, 3) minima, passes and lower minima that they meet there, of at least this persistence."""
        pairs = self.order[np.array(list(self._merges()), int).reshape(-1, 3)]
        with np.errstate(invalid="ignore"):
            persistences = self.values[pairs[:, 1]] - self.values[pairs[:, 0]]
        chosen: np.ndarray = pairs[np.isfinite(persistences) & (persistences >= persistence)]
        return chosen

    def below(self, vertex: int, level: float) -> np.ndarray:
        """Return the vertices that a path below a level joins to a vertex, itself included."""
        from scipy.sparse.csgraph import connected_components

        stop = int(np.searchsorted(self.values[self.order], level))
        start = self.place[vertex]
        if start >= stop:
            return np.array([vertex])
        ends = self.leaf[self.meetings[self.meetings[:, 1] < stop]]
        graph = edge_graph(np.ones(len(ends)), ends.T, stop)
        labels = connected_components(graph, directed=False)[1]
        leaves = self.leaf[:stop]
        joined: np.ndarray = self.order[:stop][labels[leaves] == labels[leaves[start]]]
        return joined

    def path(self, start: int, end: int) -> np.ndarray:
        """Return the vertices of a lowest path between two vertices, ends included. They must be connected."""
        first, last = int(self.place[start]), int(self.place[end])
        places = self._descent(first)
        for here, there in self._crossings(int(self.leaf[first]), int(self.leaf[last])):
            places += self._descent(here)[::-1] + self._descent(there)
        vertices: np.ndarray = self.order[places + self._descent(last)[::-1]]
        return vertices

    def _descent(self, place: int) -> list[int]:
        """Return the places from one to the minimum below it."""
        places = [place]
        while (lower := int(self.down[places[-1]])) != places[-1]:
            places.append(lower)
        return places

    def _crossings(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the two places of each meeting on the way from one minimum to another, in the order of the way."""
        from scipy.sparse.csgraph import breadth_first_order

        ends = self.leaf[self.meetings]
        meeting = {(one, other): row for row, pair in enumerate(ends.tolist()) for one, other in (pair, pair[::-1])}
        graph = edge_graph(np.ones(len(ends)), ends.T, len(self.order))
        before = breadth_first_order(graph, end, directed=False)[1]
        while start != end:
            row = meeting[start, int(before[start])]
            here, there = self.meetings[row][:: 1 if ends[row, 0] == start else -1].tolist()
            yield here, there
            start = int(before[start])

    def _merges(self) -> Iterator[tuple[int, int, int]]:
        """Yield places of a minimum, of the pass where it meets a lower one, and of that one (the elder rule)."""
        merged = dict[int, int]()
        ends = self.leaf[self.meetings].tolist()
        for (one, other), top in zip(ends, self.meetings[:, 1].tolist(), strict=True):
            elder, younger = sorted((_root(merged, one), _root(merged, other)))
            merged[younger] = elder
            yield younger, top, elder


def _root(merged: dict[int, int], minimum: int) -> int:
    """Return the lowest minimum that a minimum has met."""
    while minimum in merged:
        minimum = merged[minimum]
    return minimum


def _spanning(low: np.ndarray, high: np.ndarray, leaf: np.ndarray) -> np.ndarray:
    """Return the meetings of a spanning tree of the minima, from edges by rising upper place."""
    from scipy.sparse.csgraph import minimum_spanning_tree

    apart = leaf[low] != leaf[high]
    low, high = low[apart], high[apart]
    basins = np.sort(np.stack([leaf[low], leaf[high]]), axis=0)
    first = np.sort(np.unique(basins[0] * len(leaf) + basins[1], return_index=True)[1])
    # Distinct weights by rising upper place; a weight of 0 would be no edge.
    graph = edge_graph(np.arange(1.0, len(first) + 1), basins[:, first], len(leaf))
    chosen = first[np.sort(minimum_spanning_tree(graph).data).astype(int) - 1]
    meetings: np.ndarray = np.stack([low[chosen], high[chosen]], axis=1)
    return meetings
