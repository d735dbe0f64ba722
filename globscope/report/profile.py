"""A landscape along a path: every loss against the way walked on the map."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from globscope.report.look import INK, MINIMUM, VARIANTS
from globscope.report.scale import is_loss, positive, tick_decades
from globscope.report.text import plain
from globscope.report.tracks import Legend
from globscope.values.landscape import Landscape, Samples
from globscope.values.topology import MergeTree


def is_path(samples: Samples) -> bool:
    """Whether the samples form a lattice of one axis."""
    return samples.shape is not None and len(samples.shape) == 1 and samples.index is not None


def walk(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples in the path's order, and the latent length walked up to each of them."""
    assert samples.index is not None
    order = np.argsort(samples.index[:, 0], kind="stable")
    steps = np.linalg.norm(np.diff(samples.points[order], axis=0), axis=1)
    return order, np.concatenate([[0.0], np.cumsum(steps)])


def draw_profile(axes: Axes, scape: Landscape, field: str, tree: MergeTree | None) -> Legend:
    """Draw every loss along the path, or the field where none is a loss; return the legend."""
    order, length = walk(scape.samples)
    names = [name for name in scape.fields if is_loss(name)] or [field]
    legend = _draw_fields(axes, scape, names, (order, length))
    legend |= _draw_untrusted(axes, length, ~scape.trusted[order])
    legend |= _draw_broken(axes, length, ~np.isfinite(scape.fields[field])[order])
    axes.set(xlabel="length along the path (latent units)", ylabel="loss, mean per example")
    axes.margins(x=0.015)
    places = np.empty(len(order))
    places[order] = length
    return legend | (_draw_minima(axes, tree, places, scape.fields[field]) if tree else {})


def _draw_fields(axes: Axes, scape: Landscape, names: list[str], way: tuple[np.ndarray, np.ndarray]) -> Legend:
    legend: Legend = {}
    order, length = way
    for k, name in enumerate(names):
        values = np.where(np.isfinite(scape.fields[name]), scape.fields[name], np.nan)[order]
        colour = ("#236798", *VARIANTS)[k % (len(VARIANTS) + 1)]
        legend[plain(name)] = axes.plot(length, values, color=colour, lw=1.8, marker=".", ms=4)[0]
    if all(positive(scape.fields[name]) for name in names):
        axes.set_yscale("log")
        tick_decades(axes.yaxis, *axes.get_ylim())
    return legend


def _shade(axes: Axes, length: np.ndarray, chosen: np.ndarray, **look: Any) -> None:
    """Fill each chosen sample's stretch of the path, half-way to its neighbours, over the full height."""
    edges = np.concatenate([length[:1], (length[1:] + length[:-1]) / 2, length[-1:]])
    spans = [(float(edges[i]), float(edges[i + 1] - edges[i])) for i in np.flatnonzero(chosen)]
    axes.broken_barh(spans, (0, 1), transform=axes.get_xaxis_transform(), linewidth=0, zorder=0.5, **look)


def _draw_untrusted(axes: Axes, length: np.ndarray, chosen: np.ndarray) -> Legend:
    if not chosen.any():
        return {}
    _shade(axes, length, chosen, facecolor="#d9dce0")
    return {"untrusted: the map extrapolates": Patch(facecolor="#d9dce0")}


def _draw_broken(axes: Axes, length: np.ndarray, broken: np.ndarray) -> Legend:
    if not broken.any():
        return {}
    look: dict[str, Any] = {"facecolor": "#ffffff", "edgecolor": INK, "hatch": "xxxx"}
    _shade(axes, length, broken, **look)
    return {"NaN or infinite": Patch(linewidth=0, **look)}


def _draw_minima(axes: Axes, tree: MergeTree, places: np.ndarray, values: np.ndarray) -> Legend:
    if not len(tree.minima):
        return {}
    look: dict[str, Any] = {"ls": "", "marker": "o", "mfc": MINIMUM, "mec": "white", "ms": 6}
    axes.plot(places[tree.minima], values[tree.minima], zorder=4, **look)
    return {"minimum of the merge tree": Line2D([], [], **look)}
