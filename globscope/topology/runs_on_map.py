"""Whether the final networks of two runs share a basin of a map."""

import numpy as np
from attrs import define, field

from globscope.topology.membership import OFF_SLICE, PATH, depiction, last_networks
from globscope.values.findings import Map

SHARE = "share"
"""What a map's merge tree says of two runs that share a basin."""
# Its other answers; after the last, which of the runs the map does not show.
SEPARATE, UNJOINED, HIDDEN = "separate", "no path", "not on this map: "
BY_DESIGN = (OFF_SLICE, PATH)
"""Reasons why slices and paths do not show a network: they show only those that they are made for."""


@define(frozen=True, kw_only=True)
class RunsOnMap:
    """The places of the runs' final networks on a map.

    Attributes:
        name: Name of the map.
        variants: Names of the runs.
        basins: (variants,) minimum in whose basin each final network lies; −1 where the map does not show it.
        reasons: Reasons why the map does not show the final networks; empty where it does.
        gaps: (variants,) |true − decoded| of the tree's field.
        parts: (variants,) component of the tree in which each basin lies: no sampled path joins two of them.
    """

    name: str
    variants: tuple[str, ...]
    basins: np.ndarray = field(eq=False, repr=False)
    reasons: tuple[str, ...]
    gaps: np.ndarray = field(eq=False, repr=False)
    parts: np.ndarray = field(eq=False, repr=False)

    @classmethod
    def on_map(cls, map_: Map) -> "RunsOnMap | None":
        """Return the runs on a map's first merge tree; None where there is none."""
        landscape, topology = map_.landscape, map_.topology
        if landscape is None or topology is None:
            return None
        membership_, ends = (
            last_networks(map_, landscape, topology),
            depiction(map_, topology.field, map_.population.finals),
        )
        part_of = dict(zip(topology.tree.pairs[:, 0].tolist(), topology.tree.parts.tolist(), strict=True))
        return cls(
            name=map_.name,
            variants=map_.population.variants,
            basins=membership_.basins,
            reasons=membership_.reasons,
            gaps=ends.gaps,
            parts=np.array([part_of.get(basin, -1) for basin in membership_.basins.tolist()], int),
        )

    def joins(self, a: int, b: int) -> bool:
        """Return whether the map shows the final networks of both runs, and a path between them."""
        return bool(min(self.basins[a], self.basins[b]) >= 0 and self.parts[a] == self.parts[b])

    def relation(self, a: int, b: int) -> str:
        """Return whether two runs share a basin, whether no path joins them, or which the map does not show."""
        absent = [self.variants[run] for run in (a, b) if self.basins[run] < 0]
        if absent:
            return HIDDEN + ", ".join(absent)
        if not self.joins(a, b):
            return UNJOINED
        return SHARE if self.basins[a] == self.basins[b] else SEPARATE

    def gap(self, a: int, b: int) -> float:
        """Return the larger loss gap of two runs."""
        return float(max(self.gaps[a], self.gaps[b]))
