"""The part of a map that is shown: its landscape or its members, and as much beyond as the trails need."""

from collections.abc import Sequence

import numpy as np
from attrs import define, field

from globscope.report.map.scene import Scene
from globscope.values.finite import finite_rows

# How far the view may reach beyond the landscape on each side, and the room around a point there; in its ends widths.
REACH, ROOM = 0.75, 0.03


@define(frozen=True, kw_only=True)
class View:
    """The part of a map that is shown.

    Attributes:
        ground: (d, 2) ends along each axis of what the map itself shows.
        shown: (d, 2) ends along each axis of what is shown.
        outside: How many points of the trails lie outside what is shown.
    """

    ground: np.ndarray = field(eq=False, repr=False)
    shown: np.ndarray = field(eq=False, repr=False)
    outside: int

    @classmethod
    def of(cls, scene: Scene, points: np.ndarray) -> "View":
        """Return the view that takes in (n, d) points, but for those that lie very far out."""
        ends, known = ground(scene), points[finite_rows(points)]
        width = np.ptp(ends, axis=1)
        near = known[((known >= ends[:, 0] - REACH * width) & (known <= ends[:, 1] + REACH * width)).all(axis=1)]
        low, high = (near.min(axis=0), near.max(axis=0)) if len(near) else ends.T
        room = ROOM * width
        lower, upper = (low < ends[:, 0]) * room, (high > ends[:, 1]) * room
        shown = np.stack([np.minimum(low - lower, ends[:, 0]), np.maximum(high + upper, ends[:, 1])], axis=1)
        return cls(ground=ends, shown=shown, outside=len(known) - len(near))

    @property
    def is_enlarged(self) -> bool:
        """Whether more is shown than the map itself shows."""
        return not np.array_equal(self.ground, self.shown)


def scene_below(name: str, scenes: Sequence[Scene]) -> Scene:
    """Return a map's first scene whose landscape spans the axes, so that points have a place on it.

    Where there is none, for a path spans no axes, it is that of the members alone.
    """
    scenes = [scene for scene in scenes if scene.map_.name == name]
    spanning = (scene for scene in scenes if scene.kind in ("line", "surface", "slices"))
    return next(spanning, None) or scenes[0].members_alone


def ground(scene: Scene) -> np.ndarray:
    """Return (d, 2) ends along each axis: the lattice's, or else of all samples and members with room around them."""
    landscape, latents = scene.landscape_or_none, scene.map_.chart.latents
    if landscape is not None and landscape.samples.index is not None:
        return _ends(landscape.samples.points, 0.015 if latents.shape[1] == 1 else 0.0)
    known = latents[finite_rows(latents)]
    return _ends(known if landscape is None else np.concatenate([known, landscape.samples.points]), 0.12)


def _ends(points: np.ndarray, room: float) -> np.ndarray:
    low, high = (points.min(axis=0), points.max(axis=0)) if len(points) else np.zeros((2, points.shape[1]))
    # Members at one place still need a width.
    around = np.where(high > low, room * (high - low), 0.5)
    return np.stack([low - around, high + around], axis=1)
