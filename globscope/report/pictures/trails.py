"""Trails on one panel: bright with a dark edge, so that no training run looks like one."""

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.path import Path

from globscope.report.style.series import Style, marker_rows, marker_size
from globscope.report.style.theme import INK, halo

LEVEL = 5.5  # above the map, below the stars and names of the runs' ends
# An arrow from left to right, as a marker.
ARROW = Path([(-1, -0.1), (0.3, -0.1), (0.3, -0.32), (1, 0), (0.3, 0.32), (0.3, 0.1), (-1, 0.1), (-1, -0.1)])
DASH = (0, (3.2, 1.6))


def draw_trail(axes: Axes, points: np.ndarray, look: str, style: Style) -> None:
    """Draw (n, 2) points as a trail looks; NaN leaves a gap."""
    if look == "arrows":
        _draw_arrows(axes, points[::2], points[1::2], style)
        return
    known = np.isfinite(points).all(axis=1)
    rows = np.flatnonzero(known).tolist() if look == "points" else marker_rows(known, style, 0)
    if look != "points":
        dash = DASH if look == "dashed" else "-"
        axes.plot(*points.T, color=style.colour, lw=1.9, ls=dash, path_effects=halo(3.9, INK), zorder=LEVEL)
    axes.plot(*points[rows].T, ls="", **_dots(style, _dot_size(look, len(points))), zorder=LEVEL + 0.1)


def key_of(look: str, style: Style, count: int) -> Artist | tuple[Artist, ...]:
    """Return what stands for a trail in the legend."""
    if look == "arrows":
        return Line2D([], [], ls="", **_dots(style, 20) | {"marker": ARROW})
    dots = Line2D([], [], ls="", **_dots(style, max(_dot_size(look, count), 4)))
    dash = DASH if look == "dashed" else "-"
    line = Line2D([], [], color=style.colour, lw=1.9, ls=dash, path_effects=halo(3.9, INK))
    return dots if look == "points" else (line, dots) if style.repeated else line


def _dots(style: Style, large: float) -> dict[str, Any]:
    return {"marker": style.marker, "mfc": style.colour, "mec": INK, "mew": 0.8 if large > 3 else 0.5, "ms": large}


def _dot_size(look: str, count: int) -> float:
    return marker_size(count) + 0.5 if look == "points" else 4.2


def _draw_arrows(axes: Axes, tails: np.ndarray, heads: np.ndarray, style: Style) -> None:
    whole = np.isfinite(tails).all(axis=1) & np.isfinite(heads).all(axis=1)
    if not whole.any():
        return
    look: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "scale": 1, "units": "inches", "width": 0.026}
    head: dict[str, Any] = {"headwidth": 4.5, "headlength": 5.5, "headaxislength": 5.0}
    edge: dict[str, Any] = {"color": style.colour, "edgecolor": INK, "linewidth": 0.6, "zorder": LEVEL + 0.2}
    x, y = tails[whole].T
    axes.quiver(x, y, *(heads - tails)[whole].T, **look, **head, **edge)
