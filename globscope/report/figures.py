"""A map as a whole figure, and all maps side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure

from globscope.report.captions import facts, title
from globscope.report.kinds import Kind, kind
from globscope.report.look import DEPTH, Picture, headline, styled
from globscope.report.panels import draw_map
from globscope.report.ruler import tick_log
from globscope.report.scale import Scale, shared_scale
from globscope.report.slices import pairs
from globscope.report.text import lines, literal, plain
from globscope.report.tracks import Legend
from globscope.values.findings import Atlas, Map
from globscope.values.landscape import Landscape

COLOURED = ("surface", "slices")
# Inches that a legend's entry takes: at least, beside its letters, and for each of them.
ENTRY, KEY, LETTER = 2.2, 0.38, 0.06
# Inches of one of its rows, and how many rows there is room for.
ROW, USUAL = 0.19, 3


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


def colourbar(figure: Figure, panels: Sequence[Axes], scale: Scale) -> Colorbar:
    """Return the one colour bar, drawn beside all panels."""
    mappable = ScalarMappable(scale.norm(), DEPTH)
    bar = figure.colorbar(mappable, ax=list(panels), pad=0.02, aspect=32, extend=scale.extend)
    bar.set_label(plain(scale.label))
    bar.minorticks_off()
    if scale.log:
        tick_log(bar.ax.yaxis, scale.low, scale.high)
    return bar


def explain(figure: Figure, legend: Legend) -> None:
    """Write the legend below the panels, in as many columns as fit; a long one makes the figure higher."""
    if legend:
        handles: list[Any] = list(legend.values())
        columns = max(1, int(figure.get_figwidth() / max(ENTRY, KEY + LETTER * max(map(len, legend)))))
        figure.legend(handles, list(legend), loc="outside lower center", ncols=min(columns, len(legend)))
        figure.set_figheight(figure.get_figheight() + ROW * max(0, -(-len(legend) // columns) - USUAL))
