"""A landscape profile as a drawing: basins side by side, as wide as they hold samples."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap

from globscope.report.labels import name_points
from globscope.report.look import FAINT, INK, MINIMUM, SADDLE
from globscope.report.ruler import tick_log
from globscope.report.scale import Scale
from globscope.report.text import cut, number
from globscope.report.tracks import Legend, Track
from globscope.topology.outline import Outline
from globscope.values import topology as kinds

# Blues of equal steps of OKLab lightness, 0.27 to 0.92. Not the landscapes' colours: a basin's is the mean of its
# samples, which is not the loss of the height at which it is seen.
BLUES = ("#082256", "#07377a", "#074e9b", "#1468b7", "#3283cb", "#559ed9", "#7cb7e5", "#a6d0ef", "#cfe9f9")
BLUE = LinearSegmentedColormap.from_list("basins", BLUES, 256)
FINE = 1500  # heights that a picture can tell apart
MANY = 1500  # parts, beyond which a vector file would be slow to open
RULER = 0.1  # of all samples


def draw_basins(axes: Axes, drawn: Outline, heights: Scale, colours: Scale) -> Legend:
    """Draw a profile on shared scales of height and colour; return the legend."""
    many = len(drawn.nodes) > MANY
    bodies = PolyCollection([_body(drawn, row, heights) for row in range(len(drawn.nodes))], zorder=1)
    # Thousands of dark rims would hide the colours.
    bodies.set(facecolor=BLUE(colours.norm()(colours.drawable(drawn.means))), rasterized=many)
    bodies.set(edgecolor="face" if many else INK, linewidth=0.25 if many else 0.5)
    axes.add_collection(bodies, autolim=False)
    _rule(axes, heights)
    _measure(axes, drawn.samples)
    marks = (
        ("saddle, where basins meet", "D", SADDLE, (kinds.SADDLE, kinds.MULTI_SADDLE)),
        ("minimum", "o", MINIMUM, (kinds.MINIMUM,)),
    )
    found = [(name, marker, colour, spots(drawn, heights, *which)) for name, marker, colour, which in marks]
    return {name: _dots(axes, places, marker, colour) for name, marker, colour, places in found if len(places)}


def spots(drawn: Outline, heights: Scale, *which: str) -> np.ndarray:
    """Return the (j, 2) places of the nodes of some kinds."""
    chosen = np.array([kind in which for kind in drawn.kinds], bool)
    places = np.stack([drawn.centres / drawn.samples, heights.drawable(drawn.low)], axis=1)
    found: np.ndarray = places[chosen]
    return found


def name_basins(axes: Axes, drawn: Outline, heights: Scale, home: dict[int, list[Track]]) -> None:
    """Write beside the minima which runs end in their basins."""
    rows = [row for row, node in enumerate(drawn.nodes.tolist()) if home.get(node) and drawn.kinds[row] == "minimum"]
    if rows:
        groups = [home[int(drawn.nodes[row])] for row in rows]
        named = [(_names(group), group[0].colour if len(group) == 1 else INK) for group in groups]
        points = np.stack([drawn.centres[rows] / drawn.samples, heights.drawable(drawn.low[rows])], axis=1)
        name_points(axes, named, points, spots(drawn, heights, kinds.MINIMUM))


def _names(group: Sequence[Track]) -> str:
    return cut(", ".join(track.label for track in group), 26)


def _body(drawn: Outline, row: int, scale: Scale) -> np.ndarray:
    """Return a part's outline as (points, 2): a staircase on both sides, which grows with every sample.

    Steps that fall on the same height of the picture are drawn as one.
    """
    levels, widths = drawn.steps(row)
    levels = scale.drawable(levels)
    fine = np.floor(np.ma.filled(scale.norm()(levels), 0.0) * FINE)
    last = np.append(np.flatnonzero(np.diff(fine)), len(fine) - 1)
    # A component's last part ends where it begins, with all its samples.
    top = drawn.high[row] if np.isfinite(drawn.high[row]) else drawn.low[row]
    rises = np.append(levels[last], scale.drawable(np.array([top])))
    rises[0] = levels[0]
    half = widths[last] / 2
    x, y = np.repeat(half, 2), np.stack([rises[:-1], rises[1:]], axis=1).ravel()
    right, left = np.stack([drawn.centres[row] + x, y]), np.stack([drawn.centres[row] - x, y])
    outline: np.ndarray = np.concatenate([right, left[:, ::-1]], axis=1).T / (drawn.samples, 1)
    return outline


def _dots(axes: Axes, places: np.ndarray, marker: str, colour: str) -> Any:
    size = 5.5 if len(places) <= 40 else 3.2 if len(places) <= 200 else 1.6
    look: dict[str, Any] = {"ls": "", "marker": marker, "mfc": colour, "mec": "white", "mew": size / 7}
    dots = axes.plot(*places.T, ms=size, zorder=3, clip_on=False, **look)[0]
    dots.set_rasterized(len(places) > MANY)
    return dots


def _rule(axes: Axes, scale: Scale) -> None:
    """Set the axes to the shared scale, with room below the lowest minimum."""
    axes.set(xlim=(-0.51, 0.51), xticks=[])
    axes.spines["bottom"].set_visible(False)
    span = np.log(scale.high / scale.low) if scale.log else scale.high - scale.low
    if scale.log:
        axes.set(yscale="log", ylim=(scale.low * np.exp(-0.07 * span), scale.high * np.exp(0.03 * span)))
        tick_log(axes.yaxis, scale.low, scale.high)
    else:
        axes.set_ylim(scale.low - 0.07 * span, scale.high + 0.03 * span)


def _measure(axes: Axes, samples: int) -> None:
    """Draw a ruler below the basins, for places across mean nothing, only widths do."""
    where: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "clip_on": False}
    axes.plot([-0.5, -0.5 + RULER], [-0.025, -0.025], "|-", color=FAINT, lw=1.2, ms=5, **where)
    says = f"{RULER:.0%} of the samples: {number(RULER * samples)}"
    axes.text(-0.5 + 1.15 * RULER, -0.027, says, va="center", fontsize=8.5, color=FAINT, **where)
