"""What of a map is seen: its landscape or its members, and as much beyond as the trails need."""

import numpy as np
from attrs import define, field

from globscope.report.map.kinds import kind
from globscope.values.findings import Map
from globscope.values.landscape import Landscape

# How far the view may reach beyond the landscape on each side, and the room around a point there; in its own widths.
REACH, ROOM = 0.75, 0.03


@define(frozen=True, kw_only=True)
class View:
    """The part of a map that is seen.

    Attributes:
        ground: (d, 2) ends of what the map itself shows along each axis.
        seen: (d, 2) ends of what is seen.
        outside: How many of the trails' points lie outside of that.
    """

    ground: np.ndarray = field(eq=False, repr=False)
    seen: np.ndarray = field(eq=False, repr=False)
    outside: int

    @classmethod
    def of(cls, drawn: Map, scape: Landscape | None, points: np.ndarray) -> "View":
        """Return the view that takes in (n, d) points, but for those that lie very far out."""
        own, known = ground(drawn, scape), points[np.isfinite(points).all(axis=1)]
        width = np.ptp(own, axis=1)
        near = known[((known >= own[:, 0] - REACH * width) & (known <= own[:, 1] + REACH * width)).all(axis=1)]
        low, high = (near.min(axis=0), near.max(axis=0)) if len(near) else own.T
        room = ROOM * width
        seen = np.stack(
            [
                np.where(low < own[:, 0], low - room, own[:, 0]),
                np.where(high > own[:, 1], high + room, own[:, 1]),
            ],
            axis=1,
        )
        return cls(ground=own, seen=seen, outside=len(known) - len(near))

    @property
    def enlarged(self) -> bool:
        """Whether more is seen than the map itself shows."""
        return not np.array_equal(self.ground, self.seen)


def landscape_below(drawn: Map, field: str) -> Landscape | None:
    """Return the first landscape that spans the map's axes, so that points have a place on it."""
    found = (scape for scape in drawn.landscapes.values() if kind(scape, field) in ("line", "surface", "slices"))
    return next(found, None)


def ground(drawn: Map, scape: Landscape | None) -> np.ndarray:
    """Return (d, 2) ends along each axis: the lattice's, or else of all samples and members with room around them."""
    if scape is not None and scape.samples.index is not None:
        return _ends(scape.samples.points, 0.015 if drawn.chart.dimension == 1 else 0.0)
    latents = drawn.chart.latents[np.isfinite(drawn.chart.latents).all(axis=1)]
    return _ends(latents if scape is None else np.concatenate([latents, scape.samples.points]), 0.12)


def _ends(points: np.ndarray, room: float) -> np.ndarray:
    low, high = (points.min(axis=0), points.max(axis=0)) if len(points) else np.zeros((2, points.shape[1]))
    # Members at one place still need a width.
    around = np.where(high > low, room * (high - low), 0.5)
    return np.stack([low - around, high + around], axis=1)
