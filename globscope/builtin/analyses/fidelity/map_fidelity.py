"""The errors of one map in the trained members, and the basins in which runs end on it."""

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
from attrs import define

from globscope.api import Landscape, Map, Topology, finite_or_none, last_networks
from globscope.builtin.analyses.reconstruction import decoding_gaps, reconstruction


@define(frozen=True, kw_only=True, slots=False)
class MapFidelity:
    """One map, and the options by which its fidelity is measured.

    Attributes:
        map_: The map.
        neighbours: Largest number of neighbours for the trustworthiness.
    """

    map_: Map
    neighbours: int

    @cached_property
    def errors(self) -> Mapping[str, float | None]:
        """The squared error per weight of the trained members, and its share of their variance."""
        return reconstruction(self.map_)

    def gap(self, field: str, summary: Callable[[np.ndarray], float]) -> float | None:
        """Return a summary of |true − decoded| over the trained members in the fit."""
        gaps = decoding_gaps(self.map_, field)
        return None if gaps is None else finite_or_none(summary(gaps))

    @property
    def trustworthiness(self) -> float | None:
        """The trustworthiness (Venna & Kaski, 2001); None on a slice, which is exact in its own coordinates."""
        from sklearn.manifold import trustworthiness

        chart = self.map_.chart
        neighbours = min(self.neighbours, (len(chart.latents) - 1) // 2)
        if neighbours < 1 or chart.extent is not None:
            return None
        return finite_or_none(trustworthiness(self.map_.coordinates, chart.latents, n_neighbors=neighbours))

    def on_tree(self, count: Callable[[Landscape, Topology], int]) -> int | None:
        """Return a count on the first sampler's first merge tree; None without one."""
        landscape, topology = self.map_.landscape, self.map_.topology
        return None if landscape is None or topology is None else count(landscape, topology)

    @cached_property
    def basins(self) -> np.ndarray | None:
        """(variants,) minima in whose basins the final networks lie, −1 where the map does not show one."""
        landscape, topology = self.map_.landscape, self.map_.topology
        if landscape is None or topology is None:
            return None
        return last_networks(self.map_, landscape, topology).basins
