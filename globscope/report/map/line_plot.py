"""A landscape along one line: over the only latent axis, or along a path across the map."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import evolve
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from globscope.report.map.axis_labels import axis_labels
from globscope.report.map.draw_trajectories import draw_trajectories
from globscope.report.map.scene import Scene
from globscope.report.map.trajectory import trajectories_of
from globscope.report.map.trust import HATCHED
from globscope.report.style.legend import Legend, log_note, tick_log
from globscope.report.style.marks import draw_marks, mark_names
from globscope.report.style.palette import INK, LINES, UNTRUSTED
from globscope.report.style.scale import positive
from globscope.report.style.text import figure_text
from globscope.values.field import Field
from globscope.values.landscape import Landscape, Samples
from globscope.values.topology import MINIMUM, MergeTree

# None of them is a run's.
FIELDS = tuple(zip(LINES, ("-", "--", "-.", ":"), strict=False))

ALONG = "length along the path (latent units)"


def walk(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples in order and their places: coordinates on the only axis, or lengths walked on a path."""
    if samples.points.shape[1] == 1:
        order = np.argsort(samples.points[:, 0], kind="stable")
        return order, samples.points[order, 0]
    assert samples.index is not None
    order = np.argsort(samples.index[:, 0], kind="stable")
    steps = np.linalg.norm(np.diff(samples.points[order], axis=0), axis=1)
    return order, np.concatenate([[0.0], np.cumsum(steps)])


def draw_line_plot(axes: Axes, scene: Scene) -> Legend:
    """Draw every loss over the samples' places, or the field where none is a loss; return the legend."""
    landscape = scene.landscape
    order, length = walk(landscape.samples)
    fields = [one for one in scene.fields.values() if one.is_loss] or [scene.field]
    if all(positive(landscape.fields[one.key]) for one in fields):
        axes.set_yscale("log")
    legend = _draw_fields(axes, landscape, fields, (order, length))
    legend |= _draw_stretches(axes, length, ~landscape.trusted[order], UNTRUSTED, **HATCHED)
    broken: dict[str, Any] = {"facecolor": "#ffffff", "edgecolor": INK, "hatch": "xxxx"}
    legend |= _draw_stretches(axes, length, ~np.isfinite(scene.values)[order], "NaN or infinite", **broken)
    places = np.empty(len(order))
    places[order] = length
    legend |= _draw_minima(axes, scene, scene.tree.topology.tree, places) if scene.tree else {}
    legend |= (_draw_runs if scene.kind == "line" else _draw_members)(axes, scene, places)
    _set_axes(axes, fields[0], axis_labels(scene.map_)[0] if scene.kind == "line" else ALONG)
    return legend


def _set_axes(axes: Axes, field: Field, across: str) -> None:
    axes.margins(x=0.015)
    axes.set_xlabel(across)
    axes.set_ylabel(
        f"{'loss' if field.is_loss else figure_text(field.name)}{', ' if field.unit else ''}{field.unit}"
        + log_note(axes)
    )
    if axes.get_yscale() == "log":
        tick_log(axes.yaxis, *axes.get_ylim())


def _draw_fields(
    axes: Axes, landscape: Landscape, fields: Sequence[Field], way: tuple[np.ndarray, np.ndarray]
) -> Legend:
    legend: Legend = {}
    order, length = way
    for k, field in enumerate(fields):
        known = landscape.fields[field.key]
        values = np.where(np.isfinite(known), known, np.nan)[order]
        colour, dash = FIELDS[k % len(FIELDS)]
        legend[figure_text(field.name)] = axes.plot(length, values, color=colour, ls=dash, lw=1.8, marker=".", ms=4)[0]
    return legend


def _draw_runs(axes: Axes, scene: Scene, places: np.ndarray) -> Legend:
    """Draw the trajectories over the only axis, at the losses of the decoded members, or else on the line drawn."""
    map_, order = scene.map_, np.argsort(places, kind="stable")
    latents, heights = map_.chart.latents[:, 0], map_.decoded.get(scene.field.key)
    if heights is None:
        heights = np.interp(latents, places[order], scene.values[order])
    lifted = np.column_stack([latents, np.where(np.isfinite(heights), heights, np.nan)])
    on_line = evolve(map_, chart=evolve(map_.chart, latents=lifted))
    return draw_trajectories(
        axes, evolve(scene, map_=on_line, trajectories=trajectories_of(on_line, scene.colours)), faint=True
    )


def _draw_members(axes: Axes, scene: Scene, places: np.ndarray) -> Legend:
    """Mark the members that lie on the path's samples."""
    legend: Legend = {}
    points = scene.landscape.samples.points
    for trajectory in scene.trajectories:
        nearest = scene.landscape.nearest(trajectory.points)
        # A path leads through its members up to rounding.
        met = nearest[np.isclose(points[nearest], trajectory.points, rtol=1e-9, atol=1e-12).all(axis=1)]
        if len(met):
            style: dict[str, Any] = {
                "ls": "",
                "marker": "o",
                "mfc": "white",
                "mec": trajectory.tint,
                "mew": 1.5,
                "ms": 6,
            }
            legend[f"members of {trajectory.label}"] = axes.plot(places[met], scene.values[met], zorder=3, **style)[0]
    return legend


def _draw_stretches(axes: Axes, length: np.ndarray, chosen: np.ndarray, name: str, **style: Any) -> Legend:
    """Fill the chosen samples' stretches of the path, half-way to their neighbours, over the full height."""
    if not chosen.any():
        return {}
    edges = np.concatenate([length[:1], (length[1:] + length[:-1]) / 2, length[-1:]])
    spans = [(float(edges[i]), float(edges[i + 1] - edges[i])) for i in np.flatnonzero(chosen)]
    style = {"lw": 0, **style}
    axes.broken_barh(spans, (0, 1), transform=axes.get_xaxis_transform(), zorder=0.5, **style)
    return {name: Patch(**style)}


def _draw_minima(axes: Axes, scene: Scene, tree: MergeTree, places: np.ndarray) -> Legend:
    minima = np.stack([places[tree.minima], scene.values[tree.minima]], axis=1)
    return draw_marks(axes, {MINIMUM: minima}, mark_names(scene.field))
