"""A landscape profile as a drawing: basins side by side, as wide as they hold samples."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.path import Path

from globscope.report.map.trajectory import Trajectory
from globscope.report.style.labels import name_points
from globscope.report.style.legend import Legend, tick_log
from globscope.report.style.marks import LEVELS, draw_marks, mark_names
from globscope.report.style.palette import FAINT, INK
from globscope.report.style.scale import Scale
from globscope.report.style.text import shorten
from globscope.report.style.theme import in_points
from globscope.topology.outline import Outline
from globscope.values import topology as kinds
from globscope.values.number import number

FINE = 800  # heights that a picture can tell apart
BANDS = 256  # of colour
MANY = 15_000  # points, beyond which a vector file would be slow to open
RULER = 0.1  # of all samples
RIM = "#5b6672"

# Room for the names below the lowest minimum, as a share of the heights.
ROOM = 0.12


def draw_basins(axes: Axes, outline: Outline, heights: Scale, colours: Scale, *, ruler: bool = True) -> Legend:
    """Draw a profile on shared scales of height and colour, with a ruler of width; return the legend.

    The colour of a height is that of its loss on the maps.
    """
    bodies = _bodies(outline, heights)
    # Rims lie below the colours and so show at the outer edge alone, where a basin of one sample would be lost.
    style: dict[str, Any] = {"rasterized": sum(map(len, bodies)) > MANY}
    axes.add_collection(PolyCollection(bodies, fc="none", ec=RIM, lw=1.2, zorder=1, **style), autolim=False)
    _rule(axes, heights)
    _colour(axes, bodies, heights, colours)
    if ruler:
        _measure(axes, outline.samples)
    return draw_marks(axes, {kind: spots(outline, heights, kind) for kind in LEVELS}, mark_names(heights.field))


def _colour(axes: Axes, bodies: Sequence[np.ndarray], heights: Scale, colours: Scale) -> None:
    """Fill the basins with bands of colour, each that of its height."""
    if not bodies:
        return
    edges = heights.levels(BANDS + 1)
    values = colours.drawable((edges[:-1] + edges[1:]) / 2)[:, None]
    shown: dict[str, Any] = {"norm": colours.norm(), "cmap": colours.colour_map}
    bands = axes.pcolormesh([-0.5, 0.5], edges, values, rasterized=True, zorder=1.1, **shown)
    outlines = (Path(np.concatenate([body, body[:1]]), closed=True) for body in bodies)
    bands.set_clip_path(Path.make_compound_path(*outlines), axes.transData)


def spots(outline: Outline, heights: Scale, *which: str) -> np.ndarray:
    """Return the (j, 2) places of the nodes of some kinds: minima at their basin's tip, saddles where basins touch."""
    chosen = np.array([kind in which for kind in outline.kinds], bool)
    places = np.stack([outline.meetings / outline.samples, heights.drawable(outline.low)], axis=1)
    spots: np.ndarray = places[chosen]
    return spots


def name_basins(axes: Axes, outline: Outline, heights: Scale, runs: Mapping[int, Sequence[Trajectory]]) -> None:
    """Write below the minima which runs end in their basins: beside one, a name would be read as its neighbour's."""
    rows = [
        row for row, node in enumerate(outline.nodes.tolist()) if runs.get(node) and outline.kinds[row] == "minimum"
    ]
    if rows:
        groups = [runs[int(outline.nodes[row])] for row in rows]
        named = [(_names(group), group[0].colour if len(group) == 1 else INK) for group in groups]
        points = np.stack([outline.centres[rows] / outline.samples, heights.drawable(outline.low[rows])], axis=1)
        name_points(axes, named, points, spots(outline, heights, kinds.MINIMUM), direction=-np.pi / 2)


def _names(group: Sequence[Trajectory]) -> str:
    return shorten(", ".join(trajectory.label for trajectory in group), 26)


def _bodies(outline: Outline, scale: Scale) -> list[np.ndarray]:
    """Return each part's outline as (points, 2): a staircase on both sides, which grows with every sample."""
    kept, owner = _visible(outline, scale)
    first = np.append(True, np.diff(owner) > 0)
    half = (outline.below[owner] + kept - outline.starts[owner] + 1) / 2
    # A component's last part ends where it begins, with all its samples.
    tops = np.where(np.isfinite(outline.high), outline.high, outline.low)
    lower = scale.drawable(np.where(first, outline.low[owner], outline.heights[kept]))
    upper = np.where(np.append(first[1:], True), scale.drawable(tops)[owner], np.append(lower[1:], 0.0))
    y, out = np.stack([lower, upper], axis=1).ravel(), np.repeat(half, 2)
    middle = np.repeat(outline.centres[owner], 2)
    right, left = (np.stack([(middle + side * out) / outline.samples, y], axis=1) for side in (1, -1))
    ends = [*(2 * np.flatnonzero(first)).tolist(), len(y)]
    return [np.concatenate([right[a:b], left[a:b][::-1]]) for a, b in pairwise(ends)]


def _visible(outline: Outline, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps of all parts and their rows; of a part's steps at one height of the picture, the last."""
    owner = np.repeat(np.arange(len(outline.nodes)), np.diff(outline.starts))
    fine = np.floor(np.asarray(scale.norm()(scale.drawable(outline.heights))) * FINE)
    kept = np.flatnonzero(np.append((np.diff(owner) > 0) | (np.diff(fine) > 0), True))
    return kept, owner[kept]


def _rule(axes: Axes, scale: Scale) -> None:
    """Set the axes to the shared scale, with room below the lowest minimum."""
    axes.set(xlim=(-0.51, 0.51), xticks=[])
    axes.spines["bottom"].set_visible(False)
    span = np.log(scale.high / scale.low) if scale.log else scale.high - scale.low
    if scale.log:
        axes.set(yscale="log", ylim=(scale.low * np.exp(-ROOM * span), scale.high * np.exp(0.03 * span)))
        tick_log(axes.yaxis, scale.low, scale.high)
    else:
        axes.set_ylim(scale.low - ROOM * span, scale.high + 0.03 * span)


def _measure(axes: Axes, samples: int) -> None:
    """Draw a ruler below the basins, for places across mean nothing, only widths do."""
    where: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "clip_on": False}
    axes.plot([-0.5, -0.5 + RULER], [-0.025, -0.025], "|-", color=FAINT, lw=1.2, ms=5, **where)
    label = f"{RULER:.0%} of {number(samples)} samples"
    axes.text(-0.5 + 1.15 * RULER, -0.027, label, va="center", fontsize=in_points(8.5), color=FAINT, **where)
