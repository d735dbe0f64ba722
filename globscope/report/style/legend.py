"""How a picture's values are read: ticks, the colour bar, and the legend beside the panels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from globscope.report.style.palette import GREY, RIM
from globscope.report.style.scale import Scale
from globscope.report.style.text import tick_labels, wrap_sentences
from globscope.report.style.theme import in_points

# Labels of a log axis stand at least so far apart, as a share of its length, and have room: inches for each letter.
APART, DIGIT = 0.055, 0.08


def tick_log(axis: Axis, low: float, high: float) -> None:
    """Label a log axis with plain numbers that fit the range drawn."""
    values = round_values(low, high)
    axis.set_major_locator(FixedLocator(values.tolist()))
    axis.set_major_formatter(FixedFormatter(tick_labels(values.tolist())))
    axis.set_minor_locator(NullLocator())


def tick_log_at(axis: Axis, values: np.ndarray, low: float, high: float) -> None:
    """Label a horizontal log axis at those of (n,) rising values that occur and do not crowd the one before."""
    ticks: list[float] = []
    apart = _room(axis, values)
    for value in values.tolist():
        if not ticks or np.log(value / ticks[-1]) >= apart * np.log(high / low):
            ticks.append(value)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FixedFormatter(tick_labels(ticks)))
    axis.set_minor_locator(NullLocator())


def tick_log_across(axis: Axis, low: float, high: float) -> None:
    """Label a horizontal log axis at round values, at powers of ten alone where there is no room for more."""
    values = round_values(low, high)
    decades = values[np.isclose(np.log10(values) % 1, 0)]
    crowded = np.diff(np.log(values)).min(initial=np.inf) < _room(axis, values) * np.log(high / low)
    tick_log_at(axis, decades if crowded and len(decades) > 1 else values, low, high)


def _room(axis: Axis, values: np.ndarray) -> float:
    """Return the share of a horizontal axis that the longest label takes."""
    letters = 1 + max(map(len, tick_labels(values.tolist())), default=0)
    return max(APART, float(in_points(DIGIT) * letters / (axis.axes.bbox.width / axis.axes.figure.dpi)))


def tick_evenly(axis: Axis, low: float, high: float, most: int = 6, *, whole: bool = False) -> None:
    """Label an axis with plain numbers at equal steps inside the range drawn; with `whole`, with integers alone."""
    values = np.asarray(MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10], integer=whole).tick_values(low, high))
    values = np.unique(values.round()) if whole else values
    values = values[(low <= values) & (values <= high)]
    axis.set_major_locator(FixedLocator(values.tolist()))
    axis.set_major_formatter(FixedFormatter(tick_labels(values.tolist())))


def frame(values: np.ndarray, *, log: bool = False, margin: float = 0.05) -> tuple[float, float]:
    """Return the range that shows all values with some room around them; (0, 1) where there are none."""
    if not len(values):
        return (0.1, 1.0) if log else (0.0, 1.0)
    ends = np.log10([values.min(), values.max()]) if log else np.array([values.min(), values.max()])
    # One value alone still needs a range.
    room = margin * (ends[1] - ends[0]) or (0.2 if log else 0.05 * abs(ends[0]) or 0.5)
    low, high = float(ends[0] - room), float(ends[1] + room)
    return (10**low, 10**high) if log else (low, high)


def round_values(low: float, high: float) -> np.ndarray:
    """Return at least three round values of a range above 0: decades, 1-2-5 of them, or equal steps."""
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    decades = 10.0 ** np.arange(first, last + 1)
    if high > 1000 * low:
        # Beyond nine labels they would touch.
        inside = decades[(low <= decades) & (decades <= high)]
        return inside[:: -(-len(inside) // 9)]
    values: np.ndarray = np.outer(decades, (1, 2, 5)).ravel()
    values = values[(low <= values) & (values <= high)]
    if len(values) < 3:
        values = np.asarray(MaxNLocator(nbins=6, steps=[1, 2, 5, 10], min_n_ticks=3).tick_values(low, high))
    return values[(low <= values) & (values <= high)]


def log_note(axes: Axes) -> str:
    """Return the note in the label of a logarithmic axis; empty for others."""
    return " (log scale)" if axes.get_yscale() == "log" else ""


Legend = dict[str, Artist | tuple[Artist, ...]]
# Inches that a legend's entry takes: at least, beside its letters, and for each of them.
ENTRY, KEY, LETTER = 2.2, 0.38, 0.06
# Inches of one of its rows, and how many rows there is room for.
ROW, USUAL = 0.19, 3
# Inches above and below the panels, and letters to an inch of a colour bar's label.
AROUND, LETTERS = 1.4, 13


# Lengths of a colour bar for its width, for each inch that the figure is high.
BAR = 4.8


def colourbar(
    figure: Figure, panels: Sequence[Axes], scale: Scale, *, colours: Colormap | None = None, label: str = ""
) -> Colorbar:
    """Draw one colour bar beside all panels; its label is the scale's by default."""
    mappable = ScalarMappable(scale.norm(), colours or scale.colour_map)
    thin = max(20.0, BAR * figure.get_figheight())
    bar = figure.colorbar(mappable, ax=list(panels), pad=0.02, aspect=thin, extend=scale.extend)
    # As long as the panels are high, which leaves the figure room for headline, axes and legend.
    bar.set_label(wrap_sentences([label or scale.label], max(12, int((figure.get_figheight() - AROUND) * LETTERS))))
    bar.minorticks_off()
    if scale.log:
        tick_log(bar.ax.yaxis, scale.low, scale.high)
    if any(
        isinstance(one, ScalarMappable) and one.cmap.name == GREY.name for axes in panels for one in axes.collections
    ):
        _draw_greys(bar, scale)
    return bar


def _draw_greys(bar: Colorbar, scale: Scale) -> None:
    """Show beside the colours which greys stand for the same values where a map is not trusted."""
    ends = scale.levels(257)
    middles = scale.levels(513)[1::2]
    bar.ax.pcolormesh(
        [0.6, 1.0], ends, middles[:, None], norm=scale.norm(), cmap=scale.grey_map, rasterized=True, zorder=2
    )
    bar.ax.axvline(0.6, color=RIM, lw=0.8, zorder=3)


def explain(figure: Figure, legend: Legend) -> None:
    """Write the legend below the panels, in as many columns as fit; a long one makes the figure higher."""
    if legend:
        handles: list[Any] = list(legend.values())
        entry = in_points(max(ENTRY, KEY + LETTER * max(map(len, legend))))
        columns = max(1, int(figure.get_figwidth() / entry))
        figure.legend(handles, list(legend), loc="outside lower center", ncols=min(columns, len(legend)))
        figure.set_figheight(figure.get_figheight() + in_points(ROW) * max(0, -(-len(legend) // columns) - USUAL))
