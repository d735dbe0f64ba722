"""Marks of a merge tree's minima and saddles, which differ in form and colour and are not cut at the frame."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.transforms import Affine2D

from globscope.report.style.legend import Legend
from globscope.report.style.palette import EDGE, FORMS, outline
from globscope.report.style.theme import in_points
from globscope.values.field import Field
from globscope.values.topology import MINIMUM, MULTI_SADDLE, SADDLE, MergeTree

# Minima first, then saddles: of two at one place, the saddle lies on a pin's tip and leaves its head free. Both lie
# on the runs' stars, which are larger.
LEVELS = {MINIMUM: 6.2, SADDLE: 6.3, MULTI_SADDLE: 6.4}
SIZES = {MINIMUM: 13.0, SADDLE: 8.0, MULTI_SADDLE: 8.0}
NAMES: Mapping[str, str] = MappingProxyType(
    {
        MINIMUM: "minimum (at the tip)",
        SADDLE: "saddle, where basins meet",
        MULTI_SADDLE: "saddle of three or more basins",
    }
)
# What a minimum is of a field of which higher is better: the tree is of the sublevel sets of any field.
LOWEST = "lowest, and worst, sample of a basin (at the tip)"
# Marks of a kind from which they are small, and from which they are very small and pixels in a vector file.
CROWD, HOST = 41, 201


def critical_points(tree: MergeTree, points: np.ndarray) -> dict[str, np.ndarray]:
    """Return the (k, d) places of a merge tree's minima, saddles and multi-saddles, by kind; `points` are samples'."""
    kinds = np.array(tree.kinds, str)
    return {kind: points[tree.nodes[kinds == kind]] for kind in LEVELS}


def mark_names(field: Field) -> Mapping[str, str]:
    """Return what the marks are called in a picture of a field."""
    return {**NAMES, MINIMUM: LOWEST} if field.higher_is_better else NAMES


def draw_marks(axes: Any, places: Mapping[str, np.ndarray], names: Mapping[str, str] = NAMES) -> Legend:
    """Mark places, (k, 2) or in space (k, 3), by kind; return the legend."""
    legend: Legend = {}
    for kind, points in places.items():
        if len(points):
            style = mark_style(kind)
            size = 1.0 if len(points) < CROWD else 0.6 if len(points) < HOST else 0.35
            changed = {"ms": size * style["ms"], "mew": 0.9 * size, "rasterized": len(points) >= 10 * HOST}
            turns = turns_inwards(axes, points, changed["ms"]) if kind == MINIMUM else np.zeros(len(points))
            for turn in np.unique(turns):
                changed["marker"] = MarkerStyle(style["marker"], transform=Affine2D().rotate_deg(turn))
                marks = axes.plot(*points[turns == turn].T, **style | changed, zorder=LEVELS[kind], clip_on=False)[0]
                marks.set_in_layout(False)  # whole on the edge, and the axes keep their size
            legend[names[kind]] = Line2D([], [], **style)
    return legend


def turns_inwards(axes: Any, points: np.ndarray, size: float) -> np.ndarray:
    """Return by how many degrees to turn each pin on its tip, so that its head does not stand outside the frame.

    Pins stand upright where the frame is not known yet, and in space.

    Args:
        axes: Where they are drawn.
        points: (k, 2) places of their tips, or (k, 3) in space.
        size: Of the mark, in points.
    """
    if points.shape[1] != 2 or axes.get_autoscalex_on() or axes.get_autoscaley_on():
        return np.zeros(len(points))
    x, y = (axes.transScale + axes.transLimits).transform(points).T
    across, up = size / 2 * axes.figure.dpi / 72 / axes.bbox.size
    side = np.where(x > 1 - across, 1, 0) - np.where(x < across, 1, 0)
    return np.where(y > 1 - up, 180 - 45 * np.abs(side), 45) * np.where(side == 0, y > 1 - up, side)


def mark_style(kind: str) -> dict[str, Any]:
    """Return how a kind of mark is drawn, in matplotlib's words."""
    points, fill = FORMS[kind]
    return {"ls": "", "marker": outline(points), "mfc": fill, "mec": EDGE, "mew": 0.9, "ms": in_points(SIZES[kind])}
