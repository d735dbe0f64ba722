"""The numbers of extrema and their persistences of a field on a graph, without its tree."""

import numpy as np
from attrs import define

from globscope.topology.elder_rule import ElderPairs


@define(frozen=True, kw_only=True)
class TreeFigures:
    """Figures of a join tree, or of a split tree if the field was negated.

    Attributes:
        leaves: Number of leaves.
        lasting: Number of leaves whose persistence is above the threshold, with those that never die.
        largest: Largest persistence of a pair that dies; 0 where none does.
        total: Sum of the persistences of the pairs that die.
    """

    leaves: int
    lasting: int
    largest: float
    total: float

    @classmethod
    def of(cls, values: np.ndarray, edges: np.ndarray, threshold: float) -> "TreeFigures":
        """Return the figures of (n,) finite values on a graph with (m, 2) edges."""
        order = np.argsort(values, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        ends = np.sort(place[edges], axis=1)
        ends = ends[np.argsort(ends[:, 1], kind="stable")]
        pairs = ElderPairs.of(len(order), *ends.T)
        heights = pairs.persistences(values[order])
        return cls(
            leaves=len(pairs.minima),
            lasting=pairs.lasting_count(values[order], threshold),
            largest=float(heights.max(initial=0.0)),
            total=float(heights.sum()),
        )
