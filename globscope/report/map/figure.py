"""A map as a whole figure, and all maps side by side."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from globscope.report.map.captions import facts, title, topology_of
from globscope.report.map.kinds import Kind, kind
from globscope.report.map.line_plot import draw_profile
from globscope.report.map.slices import draw_slices, pairs
from globscope.report.map.surface import draw_critical, draw_surface
from globscope.report.map.tracks import draw_tracks, tracks
from globscope.report.style.labels import name_points
from globscope.report.style.legend import Legend, colourbar, explain
from globscope.report.style.scale import Scale, shared_scale
from globscope.report.style.text import lines, literal, plain
from globscope.report.style.theme import Picture, headline, styled
from globscope.values.findings import Atlas, Map
from globscope.values.landscape import Landscape

COLOURED = ("surface", "slices")


def plot(
    drawn: Map,
    atlas: Atlas | None = None,
    *,
    field: str = "train_loss",
    scale: Scale | None = None,
    scape: Landscape | None = None,
) -> Figure:
    """Return a map's landscape with the members' trajectories; without a landscape, those alone.

    Args:
        drawn: The map.
        atlas: Whose maps share one colour scale; by default this map has its own.
        field: What the colours show.
        scale: The colours' scale, where it is known already.
        scape: One of the map's landscapes; by default the first.
    """
    scape, scale = scape or drawn.landscape, scale or shared_scale(atlas.maps if atlas else [drawn], field)
    with styled():
        figure = Picture(figsize=(7.0, 6.6), layout="constrained")
        panels = panels_of(figure, drawn, kind(scape, field))
        legend = draw_map(panels, drawn, scale, scape)
        headline(panels[0], literal(title(drawn, scape)), lines(facts(drawn, scape, scale), 92))
        if kind(scape, field) in COLOURED:
            colourbar(figure, panels, scale)
        explain(figure, legend)
    return figure


def plot_overview(maps: Sequence[Map], scale: Scale, notes: Mapping[str, Sequence[str]]) -> Figure:
    """Return all maps under one colour scale; `notes`, by map's name, stand below the titles."""
    across = max(1, min(len(maps), 3))
    down = max(1, -(-len(maps) // across))
    with styled():
        figure = Picture(figsize=(4.4 * across + 0.8, 4.5 * down + 0.6), layout="constrained")
        legend: Legend = {}
        panels = [figure.add_subplot(down, across, k + 1) for k in range(len(maps))]
        for axes, drawn in zip(panels, maps, strict=True):
            legend |= draw_map([axes], drawn, scale, drawn.landscape)
            headline(axes, plain(drawn.name, 28), lines(notes.get(drawn.name, ()), 58))
        if any(kind(drawn.landscape, scale.field) in COLOURED for drawn in maps):
            colourbar(figure, panels, scale)
        explain(figure, legend)
    return figure


def panels_of(figure: Figure, drawn: Map, drawn_as: Kind, most: int | None = None) -> list[Axes]:
    """Return one panel, or one for every pair of latent axes (or the first ones) where there are more than two."""
    count, along = len(pairs(drawn.chart.dimension)[:most]), drawn_as in ("line", "path")
    if count <= 1 or along:
        figure.set_size_inches(7.2, 4.8 if along else 6.6)
        return [figure.add_subplot()]
    across, down = min(count, 3), -(-count // 3)
    figure.set_size_inches(3.5 * across, 3.3 * down + 1.2)
    return [figure.add_subplot(down, across, k + 1) for k in range(count)]


def draw_map(
    panels: Sequence[Axes], drawn: Map, scale: Scale, scape: Landscape | None, *, faint: bool = False
) -> Legend:
    """Draw one map as what it is: a landscape, its slices, a profile, or trajectories alone."""
    topology, drawn_as = topology_of(drawn, scape, scale.field), kind(scape, scale.field)
    tree, legend = topology.tree if topology else None, Legend()
    if scape is None or drawn_as == "members":
        return draw_members(panels, drawn, faint=faint)
    if drawn_as in ("line", "path"):
        return draw_profile(panels[0], drawn, scape, scale.field, tree)
    if drawn_as == "slices":
        return draw_slices(panels, scape, scale) | draw_members(panels, drawn, faint=True)
    legend |= draw_surface(panels[0], scape, scale)
    legend |= draw_critical(panels[0], tree, scape.samples.points) if tree else {}
    return legend | draw_members(panels, drawn, faint=faint)


def draw_members(panels: Sequence[Axes], drawn: Map, *, faint: bool = False) -> Legend:
    """Draw the trajectories over one pair of latent axes a panel, or over the only axis."""
    if drawn.chart.dimension == 1:
        return _draw_line(panels[0], drawn)
    legend: Legend = {}
    for axes, (i, j) in zip(panels, pairs(drawn.chart.dimension), strict=False):
        legend |= draw_tracks(axes, drawn, (i, j), faint=faint)
        axes.set(xlabel=f"latent {i + 1}", ylabel=f"latent {j + 1}")
    return legend


def _draw_line(axes: Axes, drawn: Map) -> Legend:
    """Draw a one-dimensional map's members against their place in the run."""
    found = tracks(drawn)
    for track in found:
        axes.plot(track.points[:, 0], np.arange(len(track.points)), "-o", ms=3, color=track.colour)
    axes.margins(0.08)
    axes.set(xlabel="latent 1", ylabel="checkpoint of the run")
    if found:
        ends = np.array([(track.points[-1, 0], len(track.points) - 1) for track in found])
        name_points(axes, [(track.label, track.colour) for track in found], ends, ends)
    return {}
