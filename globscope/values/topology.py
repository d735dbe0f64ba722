"""The merge tree of a scalar field: minima, saddles, basins."""

from collections.abc import Mapping

import numpy as np
from attrs import define, field as attribute

from globscope.values.arrays import read_only

MINIMUM = "minimum"
"""A leaf of the merge tree, at which a basin begins."""
SADDLE = "saddle"
"""A node at which two basins meet."""
MULTI_SADDLE = "multi-saddle"
"""A node at which three or more basins meet."""
ROOT = "root"
"""The node of the field's largest value, at which every component ends."""


@define(frozen=True, kw_only=True)
class MergeTree:
    """A join tree and its 0-dimensional persistence pairs. A vertex is a sample's number.

    Attributes:
        nodes: (k,) vertex of each node, by rising (value, vertex).
        values: (k,) values of the field at the nodes.
        kinds: (k,) `minimum`, `saddle`, `multi-saddle` (more than two branches meet) or `root`
            (a component's highest vertex, where it is none of the others).
        arcs: (k − components, 2) rows of `nodes` that an arc joins, lower end first.
        pairs: (p, 2) vertices where a branch is born (its minimum) and dies (the saddle where it
            meets a lower one); −1 for a component's lowest minimum, which never dies.
        births: (p,) values of the field where branches are born.
        deaths: (p,) values of the field where branches die; infinite for the essential pairs.
        elders: (p,) row of the pair whose branch continues where this one's dies; its own for an essential pair.
        arc: (n,) arc of each sample: the one that leads up from it, and the last one below for a
            component's highest vertex; −1 where left out, and for a component of one sample.
        basin: (n,) vertex of the minimum whose branch holds the sample; −1 where left out.
    """

    nodes: np.ndarray = attribute(converter=read_only, eq=False, repr=lambda nodes: f"<{len(nodes)}>")
    values: np.ndarray = attribute(converter=read_only, eq=False, repr=False)
    kinds: tuple[str, ...] = attribute(repr=False)
    arcs: np.ndarray = attribute(converter=read_only, eq=False, repr=False)
    pairs: np.ndarray = attribute(converter=read_only, eq=False, repr=False)
    births: np.ndarray = attribute(converter=read_only, eq=False, repr=False)
    deaths: np.ndarray = attribute(converter=read_only, eq=False, repr=False)
    elders: np.ndarray = attribute(converter=read_only, eq=False, repr=False)
    arc: np.ndarray = attribute(converter=read_only, eq=False, repr=False)
    basin: np.ndarray = attribute(converter=read_only, eq=False, repr=False)

    @property
    def minima(self) -> np.ndarray:
        """(n,) vertices of the leaves, by rising value."""
        return self._of(MINIMUM)

    @property
    def saddles(self) -> np.ndarray:
        """(n,) vertices where branches meet, a multi-saddle once."""
        return self._of(SADDLE, MULTI_SADDLE)

    @property
    def persistences(self) -> np.ndarray:
        """(p,) deaths − births; infinite for the essential pairs."""
        lifetimes: np.ndarray = self.deaths - self.births
        return lifetimes

    @property
    def parts(self) -> np.ndarray:
        """(p,) row of the essential pair in whose component each pair lies: no path joins two components."""
        rows = np.array(self.elders)
        while (rows != (higher := self.elders[rows])).any():
            rows = higher
        return rows

    @property
    def basin_sizes(self) -> np.ndarray:
        """(p,) number of samples in the basin of each pair's minimum."""
        counts: np.ndarray = np.bincount(self.basin[self.basin >= 0], minlength=len(self.basin))
        sizes: np.ndarray = counts[self.pairs[:, 0]]
        return sizes

    def minimax(self, first: int, second: int) -> tuple[int, float] | None:
        """Return the lowest pass between two minima: its vertex, and its value.

        No path on the graph of samples between the two stays below it. The pass from a minimum to itself is the
        minimum. None where they lie in components that never meet.

        Raises:
            KeyError: A vertex is not a minimum of this tree.
        """
        rows = {int(vertex): row for row, vertex in enumerate(self.pairs[:, 0])}
        a, b, top = rows[first], rows[second], first
        order = {int(vertex): rank for rank, vertex in enumerate(self.nodes)}
        while a != b:
            # The branch that dies first meets an elder one; one that never dies is last.
            a, b = sorted((a, b), key=lambda row: order.get(int(self.pairs[row, 1]), len(order)))
            top = int(self.pairs[a, 1])
            if top < 0:
                return None
            a = int(self.elders[a])
        return top, float(self.values[order[top]])

    @property
    def average_persistence(self) -> float:
        """Mean of death − birth over the finite pairs; 0 where there is none."""
        finite = self.persistences[np.isfinite(self.persistences)]
        return float(finite.mean()) if len(finite) else 0.0

    def _of(self, *kinds: str) -> np.ndarray:
        chosen: np.ndarray = self.nodes[np.array([kind in kinds for kind in self.kinds], bool)]
        return chosen


@define(frozen=True, kw_only=True)
class Topology:
    """One field's merge tree, simplified and with every pair.

    Attributes:
        field: Name of the landscape's field.
        threshold: Pairs of persistence ≤ this are removed from `tree`; absolute, in the field's unit.
        tree: The simplified tree.
        full: The tree of every pair, including those of zero persistence.
        left_out: How many samples are in neither tree, because they are not finite or masked.
        noise: Standard deviation of the field between draws, in its unit, where scoring a network draws random numbers.
            Filled in by the study.
        adjacency: Which samples are neighbours: `freudenthal` or `full` on a lattice, `own` where the samples bring
            their edges, or `knn`, `mutual-knn`, `delaunay` or `gabriel`; empty where the method has rules of its own.
            Filled in by the study.
        neighbours: Number of nearest samples for `knn` and `mutual-knn`, else None. Filled in by the study.
        leaves_by_neighbours: How many leaves the simplified tree has by each rule that makes samples of a lattice
            neighbours, `freudenthal` and `full`; empty where they form none. Filled in by the study.
    """

    field: str
    threshold: float
    tree: MergeTree
    full: MergeTree = attribute(repr=False)
    left_out: int
    noise: float = 0.0
    adjacency: str = ""
    neighbours: int | None = None
    leaves_by_neighbours: Mapping[str, int] = attribute(factory=dict, eq=False, repr=False)

    @property
    def within_noise(self) -> np.ndarray:
        """(p,) mask of the simplified tree's pairs whose persistence lies below the noise."""
        mask: np.ndarray = self.tree.persistences < self.noise
        return mask
