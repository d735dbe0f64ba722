"""A map as a whole figure, and all maps side by side."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

from globscope.report.counts import result, sampled, topology_of
from globscope.report.look import DEPTH, Picture, headline, styled
from globscope.report.profile import draw_profile, is_path
from globscope.report.scale import Scale, shared_scale, tick_decades
from globscope.report.surface import draw_critical, draw_surface
from globscope.report.text import lines, plain
from globscope.report.tracks import Legend, draw_tracks, tracks
from globscope.values.findings import Atlas, Map
from globscope.values.landscape import Landscape


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
        panels = _panels(figure, drawn, scape)
        legend = draw_map(panels, drawn, scale, scape)
        headline(panels[0], plain(drawn.name, 40), lines(facts(drawn, scape, scale), 92))
        if coloured(scape, field):
            colourbar(figure, panels, scale)
        explain(figure, legend, columns=3)
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
        if any(coloured(drawn.landscape, scale.field) for drawn in maps):
            colourbar(figure, panels, scale)
        explain(figure, legend, columns=2 * across + 1)
    return figure


def coloured(scape: Landscape | None, field: str) -> bool:
    """Whether a landscape can be drawn as a surface over two axes."""
    if scape is None or field not in scape.fields or is_path(scape.samples):
        return False
    return len(scape.samples.points.T) == 2


def profiled(scape: Landscape | None, field: str) -> bool:
    """Whether a landscape can be drawn as a line along a path."""
    return scape is not None and field in scape.fields and is_path(scape.samples)


def facts(drawn: Map, scape: Landscape | None, scale: Scale) -> list[str]:
    """Return in sentences what exactly a map's picture shows, or why it shows members only."""
    if scape is None:
        return [drawn.hidden or drawn.chart.why_no_inverse or "No landscape was sampled on this map."]
    if scale.field not in scape.fields:
        return [f"No landscape: the evaluator gave no field {scale.field}."]
    topology, told = topology_of(drawn, scape, scale.field), [f"{sampled(drawn, scape, scale)}."]
    if not coloured(scape, scale.field) and not profiled(scape, scale.field):
        told.insert(0, f"Members only: the landscape fills all {len(scape.samples.points.T)} latent axes.")
    return told + ([f"{result(drawn, scape, topology)}."] if topology else [])


def _panels(figure: Figure, drawn: Map, scape: Landscape | None) -> list[Axes]:
    """Return one panel, or one for every pair of latent axes where there are more than two."""
    pairs = drawn.chart.dimension * (drawn.chart.dimension - 1) // 2
    along = scape is not None and is_path(scape.samples)
    if pairs <= 1 or along:
        figure.set_size_inches(7.2, 4.8 if along else 6.6)
        return [figure.add_subplot()]
    across, down = min(pairs, 3), -(-pairs // 3)
    figure.set_size_inches(3.5 * across, 3.3 * down + 1.2)
    return [figure.add_subplot(down, across, k + 1) for k in range(pairs)]


def draw_map(panels: Sequence[Axes], drawn: Map, scale: Scale, scape: Landscape | None) -> Legend:
    """Draw one map as what it is: a landscape, a path's profile, or trajectories alone."""
    topology, legend = topology_of(drawn, scape, scale.field), Legend()
    if scape is not None and profiled(scape, scale.field):
        return draw_profile(panels[0], scape, scale.field, topology.tree if topology else None)
    if scape is not None and coloured(scape, scale.field):
        legend |= draw_surface(panels[0], scape, scale)
        legend |= draw_critical(panels[0], topology.tree, scape.samples.points) if topology else {}
    return legend | _draw_members(panels, drawn)


def _draw_members(panels: Sequence[Axes], drawn: Map) -> Legend:
    if drawn.chart.dimension == 1:
        return _draw_line(panels[0], drawn)
    d, legend = drawn.chart.dimension, Legend()
    pairs = [(i, j) for i in range(d) for j in range(i + 1, d)]
    for axes, (i, j) in zip(panels, pairs, strict=False):
        legend |= draw_tracks(axes, drawn, (i, j))
        axes.set(xlabel=f"latent {i + 1}", ylabel=f"latent {j + 1}")
    return legend


def _draw_line(axes: Axes, drawn: Map) -> Legend:
    """Draw a one-dimensional map's members against their place in the run."""
    for track in tracks(drawn):
        place = np.arange(len(track.points))
        axes.plot(track.points[:, 0], place, "-o", ms=3, color=track.colour)
        end = (track.points[-1, 0], place[-1])
        axes.annotate(track.label, end, (0, 5), textcoords="offset points", color=track.colour)
    axes.set(xlabel="latent 1", ylabel="checkpoint of the run")
    return {}


def colourbar(figure: Figure, panels: Sequence[Axes], scale: Scale) -> None:
    """Draw the one colour bar beside all panels."""
    mappable = ScalarMappable(scale.norm(), DEPTH)
    bar = figure.colorbar(mappable, ax=list(panels), pad=0.02, aspect=32, extend=scale.extend)
    bar.set_label(plain(scale.label))
    bar.minorticks_off()
    if scale.log:
        tick_decades(bar.ax.yaxis, scale.low, scale.high)


def explain(figure: Figure, legend: Legend, columns: int) -> None:
    """Write the legend below the panels."""
    if legend:
        handles, labels = list(legend.values()), list(legend)
        figure.legend(handles, labels, loc="outside lower center", ncols=min(columns, len(legend)))
