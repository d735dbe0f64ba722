"""A matrix in colour, with its figures in the cells while they can be read."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import define, field
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from globscope.report.style.labels import short_names
from globscope.report.style.legend import explain, tick_evenly, tick_log
from globscope.report.style.palette import DEPTH, INK
from globscope.report.style.scale import positive
from globscope.report.style.series import finite_array
from globscope.report.style.text import count_noun, figure_text, wrap_sentences
from globscope.report.style.theme import Picture, house_style, sheet_of, write_heading
from globscope.spec.style import AUTO, Style
from globscope.values.number import number
from globscope.values.pictures import HeatMap, Number

LARGEST, LONGEST = 30, 22  # names of a side whose cells have figures; letters of a name
SMALLEST = 6.0  # points of a figure in a cell, and of the note below it
LETTER, BOLD = 0.075, 8.5  # inches of a name's letter, and letters of a headline in an inch
BLANK: dict[str, Any] = {"facecolor": "#ffffff", "edgecolor": INK, "hatch": "////", "linewidth": 0}


@define(frozen=True, kw_only=True)
class Cells:
    """A matrix and the room it takes.

    Attributes:
        values: (rows, columns); NaN for missing values.
        left_out: (rows, columns) whether a cell is above the diagonal of a symmetric matrix, and not drawn.
        limits: Lowest and highest possible value, if there are any.
        notes: Texts below the figures, by row and column; empty if there are none.
        log: Whether the colours are logarithmic.
        width: Width of a cell in inches.
        height: Height of a cell in inches.
    """

    values: np.ndarray = field(eq=False, repr=False)
    left_out: np.ndarray = field(eq=False, repr=False)
    limits: tuple[Number, Number]
    notes: tuple[tuple[str, ...], ...] = field(repr=False)
    log: bool
    width: float
    height: float

    @classmethod
    def of(cls, picture: HeatMap) -> "Cells":
        """Return a heat map's cells, smaller where they are many."""
        values = np.stack([finite_array(row) for row in picture.values])
        rows, columns = values.shape
        width, height = np.clip([9.6 / columns, 7.5 / rows], [0.05, 0.05], [0.72, 0.46])
        log = picture.log and positive(values)
        left_out = np.triu(np.full(values.shape, picture.is_symmetric), 1)
        size = {"width": float(width), "height": float(height)}
        return cls(values=values, left_out=left_out, limits=picture.limits, notes=picture.notes, log=log, **size)

    @property
    def blank(self) -> np.ndarray:
        """(rows, columns) whether a cell that is drawn has no value."""
        blank: np.ndarray = np.isnan(self.values) & ~self.left_out
        return blank

    @property
    def norm(self) -> Normalize:
        """Colours from the lowest to the highest value; a constant matrix still needs two ends."""
        known = self.values[np.isfinite(self.values)]
        low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
        if self.log:
            return LogNorm(low, high) if high > low else LogNorm(low / 1.5, high * 1.5)
        low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
        least, most = self.limits
        return Normalize(low if least is None else max(low, least), high if most is None else min(high, most))


def plot_heat_map(picture: HeatMap, style: Style = AUTO) -> Figure:
    """Return a heat map as a figure."""
    cells = Cells.of(picture)
    rows, columns = (short_names(names, LONGEST) for names in (picture.rows, picture.columns))
    wide = cells.width * len(columns) + LETTER * max(map(len, rows)) + 1.6
    high = cells.height * len(rows) + LETTER * max(map(len, columns)) + 1.3
    with house_style():
        figure = Picture(max(wide, 4.6), max(high, 3.0), style)
        axes = figure.add_subplot()
        width = max(wide, 4.6)
        # It begins beside the names of the rows, and may stand above the colour bar.
        across, fit = (width - LETTER * max(map(len, rows)) - 0.4) * BOLD, figure.sheet.fit
        title = wrap_sentences([picture.headline], max(12, int(across * fit)))
        write_heading(
            axes, title, wrap_sentences([*blank_cells(picture), *narrow_colours(picture)], int(width * 13 * fit))
        )
        _draw_cells(axes, cells)
        _name(axes, rows, columns, cells)
        axes.set(ylabel=figure_text(picture.sides[0]), xlabel=figure_text(picture.sides[1]))
        bar = figure.colorbar(ScalarMappable(cells.norm, DEPTH), ax=axes, pad=0.02, aspect=28)
        label = f"{picture.label} (log scale)" if cells.log else picture.label
        bar.set_label(wrap_sentences([label], int((max(high, 3.0) - 1) * 13)))
        (tick_log if cells.log else tick_evenly)(bar.ax.yaxis, cells.norm.vmin or 0.0, cells.norm.vmax or 0.0)
        explain(figure, {"no value": Patch(**BLANK)} if cells.blank.any() else {})
    return figure


def blank_cells(picture: HeatMap) -> list[str]:
    """Return in a sentence which cells are blank."""
    blank = int(Cells.of(picture).blank.sum())
    return [f"{count_noun(blank, 'cell has', 'cells have')} no value."] if blank else []


def narrow_colours(picture: HeatMap) -> list[str]:
    """Return in a sentence that colours show less than half of what is possible: small differences look large."""
    (least, most), norm = picture.limits, Cells.of(picture).norm
    low, high = norm.vmin or 0.0, norm.vmax or 0.0
    if least is None or most is None or high - low >= (most - least) / 2:
        return []
    return [f"The colours show {number(low)} to {number(high)}, of {number(least)} to {number(most)}."]


def alt_text(picture: HeatMap) -> str:
    """Return the alternative text of a heat map."""
    cells = Cells.of(picture).values
    known = cells[np.isfinite(cells)]
    ends = f", from {number(known.min())} to {number(known.max())}" if len(known) else ""
    size = f"{count_noun(len(picture.rows), 'row')} and {count_noun(len(picture.columns), 'column')}"
    return f"Heat map of {picture.label} with {size}{ends}."


def _draw_cells(axes: Axes, cells: Cells) -> None:
    rows, columns = cells.values.shape
    small = max(rows, columns) <= LARGEST
    between: dict[str, Any] = {"edgecolors": "white", "linewidth": 0.8} if small else {"rasterized": True}
    shown = np.ma.masked_array(cells.values, np.isnan(cells.values) | cells.left_out)
    axes.pcolormesh(shown, norm=cells.norm, cmap=DEPTH, **between)
    for row, column in np.argwhere(cells.blank):
        axes.add_patch(Rectangle((column, row), 1, 1, **BLANK))
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    if small:
        _write(axes, cells)


def _write(axes: Axes, cells: Cells) -> None:
    """Write the figures, as large as the widest fits its cell; none if that is too small to read."""
    places = np.argwhere(np.isfinite(cells.values) & ~cells.left_out)
    # A figure with a spread below it needs one more digit.
    written = [_short(cells.values[row, column], 3 if cells.notes else 2) for row, column in places]
    share = sheet_of(axes.get_figure(root=True)).share
    fits = share * min(_fit(written, cells), 72 * cells.height / 1.3, 9.5)
    if fits < SMALLEST:
        return
    notes = [cells.notes[row][column] for row, column in places] if cells.notes else []
    small = share * min(_fit([line for note in notes for line in note.splitlines()], cells), 0.2 * 72 * cells.height)
    above = 0.2 if notes and small >= SMALLEST else 0.0  # of a figure over its cell's middle, to leave its note room
    for (row, column), text in zip(places, written, strict=True):
        _put(axes, cells, (row, column), text, (-above, fits))
    for (row, column), note in zip(places, notes if above else (), strict=bool(above)):
        _put(axes, cells, (row, column), note, (above, small))


def _fit(written: Sequence[str], cells: Cells) -> float:
    """Return the points in which the widest text is as wide as a cell."""
    return 72 * cells.width / (0.68 * max(map(len, written), default=1))


def _put(axes: Axes, cells: Cells, place: tuple[int, int], text: str, how: tuple[float, float]) -> None:
    """Write a text, so far below its cell's middle and in so many points."""
    (row, column), (below, points) = place, how
    shown = "\n".join(figure_text(line) for line in text.splitlines())
    label = axes.text(column + 0.5, row + 0.5 + below, shown, ha="center", va="center", fontsize=points)
    label.set(color=_readable(DEPTH(cells.norm(cells.values[place]))), linespacing=1.1)
    label.set_in_layout(False)


def _short(value: float, digits: int) -> str:
    """Return a figure with so many digits, or as an integer."""
    return number(float(round(value)) if 10 ** (digits - 1) <= abs(value) < 1e5 else value, digits)


def _readable(colour: tuple[float, ...]) -> str:
    """Return white on dark colours and ink on pale ones, by WCAG's relative luminance."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
    # White and ink contrast alike with a luminance of about 0.22.
    return "white" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.22 else INK


def _name(axes: Axes, rows: tuple[str, ...], columns: tuple[str, ...], cells: Cells) -> None:
    """Name rows and columns; where names would touch, only some of them."""
    thin = [max(1, int(np.ceil(0.15 / length))) for length in (cells.height, cells.width)]
    axes.set_yticks(np.arange(len(rows))[:: thin[0]] + 0.5, rows[:: thin[0]])
    axes.set_xticks(np.arange(len(columns))[:: thin[1]] + 0.5, columns[:: thin[1]])
    if LETTER * max(map(len, columns)) > 0.9 * cells.width:
        axes.tick_params(axis="x", labelrotation=90)
    axes.tick_params(length=0, labelcolor=INK)
