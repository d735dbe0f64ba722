"""The lowest paths of a graph of samples, and the pairs of a minimum and the pass at which it meets a lower one."""

from collections.abc import Callable, Iterator

import numpy as np
from attrs import define, field

from globscope.api import Neighbours, Passes


@define(frozen=True, kw_only=True)
class Sweep:
    """A graph's vertices by rising value, with the spanning tree of its lowest paths.

    Attributes:
        values: (n,) values of the vertices.
        order: (n,) vertices by rising value.
        place: (n,) place of each vertex in that order.
        passes: The spanning tree, its vertices numbered by their place.
    """

    values: np.ndarray = field(eq=False, repr=False)
    order: np.ndarray = field(eq=False, repr=False)
    place: np.ndarray = field(eq=False, repr=False)
    passes: Passes = field(repr=False)

    @classmethod
    def of(cls, values: np.ndarray, neighbours: Callable[[np.ndarray], Neighbours]) -> "Sweep":
        """Return the sweep of a graph; `neighbours` are those of the vertices in an order."""
        order = np.argsort(values, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        return cls(values=values, order=order, place=place, passes=Passes.of(neighbours(order)))

    def pairs(self, persistence: float) -> np.ndarray:
        """Return the (p, 3) minima, passes and lower minima that they meet there, of at least this persistence."""
        branches = np.array(list(self._merges()), int).reshape(-1, 3)
        pairs = self.order[branches]
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
        labels = connected_components(self.passes.spanning[:stop, :stop], directed=False)[1]
        joined: np.ndarray = self.order[:stop][labels == labels[start]]
        return joined

    def path(self, start: int, end: int) -> np.ndarray:
        """Return the vertices of the lowest path between two vertices; empty where there is none."""
        (path,) = self.passes.paths(int(self.place[start]), self.place[[end]])
        vertices: np.ndarray = self.order[path]
        return vertices

    def _merges(self) -> Iterator[tuple[int, int, int]]:
        """Yield places of a minimum, of the pass where it meets a lower one, and of that one (the elder rule)."""
        edges = self.passes.spanning.tocoo()
        low, high = np.sort(np.stack([edges.row, edges.col]), axis=0)
        # Only edges between the basins of descent can join minima.
        lowest = np.arange(len(self.order))
        np.minimum.at(lowest, high, low)
        while not np.array_equal(deeper := lowest[lowest], lowest):
            lowest = deeper
        joining = np.flatnonzero(lowest[low] != lowest[high])
        joining = joining[np.argsort(high[joining], kind="stable")]
        merged = dict[int, int]()
        for edge in joining.tolist():
            ends = (_root(merged, int(lowest[low[edge]])), _root(merged, int(lowest[high[edge]])))
            elder, younger = sorted(ends)
            merged[younger] = elder
            yield younger, int(high[edge]), elder


def _root(merged: dict[int, int], minimum: int) -> int:
    """Return the lowest minimum that a minimum has met."""
    while minimum in merged:
        minimum = merged[minimum]
    return minimum
