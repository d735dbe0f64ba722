"""Series in panels that can be compared: one style for each label, one legend, one range."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from attrs import define, field
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from globscope.report.style.legend import Legend, explain, frame, tick_evenly, tick_log, tick_log_across, tick_log_at
from globscope.report.style.palette import LINES
from globscope.report.style.series import (
    LabelStyle,
    finite_array,
    label_styles,
    legend_names,
    marker_rows,
    marker_size,
)
from globscope.report.style.text import count_noun, figure_text, wrap_sentences
from globscope.report.style.theme import Picture, house_style, in_points, write_centred, write_heading
from globscope.spec.style import AUTO, Style
from globscope.values.finite import finite_rows
from globscope.values.pictures import Panel, Plot, Series

NARROWEST = 1.6  # inches of a panel
WIDTH = 1.8  # points of a line
FEW = 15  # points of a line that are marked one by one
NAMES = 40  # of places; where there are more, some of them are left out
LETTERS = 60  # of the names of places, which have room side by side
MANY = 25  # counts on a logarithmic axis beyond which they are not labelled one by one
BELOW = float(np.finfo(float).tiny)  # a place below every logarithmic axis
# Panels share an axis where each fills so much of it; else most of them would be a stroke.
FILLED = 0.25
LINE_STYLES = {"line": "-", "dashed": (0, (4, 1.6)), "points": "", "segments": "-"}


@define(frozen=True, kw_only=True)
class DrawnSeries:
    """A series with the points that can be drawn.

    Attributes:
        series: The series as the analysis gave it.
        points: (n, 2) places; NaN for points that cannot be drawn.
        broken: How many points have a figure that is missing or not finite.
        impossible: How many of the other points a log axis cannot show.
        band: (n, 2) lower and upper ends of the band around the points, NaN where there is none.
    """

    series: Series
    points: np.ndarray = field(eq=False, repr=False)
    broken: int
    impossible: int
    band: np.ndarray = field(eq=False, repr=False)

    @classmethod
    def of(cls, series: Series, picture: Plot) -> "DrawnSeries":
        """Return what of a series can be drawn."""
        points = np.stack([finite_array(series.x), finite_array(series.y)], axis=1)
        finite = finite_rows(points)
        if picture.log and picture.lowest is not None:
            points[points[:, 1] <= 0, 1] = BELOW  # cut off, as all that is lower than the lowest
        impossible = finite & ((points <= 0) & [picture.log_x, picture.log]).any(axis=1)
        points[~finite | impossible] = np.nan
        errors = finite_array(series.error) if series.error else np.full(len(points), np.nan)
        band = points[:, 1:] + errors[:, None] * [-1, 1]
        if picture.log:
            band[band <= 0] = BELOW
        return cls(
            series=series, points=points, broken=int((~finite).sum()), impossible=int(impossible.sum()), band=band
        )


@define(frozen=True, kw_only=True)
class SharedStyle:
    """What all panels of a plot share.

    Attributes:
        styles: Style of each label.
        dots: Size of points that no line joins, in points.
        x: Horizontal range; None if every panel has its own.
        y: Vertical range of all panels.
        log: Whether the vertical axis is logarithmic.
        log_x: Whether the horizontal one is.
        counted: Whether all heights are whole numbers, such as those of bars.
        places: Names of the horizontal places 1, 2, …; empty where these are numbers.
        numbered: Whether horizontal places mean something.
    """

    styles: dict[str, LabelStyle]
    dots: float
    x: tuple[float, float] | None
    y: tuple[float, float]
    log: bool
    log_x: bool
    counted: bool
    places: tuple[str, ...]
    numbered: bool


def plot_series(picture: Plot, runs: Sequence[str] = (), style: Style = AUTO) -> Figure:
    """Return a plot as a figure; a series named after a run has its colour."""
    panels = [[DrawnSeries.of(series, picture) for series in panel.series] for panel in picture.panels]
    shared, across = _shared_style(picture, panels, runs), _across(len(panels), style)
    width, height = (7.0, 4.4) if len(panels) == 1 else (3.3, 2.9)
    down = -(-len(panels) // across)
    with house_style():
        figure = Picture(width * across + 0.5, height * down + 0.9, style)
        fit = figure.sheet.fit
        notes = _notes(panels, int(width * 15 * fit))
        inner = figure.add_subfigure(figure.add_gridspec(1, 1)[0])  # else the axes' label lies on the legend
        title = wrap_sentences([picture.headline], int(figure.sheet.natural * 8.5 * fit))
        inner.suptitle(title, x=0.008, ha="left", fontsize=in_points(12), fontweight="bold")
        for k, (panel, drawn) in enumerate(zip(picture.panels, panels, strict=True)):
            axes = inner.add_subplot(down, across, k + 1)
            _draw_panel(axes, drawn, shared)
            write_heading(axes, figure_text(panel.title, int(width * 11 * fit)), notes[k], size=10)
            axes.set_xlabel(figure_text(panel.x, int(width * 14 * fit)), fontsize=in_points(9))
            axes.tick_params(labelleft=k % across == 0, labelbottom=shared.x is None or k + across >= len(panels))
        inner.supxlabel(figure_text(picture.x + picture.log_x * " (log scale)", 100), fontsize=in_points(9.5))
        label = wrap_sentences([picture.y + picture.log * " (log scale)"], int(height * down * 12 * fit))
        inner.supylabel(label, fontsize=in_points(9.5))
        explain(figure, _legend(panels, shared))
    return figure


def _notes(panels: Sequence[Sequence[DrawnSeries]], width: int) -> list[str]:
    """Return the notes below the panels' titles, in equally many lines, so that all panels have one size."""
    notes = [wrap_sentences(hidden_values(panel), width).splitlines() for panel in panels]
    most = max(map(len, notes))
    return ["\n".join([*note, *[" "] * (most - len(note))]) for note in notes]


def hidden_values(panel: Sequence[DrawnSeries]) -> list[str]:
    """Return in sentences which values a panel does not show."""
    broken, impossible = sum(series.broken for series in panel), sum(series.impossible for series in panel)
    odd = f"{count_noun(broken, 'value is missing or not finite', 'values are missing or not finite')}."
    flat = f"{count_noun(impossible, 'value is', 'values are')} ≤ 0 and not on a log axis."
    return [odd] * bool(broken) + [flat] * bool(impossible)


def missing_values(picture: Plot) -> list[str]:
    """Return in sentences, panel by panel, which values a plot does not show."""
    sentences = []
    for panel in picture.panels:
        hidden = hidden_values([DrawnSeries.of(series, picture) for series in panel.series])
        sentences += [f"{_panel_name(panel)}: {' '.join(hidden)}"] * bool(hidden)
    return sentences


def _across(count: int, style: Style) -> int:
    """Return how many panels stand side by side."""
    most = 4 if style.width is None else max(1, int(style.width // NARROWEST))
    return min(most, {4: 2, 5: 3, 6: 3, 9: 3}.get(count, min(count, 4)))


def _shared_style(picture: Plot, panels: Sequence[Sequence[DrawnSeries]], runs: Sequence[str]) -> SharedStyle:
    every, known = list(chain(*panels)), [_finite_points(panel) for panel in panels]
    loose = [len(series.points) for series in every if series.series.style == "points"]
    scaled = [np.log(points[:, 0]) if picture.log_x else points[:, 0] for points in known]
    alike = not any(panel.x for panel in picture.panels) and _comparable(scaled)
    return SharedStyle(
        styles=label_styles([series.series.label for series in every], LINES, runs),
        dots=marker_size(max(loose, default=0)),
        x=frame(_finite_points(every)[:, 0], log=picture.log_x, margin=0.03) if alike else None,
        y=_vertical_range(picture, every),
        log=picture.log,
        log_x=picture.log_x,
        counted=_is_whole(_finite_points(every)[:, 1]),
        places=picture.places,
        numbered=picture.numbered,
    )


def _vertical_range(picture: Plot, every: Sequence[DrawnSeries]) -> tuple[float, float]:
    """Return the range of all points and bands, from where the picture begins."""
    ends = [np.concatenate([series.points[:, 1:], series.band], axis=1).ravel() for series in every]
    values = np.concatenate([np.empty(0), *ends])
    start = BELOW if picture.log else -np.inf
    if picture.lowest is None:
        return frame(values[values > start], log=picture.log)
    above = values[values > picture.lowest]
    return picture.lowest, frame(above if len(above) else np.array([picture.lowest]), log=picture.log)[1]


def _finite_points(panel: Sequence[DrawnSeries]) -> np.ndarray:
    """Return the (n, 2) points that are drawn."""
    points = np.concatenate([np.empty((0, 2)), *(series.points for series in panel)])
    finite: np.ndarray = points[finite_rows(points)]
    return finite


def _comparable(panels: Sequence[np.ndarray]) -> bool:
    """Whether each panel's values fill enough of the range of all."""
    known = [values for values in panels if len(values) > 1]
    widths = [np.ptp(values) for values in known]
    return not known or min(widths) >= FILLED * np.ptp(np.concatenate(known))


def _is_whole(values: np.ndarray) -> bool:
    return bool(len(values)) and bool((values == values.round()).all())


def _draw_panel(axes: Axes, panel: Sequence[DrawnSeries], shared: SharedStyle) -> None:
    for series in panel:
        _draw_series(axes, series, shared)
    known = _finite_points(panel)
    across = shared.x or frame(known[:, 0], log=shared.log_x, margin=0.03)
    axes.set(xscale="log" if shared.log_x else "linear", yscale="log" if shared.log else "linear")
    axes.set(xlim=across, ylim=shared.y)
    axes.grid(axis="y", color="#e6e9ed")
    axes.set_axisbelow(True)
    _tick_across(axes, known[:, 0], shared)
    if shared.log:
        tick_log(axes.yaxis, *axes.get_ylim())
    else:
        tick_evenly(axes.yaxis, *axes.get_ylim(), whole=shared.counted)
    if not len(known):
        write_centred(axes, "nothing to draw")


def _tick_across(axes: Axes, values: np.ndarray, shared: SharedStyle) -> None:
    """Label the horizontal axis: evenly, on a log scale at round values, or at the few counts that occur there."""
    low, high = axes.get_xlim()
    if not shared.numbered:
        axes.set_xticks([])
        return
    if shared.places:
        tilt: dict[str, Any] = {"rotation": 60, "ha": "right", "rotation_mode": "anchor"}
        wide = sum(map(len, shared.places)) > LETTERS
        every = -(-len(shared.places) // NAMES)
        shown = range(1, len(shared.places) + 1, every)
        axes.set_xticks(shown, shared.places[::every], **(tilt if wide else {}))
        return
    if not shared.log_x:
        tick_evenly(axes.xaxis, low, high, most=5, whole=_is_whole(values))
        return
    few = np.unique(values)
    if _is_whole(few) and len(few) <= MANY:
        tick_log_at(axes.xaxis, few, low, high)
    else:
        tick_log_across(axes.xaxis, low, high)


def _draw_series(axes: Axes, drawn: DrawnSeries, shared: SharedStyle) -> None:
    label, style, points = shared.styles[drawn.series.label], drawn.series.style, drawn.points
    known = finite_rows(points)
    if style == "segments":
        many = len(points) > 2000  # as vectors they would make the SVG huge
        # A dot as wide as the line, so that a pair at one place is seen.
        appearance = _appearance(style, label, WIDTH) | {"marker": "o"}
        axes.plot(*_broken_in_pairs(points).T, **appearance, rasterized=many, zorder=2)
        return
    if style == "points":
        many = known.sum() > 1000  # as vectors they would make the SVG huge
        axes.plot(*points.T, **_appearance(style, label, shared.dots), alpha=0.8, rasterized=bool(many), zorder=2)
        return
    marks = marker_rows(known, label, FEW)
    if drawn.series.error:
        axes.fill_between(points[:, 0], *drawn.band.T, color=label.colour, alpha=0.25, lw=0, zorder=2)
    axes.plot(*points.T, **_appearance(style, label, 3.6), markevery=marks, zorder=3)


def _broken_in_pairs(points: np.ndarray) -> np.ndarray:
    """Return (2 n, 2) points with a gap after every second, so that a line joins no two pairs."""
    gap = np.full((len(points) // 2, 1, 2), np.nan)
    return np.concatenate([points.reshape(-1, 2, 2), gap], axis=1).reshape(-1, 2)


def _appearance(style: str, label: LabelStyle, dots: float) -> dict[str, Any]:
    loose = style == "points"
    marker = label.marker if loose or label.repeated else "o"
    return {"color": label.colour, "ls": LINE_STYLES[style], "lw": WIDTH, "marker": marker, "ms": dots, "mew": 0}


def _legend(panels: Sequence[Sequence[DrawnSeries]], shared: SharedStyle) -> Legend:
    every = [drawn.series for drawn in chain(*panels)]
    names, legend = legend_names([series.label for series in every]), Legend()
    for series in every:
        label, joined = shared.styles[series.label], series.style != "points"
        appearance = _appearance(series.style, label, 3.6 if joined else max(shared.dots, 4))
        bare = {"marker": ""} if joined and not label.repeated else {}
        legend.setdefault(names[series.label], Line2D([], [], **appearance | bare))
    return legend


def alt_text(picture: Plot) -> str:
    """Return the alternative text of a plot."""
    labels = legend_names([series.label for panel in picture.panels for series in panel.series])
    return (
        f"{count_noun(len(picture.panels), 'panel')} of {picture.y} over {picture.x or 'figures of their own'}: "
        f"{'; '.join(map(_panel_name, picture.panels))}. Series: {', '.join(labels)}."
    )


def _panel_name(panel: Panel) -> str:
    return " over ".join(filter(None, (panel.title or "untitled", panel.x)))
