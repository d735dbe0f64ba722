"""The colour bar and the legend beside a picture's panels."""

from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap
from matplotlib.figure import Figure

from globscope.report.style.scale import Scale
from globscope.report.style.text import figure_text
from globscope.report.style.theme import DEPTH
from globscope.report.style.ticks import tick_log

Legend = dict[str, Artist | tuple[Artist, ...]]
# Inches that a legend's entry takes: at least, beside its letters, and for each of them.
ENTRY, KEY, LETTER = 2.2, 0.38, 0.06
# Inches of one of its rows, and how many rows there is room for.
ROW, USUAL = 0.19, 3


def colourbar(
    figure: Figure, panels: Sequence[Axes], scale: Scale, *, colours: Colormap = DEPTH, label: str = ""
) -> Colorbar:
    """Draw one colour bar beside all panels; its label is the scale's by default."""
    mappable = ScalarMappable(scale.norm(), colours)
    bar = figure.colorbar(mappable, ax=list(panels), pad=0.02, aspect=32, extend=scale.extend)
    bar.set_label(figure_text(label or scale.label, 90))
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
