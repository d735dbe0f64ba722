"""Series in panels that can be compared: one look a label, one legend, one range."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from attrs import define, field
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from globscope.report.style.legend import Legend, explain
from globscope.report.style.series import LINES, Style, legend_names, marked, numbers, size, styles
from globscope.report.style.text import counted, lines, plain
from globscope.report.style.theme import FAINT, Picture, headline, styled
from globscope.report.style.ticks import frame, tick_evenly, tick_log
from globscope.values.pictures import Panel, Plot, Series

FEW = 15  # points of a line that are marked one by one
# Panels share an axis where each fills so much of it; else most of them would be a stroke.
FILLED = 0.25
LOOKS = {"line": "-", "dashed": (0, (4, 1.6)), "points": ""}


@define(frozen=True, kw_only=True)
class Drawn:
    """A series as it is drawn: what has no place is NaN, and counted.

    Attributes:
        series: What was asked.
        points: (n, 2).
        broken: How many points have a figure that is missing or not finite.
        impossible: How many have none that a log axis can show.
    """

    series: Series
    points: np.ndarray = field(eq=False, repr=False)
    broken: int
    impossible: int

    @classmethod
    def of(cls, series: Series, *, log: bool) -> "Drawn":
        """Return what of a series can be drawn."""
        points = np.stack([numbers(series.x), numbers(series.y)], axis=1)
        finite = np.isfinite(points).all(axis=1)
        impossible = finite & (points[:, 1] <= 0) if log else np.zeros(len(points), bool)
        points[~finite | impossible] = np.nan
        return cls(series=series, points=points, broken=int((~finite).sum()), impossible=int(impossible.sum()))


@define(frozen=True, kw_only=True)
class SharedStyle:
    """What all panels of a plot share.

    Attributes:
        styles: By label.
        dots: The size of unjoined points.
        x: The horizontal range, or None where every panel has its own.
        y: The vertical range.
        log: Whether that axis is logarithmic.
    """

    styles: dict[str, Style]
    dots: float
    x: tuple[float, float] | None
    y: tuple[float, float]
    log: bool


def plot_series(picture: Plot, runs: Sequence[str] = ()) -> Figure:
    """Return a plot as a figure; series that are called as one of the runs have its colour."""
    shown = [[Drawn.of(series, log=picture.log) for series in panel.series] for panel in picture.panels]
    shared, across = _shared_style(picture, shown, runs), _across(len(shown))
    width, height = (7.0, 4.4) if len(shown) == 1 else (3.3, 2.9)
    down, notes = -(-len(shown) // across), _notes(shown, int(width * 15))
    with styled():
        figure = Picture(figsize=(width * across + 0.5, height * down + 0.9), layout="constrained")
        inner = figure.add_subfigure(figure.add_gridspec(1, 1)[0])  # else the axes' label lies on the legend
        inner.suptitle(plain(picture.name.replace("_", " ")), x=0.008, ha="left", fontsize=12, fontweight="bold")
        for k, (panel, drawn) in enumerate(zip(picture.panels, shown, strict=True)):
            axes = inner.add_subplot(down, across, k + 1)
            _draw(axes, drawn, shared)
            headline(axes, plain(panel.title, int(width * 11)), notes[k], size=10)
            axes.set_xlabel(plain(panel.x, int(width * 14)), fontsize=9)
            axes.tick_params(labelleft=k % across == 0, labelbottom=shared.x is None or k + across >= len(shown))
        inner.supxlabel(plain(picture.x, 100), fontsize=9.5)
        inner.supylabel(plain(picture.y + picture.log * " (log scale)", int(height * down * 12)), fontsize=9.5)
        explain(figure, _legend(shown, shared))
    return figure


def _notes(shown: Sequence[Sequence[Drawn]], width: int) -> list[str]:
    """Return what stands below each panel's title, in as many lines everywhere, so that the panels are of one size."""
    notes = [lines(hidden_values(drawn), width) for drawn in shown]
    most = max(len(note.splitlines()) for note in notes)
    return ["\n".join([*note.splitlines(), *[" "] * (most - len(note.splitlines()))]) for note in notes]


def hidden_values(drawn: Sequence[Drawn]) -> list[str]:
    """Return in sentences what a panel does not show."""
    broken, impossible = sum(one.broken for one in drawn), sum(one.impossible for one in drawn)
    odd = f"{counted(broken, 'value is not finite', 'values are not finite')}."
    flat = f"{counted(impossible, 'value is', 'values are')} ≤ 0 and not on a log axis."
    return [odd] * bool(broken) + [flat] * bool(impossible)


def missing(picture: Plot) -> list[str]:
    """Return in sentences what a plot does not show."""
    by_panel = [
        (panel, hidden_values([Drawn.of(one, log=picture.log) for one in panel.series])) for panel in picture.panels
    ]
    return [f"{_titled(panel)}: {' '.join(says)}" for panel, says in by_panel if says]


def _across(count: int) -> int:
    """Return how many panels stand side by side."""
    return {4: 2, 5: 3, 6: 3, 9: 3}.get(count, min(count, 4))


def _shared_style(picture: Plot, shown: Sequence[Sequence[Drawn]], runs: Sequence[str]) -> SharedStyle:
    labels = [series.label for panel in picture.panels for series in panel.series]
    loose = [len(one.points) for one in _all(shown) if one.series.look == "points"]
    by_panel = [_known(drawn) for drawn in shown]
    known = np.concatenate([np.empty((0, 2)), *by_panel])
    alike = not any(panel.x for panel in picture.panels) and _comparable([points[:, 0] for points in by_panel])
    return SharedStyle(
        styles=styles(labels, LINES, runs),
        dots=size(max(loose, default=0)),
        x=frame(known[:, 0], margin=0.03) if alike else None,
        y=frame(known[:, 1], log=picture.log),
        log=picture.log,
    )


def _all(shown: Sequence[Sequence[Drawn]]) -> Iterator[Drawn]:
    return (one for drawn in shown for one in drawn)


def _known(drawn: Sequence[Drawn]) -> np.ndarray:
    points = np.concatenate([np.empty((0, 2)), *(one.points for one in drawn)])
    known: np.ndarray = points[np.isfinite(points).all(axis=1)]
    return known


def _comparable(panels: Sequence[np.ndarray]) -> bool:
    """Whether each panel's values fill enough of the range of all."""
    known = [values for values in panels if len(values) > 1]
    widths = [np.ptp(values) for values in known]
    return not known or min(widths) >= FILLED * np.ptp(np.concatenate(known))


def _draw(axes: Axes, drawn: Sequence[Drawn], shared: SharedStyle) -> None:
    for one in drawn:
        _draw_one(axes, one, shared)
    known = _known(drawn)
    axes.set(xlim=shared.x or frame(known[:, 0], margin=0.03), ylim=shared.y, yscale="log" if shared.log else "linear")
    axes.grid(axis="y", color="#e6e9ed")
    axes.set_axisbelow(True)
    tick_evenly(axes.xaxis, *axes.get_xlim(), most=5)
    (tick_log if shared.log else tick_evenly)(axes.yaxis, *axes.get_ylim())
    if not len(known):
        axes.text(0.5, 0.5, "nothing to draw", transform=axes.transAxes, ha="center", color=FAINT)


def _draw_one(axes: Axes, one: Drawn, shared: SharedStyle) -> None:
    style, points = shared.styles[one.series.label], one.points
    known = np.isfinite(points).all(axis=1)
    if one.series.look == "points":
        many = known.sum() > 1000  # as vectors they would make the SVG huge
        axes.plot(*points.T, **_appearance("points", style, shared.dots), alpha=0.8, rasterized=bool(many), zorder=2)
        return
    marks = marked(known, style, FEW)
    axes.plot(*points.T, **_appearance(one.series.look, style, 3.6), markevery=marks, zorder=3)


def _appearance(look: str, style: Style, dots: float) -> dict[str, Any]:
    loose = look == "points"
    marker = style.marker if loose or style.repeated else "o"
    return {"color": style.colour, "ls": LOOKS[look], "lw": 1.8, "marker": marker, "ms": dots, "mew": 0}


def _legend(shown: Sequence[Sequence[Drawn]], shared: SharedStyle) -> Legend:
    names = legend_names([one.series.label for one in _all(shown)])
    legend: Legend = {}
    for one in _all(shown):
        style, joined = shared.styles[one.series.label], one.series.look != "points"
        drawn = _appearance(one.series.look, style, 3.6 if joined else max(shared.dots, 4))
        bare = {"marker": ""} if joined and not style.repeated else {}
        legend.setdefault(names[one.series.label], Line2D([], [], **drawn | bare))
    return legend


def alt_text(picture: Plot) -> str:
    """Return the alternative text of a plot."""
    labels = legend_names([series.label for panel in picture.panels for series in panel.series])
    return (
        f"{counted(len(picture.panels), 'panel')} of {picture.y} over {picture.x or 'figures of their own'}: "
        f"{'; '.join(_titled(panel) for panel in picture.panels)}. Series: {', '.join(labels)}."
    )


def _titled(panel: Panel) -> str:
    return " over ".join(filter(None, (panel.title or "untitled", panel.x)))
