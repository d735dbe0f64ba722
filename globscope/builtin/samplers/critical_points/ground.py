"""What other samplers measured on the same map: the lowest ways on it, along which strings may start."""

import numpy as np
from attrs import define, field

from globscope.api import Landscape, Passes, neighbours, sweep_order


@define(frozen=True, kw_only=True)
class Ground:
    """Samples of another sampler where the field is finite, and the lowest ways along their neighbours.

    Attributes:
        points: (n, d) samples by rising value, in units of the box.
        passes: The lowest ways between them.
    """

    points: np.ndarray = field(eq=False, repr=False)
    passes: Passes

    @classmethod
    def of(cls, landscape: Landscape, name: str, low: np.ndarray, unit: float) -> "Ground":
        """Return what a landscape shows of a field, in units of a box whose lowest corner is `low`, (d,)."""
        values = landscape.fields[name]
        swept = sweep_order(values, np.isfinite(values))
        return cls(
            points=(landscape.samples.points[swept] - low) / unit,
            passes=Passes.of(neighbours(landscape.samples, swept, "auto")),
        )

    def way(self, ends: np.ndarray) -> np.ndarray:
        """Return the (k, d) lowest way between (2, d) ends; the straight one where no neighbours lead there."""
        from scipy.spatial import cKDTree

        if not len(self.points):
            return ends
        first, last = (int(row) for row in cKDTree(self.points).query(ends)[1])
        [along] = self.passes.paths(first, np.array([last]))
        return np.concatenate([ends[:1], self.points[along], ends[1:]])
