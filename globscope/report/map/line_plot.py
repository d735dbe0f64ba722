"""A landscape along one line: over the only latent axis, or along a path across the map."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import evolve
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from globscope.report.map.kinds import is_line
from globscope.report.map.tracks import draw_tracks, not_on_map, tracks
from globscope.report.style.legend import Legend
from globscope.report.style.scale import is_loss, positive
from globscope.report.style.text import plain
from globscope.report.style.theme import INK, MINIMUM
from globscope.report.style.ticks import log_note, tick_log
from globscope.values.findings import Map
from globscope.values.landscape import Landscape, Samples
from globscope.values.topology import MergeTree

# None of them is a run's colour.
FIELDS = (("#236798", "-"), ("#57a5a8", "--"), ("#6b7480", "-."), ("#a9b0b8", ":"))


def walk(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples in order and their places: coordinates on the only axis, or lengths walked on a path."""
    if is_line(samples):
        order = np.argsort(samples.points[:, 0], kind="stable")
        return order, samples.points[order, 0]
    assert samples.index is not None
    order = np.argsort(samples.index[:, 0], kind="stable")
    steps = np.linalg.norm(np.diff(samples.points[order], axis=0), axis=1)
    return order, np.concatenate([[0.0], np.cumsum(steps)])


def draw_profile(axes: Axes, drawn: Map, scape: Landscape, field: str, tree: MergeTree | None) -> Legend:
    """Draw every loss over the samples' places, or the field where none is a loss; return the legend."""
    order, length = walk(scape.samples)
    names = [name for name in scape.fields if is_loss(name)] or [field]
    if all(positive(scape.fields[name]) for name in names):
        axes.set_yscale("log")
    legend = _draw_fields(axes, scape, names, (order, length))
    legend |= _draw_untrusted(axes, length, ~scape.trusted[order])
    legend |= _draw_broken(axes, length, ~np.isfinite(scape.fields[field])[order])
    places = np.empty(len(order))
    places[order] = length
    legend |= _draw_minima(axes, tree, places, scape.fields[field]) if tree else {}
    legend |= (_draw_runs if is_line(scape.samples) else _draw_met)(axes, drawn, scape, field, places)
    _rule(axes, names, one_axis=is_line(scape.samples))
    return legend


def _rule(axes: Axes, names: Sequence[str], *, one_axis: bool) -> None:
    axes.margins(x=0.015)
    axes.set_xlabel("latent 1" if one_axis else "length along the path (latent units)")
    what = "loss, mean per example" if is_loss(names[0]) else plain(names[0])
    axes.set_ylabel(what + log_note(axes))
    if axes.get_yscale() == "log":
        tick_log(axes.yaxis, *axes.get_ylim())


def _draw_fields(axes: Axes, scape: Landscape, names: list[str], way: tuple[np.ndarray, np.ndarray]) -> Legend:
    legend: Legend = {}
    order, length = way
    for k, name in enumerate(names):
        values = np.where(np.isfinite(scape.fields[name]), scape.fields[name], np.nan)[order]
        colour, dash = FIELDS[k % len(FIELDS)]
        legend[plain(name)] = axes.plot(length, values, color=colour, ls=dash, lw=1.8, marker=".", ms=4)[0]
    return legend


def _draw_runs(axes: Axes, drawn: Map, scape: Landscape, field: str, places: np.ndarray) -> Legend:
    """Draw the trajectories over the only axis, at the losses of the decoded members, or else on the line drawn."""
    latents, order = drawn.chart.latents[:, 0], np.argsort(places, kind="stable")
    heights = drawn.decoded.get(field)
    if heights is None:
        heights = np.interp(latents, places[order], scape.fields[field][order])
    lifted = np.column_stack([latents, np.where(np.isfinite(heights), heights, np.nan)])
    on_line = evolve(drawn, chart=evolve(drawn.chart, latents=lifted))
    return draw_tracks(axes, on_line, faint=True, hollow=not_on_map(drawn))


def _draw_met(axes: Axes, drawn: Map, scape: Landscape, field: str, places: np.ndarray) -> Legend:
    """Mark the members that lie on the path's samples."""
    legend: Legend = {}
    for track in tracks(drawn):
        nearest = scape.nearest(track.points)
        # A path leads through its members up to rounding.
        met = nearest[np.isclose(scape.samples.points[nearest], track.points, rtol=1e-9, atol=1e-12).all(axis=1)]
        if len(met):
            look: dict[str, Any] = {"ls": "", "marker": "o", "mfc": "white", "mec": track.colour, "mew": 1.5, "ms": 6}
            legend[f"members of {track.label}"] = axes.plot(places[met], scape.fields[field][met], zorder=3, **look)[0]
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
