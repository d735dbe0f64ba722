"""Trails on one panel: bright with a dark edge, so that no training run looks like one."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.path import Path

from globscope.report.style.palette import EDGE
from globscope.report.style.series import LabelStyle, marker_rows, marker_size
from globscope.report.style.theme import halo
from globscope.values.finite import finite_rows
from globscope.values.pictures import Trail

LEVEL = 5.5  # above the map, below the stars and names of the runs' ends
# An arrow from left to right, as a marker.
ARROW = Path([(-1, -0.1), (0.3, -0.1), (0.3, -0.32), (1, 0), (0.3, 0.32), (0.3, 0.1), (-1, 0.1), (-1, -0.1)])
DASH = (0, (3.2, 1.6))
# Widths in points of the first line's label and of the last: on one track, each is seen beside those above it.
WIDE, NARROW = 4.2, 1.6


def line_widths(trails: Sequence[Trail]) -> dict[str, float]:
    """Return the width of each label that is a line, narrower from one to the next."""
    labels = list(dict.fromkeys(trail.label for trail in trails if trail.style in ("line", "dashed")))
    widths = np.linspace(WIDE, NARROW, len(labels)).tolist() if len(labels) > 1 else [NARROW]
    return dict(zip(labels, widths, strict=False))


def draw_trail(axes: Axes, points: np.ndarray, style: str, label: LabelStyle, width: float = NARROW) -> None:
    """Draw (n, 2) points in a line style; NaN leaves a gap."""
    if style == "arrows":
        _draw_arrows(axes, points[::2], points[1::2], label)
        return
    known = finite_rows(points)
    rows = np.flatnonzero(known).tolist() if style == "points" else marker_rows(known, label, 0)
    if style != "points":
        dash = DASH if style == "dashed" else "-"
        # A narrow line lies above a wide one, so that both are seen where they have one track.
        level = LEVEL + 0.05 * (WIDE - width) / WIDE
        axes.plot(*points.T, color=label.colour, lw=width, ls=dash, path_effects=halo(width + 1.6, EDGE), zorder=level)
    axes.plot(*points[rows].T, ls="", **_dots(label, _dot_size(style, len(points))), zorder=LEVEL + 0.1)


def key_of(style: str, label: LabelStyle, count: int, width: float = NARROW) -> Artist | tuple[Artist, ...]:
    """Return what stands for a trail in the legend."""
    if style == "arrows":
        return Line2D([], [], ls="", **_dots(label, 20) | {"marker": ARROW})
    dots = Line2D([], [], ls="", **_dots(label, max(_dot_size(style, count), 4)))
    dash = DASH if style == "dashed" else "-"
    line = Line2D([], [], color=label.colour, lw=width, ls=dash, path_effects=halo(width + 1.6, EDGE))
    return dots if style == "points" else (line, dots) if label.repeated else line


def _dots(label: LabelStyle, large: float) -> dict[str, Any]:
    return {"marker": label.marker, "mfc": label.colour, "mec": EDGE, "mew": 0.8 if large > 3 else 0.5, "ms": large}


def _dot_size(style: str, count: int) -> float:
    return marker_size(count) + 0.5 if style == "points" else 4.2


def _draw_arrows(axes: Axes, tails: np.ndarray, heads: np.ndarray, label: LabelStyle) -> None:
    whole = finite_rows(tails) & finite_rows(heads)
    if not whole.any():
        return
    shaft: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "inches", "width": 0.026}
    head: dict[str, Any] = {"headwidth": 4.5, "headlength": 5.5, "headaxislength": 5.0}
    edge: dict[str, Any] = {"color": label.colour, "edgecolor": EDGE, "linewidth": 0.6, "zorder": LEVEL + 0.2}
    x, y = tails[whole].T
    axes.quiver(x, y, *(heads - tails)[whole].T, **shaft, **head, **edge)
