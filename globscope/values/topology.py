"""The merge tree of a scalar field: minima, saddles, basins."""

import numpy as np
from attrs import define
from attrs import field as attribute

MINIMUM, SADDLE, MULTI_SADDLE, ROOT = "minimum", "saddle", "multi-saddle", "root"


@define(frozen=True, kw_only=True)
class MergeTree:
    """A join tree and its 0-dimensional persistence pairs. A vertex is a sample's number.

    Attributes:
        nodes: (k,) vertex of each node, by rising (value, vertex).
        kinds: (k,) `minimum`, `saddle`, `multi-saddle` (more than two branches meet) or `root`
            (a component's highest vertex, where it is none of the others).
        arcs: (k − components, 2) rows of `nodes`, lower end first.
        pairs: (p, 2) vertices where a branch is born (its minimum) and dies (the saddle where it
            meets a lower one); −1 for a component's lowest minimum, which never dies.
        births: (p,) values.
        deaths: (p,) values; infinite for the essential pairs.
        arc: (n,) arc of each sample: the one that leads up from it, and the last one below for a
            component's highest vertex; −1 where left out, and for a component of one sample.
        basin: (n,) vertex of the minimum whose branch holds the sample; −1 where left out.
    """

    nodes: np.ndarray = attribute(eq=False)
    kinds: tuple[str, ...] = attribute(repr=False)
    arcs: np.ndarray = attribute(eq=False, repr=False)
    pairs: np.ndarray = attribute(eq=False, repr=False)
    births: np.ndarray = attribute(eq=False, repr=False)
    deaths: np.ndarray = attribute(eq=False, repr=False)
    arc: np.ndarray = attribute(eq=False, repr=False)
    basin: np.ndarray = attribute(eq=False, repr=False)

    @property
    def minima(self) -> np.ndarray:
        """Vertices of the leaves, by rising value."""
        return self._of(MINIMUM)

    @property
    def saddles(self) -> np.ndarray:
        """Vertices where branches meet, a multi-saddle once."""
        return self._of(SADDLE, MULTI_SADDLE)

    @property
    def persistences(self) -> np.ndarray:
        """(p,) deaths − births; infinite for the essential pairs."""
        lifetimes: np.ndarray = self.deaths - self.births
        return lifetimes

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
    """One field's merge tree, as it is and simplified.

    Attributes:
        field: Name of the landscape's field.
        threshold: Pairs of persistence ≤ this are removed from `tree`; absolute, in the field's unit.
        tree: The simplified tree.
        full: The tree of every pair, zero persistence included.
        left_out: How many samples are in neither (non-finite, or masked).
    """

    field: str
    threshold: float
    tree: MergeTree
    full: MergeTree = attribute(repr=False)
    left_out: int
