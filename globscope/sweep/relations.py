"""Do landscapes tell anything of their networks? Figures of a sweep's cells against each other."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.errors import near
from globscope.report.style.text import number
from globscope.spec.cells import Relations
from globscope.sweep.figures import full, named
from globscope.sweep.subjects import beside
from globscope.values.findings import Cell, Table, finite_or_none
from globscope.values.pictures import Number, Panel, Plot, Series

CAPTION = (
    "Spearman's rank correlation of two figures over the cells that have both (n). A loss or an accuracy is of the "
    "networks that the other figure is of: beside a slice around one network, that network's (origin_…); beside one "
    "through several, or an analysis of some, the mean of these (subject_…). low, high: the middle 95 % of the "
    "correlations of cells drawn again with replacement; none with fewer than 8 cells, whose draws are too much alike, "
    "nor where hardly any cell differs from the others. "
    "An interval that holds 0 says that the sign is open. Cells that share networks or seeds are no independent "
    "observations, so their intervals are too narrow; and a common cause, such as the swept key itself, correlates too."
)
COLUMNS = ("of", "against", "correlation", "low", "high", "n")
MIDDLE = 0.95
# Cells below which there is no correlation, for two are always in perfect order, and no interval.
FEW, FEWEST = 3, 8
# Values of the first key that are told apart by colour.
COLOURS = 8


@define(frozen=True, kw_only=True)
class Relation:
    """One figure of the cells against another.

    Attributes:
        of: Name of the one.
        against: Of the other.
        x: (n,) of the cells that have both.
        y: (n,) likewise.
        groups: (n,) what the first swept key is there.
        correlation: Spearman's; None with fewer than three cells, or where one is constant.
        interval: Of the correlation.
    """

    of: str
    against: str
    x: np.ndarray = field(eq=False, repr=False)
    y: np.ndarray = field(eq=False, repr=False)
    groups: tuple[str, ...] = field(repr=False)
    correlation: Number
    interval: tuple[Number, Number]

    @property
    def row(self) -> dict[str, Cell]:
        """It as a table's row."""
        low, high = self.interval
        told = {"of": self.of, "against": self.against, "correlation": self.correlation}
        return told | {"low": low, "high": high, "n": len(self.x)}

    @property
    def title(self) -> str:
        """It as a panel's title."""
        if self.correlation is None:
            return f"no correlation, n = {len(self.x)}"
        known = ", ".join(number(end, 2) for end in self.interval if end is not None)
        return f"{number(self.correlation, 2)}{f' [{known}]' if known else ''}, n = {len(self.x)}"


def relations(asked: Relations, rows: Sequence[Mapping[str, Cell]], groups: Sequence[str]) -> list[Relation]:
    """Return the relations that are asked for between figures that some cell has.

    Args:
        asked: Which.
        rows: Of every cell, its figures and swept values by name.
        groups: Of every cell, what the first swept key is there.
    """
    found = [_relation(asked, of, against, rows, groups) for against in asked.against for of in asked.of]
    return [one for one in found if one is not None]


def _numbers(cells: Iterable[Cell]) -> np.ndarray:
    return np.array([cell if isinstance(cell, int | float) else np.nan for cell in cells], float)


def _relation(
    asked: Relations, of: str, against: str, rows: Sequence[Mapping[str, Cell]], groups: Sequence[str]
) -> Relation | None:
    """Return a relation between figures that are of the same networks; None where no cell has the one or the other."""
    horizontal, vertical = (_names(one, other, rows) for one, other in ((of, against), (against, of)))
    every_x, every_y = (_values(names, rows) for names in (horizontal, vertical))
    if not (np.isfinite(every_x).any() and np.isfinite(every_y).any()):
        return None
    both = np.flatnonzero(np.isfinite(every_x) & np.isfinite(every_y))
    x, y = every_x[both], every_y[both]
    found = correlation(x[None], y[None])
    return Relation(
        of=_label(of, horizontal),
        against=_label(against, vertical),
        x=x,
        y=y,
        groups=tuple(groups[row] for row in both.tolist()),
        correlation=finite_or_none(found[0]),
        interval=interval(x, y, asked.draws, np.random.default_rng(asked.seed)),
    )


def _names(name: str, other: str, rows: Sequence[Mapping[str, Cell]]) -> list[str | None]:
    """Return by cell the whole name of a figure: of a field, that of the networks which the other figure is of."""
    found = []
    for row in rows:
        own, figure = full(name, row), full(other, row)
        found.append(own if own is None or figure is None or own != name else beside(own, figure, row))
    return found


def _values(names: Sequence[str | None], rows: Sequence[Mapping[str, Cell]]) -> np.ndarray:
    return _numbers(None if name is None else row[name] for name, row in zip(names, rows, strict=True))


def _label(name: str, names: Sequence[str | None]) -> str:
    """Return what a figure is called: as it was asked for, unless another stands for it in all cells."""
    whole = {own for own in names if own is not None}
    only = whole.pop() if len(whole) == 1 else name
    return name if only == name or only.endswith(f".{name}") else only


def correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of each of (k, n) rows; NaN where one is constant or n < 3."""
    from scipy.stats import rankdata

    if x.shape[1] < FEW:
        return np.full(len(x), np.nan)
    one, two = (rankdata(values, axis=1) for values in (x, y))
    one, two = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (one, two))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: np.ndarray = (one * two).sum(axis=1) / np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))
    found[np.abs(found) > 1] = np.sign(found[np.abs(found) > 1])  # by rounding
    return found


def interval(x: np.ndarray, y: np.ndarray, draws: int, rng: np.random.Generator) -> tuple[Number, Number]:
    """Return the ends of the middle of the correlations of cells drawn again with replacement.

    None for few cells, and where more than a twentieth of the draws have no correlation: without those, which are of
    the cells that are most alike, the rest may not even hold the correlation of the cells.
    """
    if len(x) < FEWEST:
        return None, None
    drawn = rng.integers(len(x), size=(draws, len(x)))
    found = correlation(x[drawn], y[drawn])
    known = found[np.isfinite(found)]
    if len(known) < MIDDLE * draws:
        return None, None
    low, high = np.quantile(known, [(1 - MIDDLE) / 2, (1 + MIDDLE) / 2])
    return float(low), float(high)


def table(found: Sequence[Relation]) -> Table:
    """Return relations as a table."""
    return Table(name="relations", caption=CAPTION, columns=COLUMNS, rows=tuple(one.row for one in found))


def plots(found: Sequence[Relation], names: Mapping[str, str]) -> Iterator[Plot]:
    """Yield a scatter plot for every figure that others are set against, a panel for each; `names` are for people."""
    for against in dict.fromkeys(one.against for one in found):
        name, own = names.get(against, against), [one for one in found if one.against == against]
        panels = tuple(Panel(title=one.title, series=tuple(_series(one)), x=names.get(one.of, one.of)) for one in own)
        yield Plot(
            name=f"relations with {against}",
            caption=f"Every point is a cell. Above each panel: Spearman's correlation with {name}, its interval, n.",
            x="",
            y=name,
            panels=panels,
        )


def _series(one: Relation) -> Iterator[Series]:
    groups = list(dict.fromkeys(one.groups))
    groups = groups if len(groups) <= COLOURS else []
    for group in groups or ["cells"]:
        rows = [row for row, own in enumerate(one.groups) if not groups or own == group]
        yield Series(label=group, x=tuple(one.x[rows].tolist()), y=tuple(one.y[rows].tolist()), look="points")


def unknown(asked: Relations, written: Any, rows: Sequence[Mapping[str, Cell]]) -> Iterator[str]:
    """Yield a sentence for every figure that the spec itself names and no cell has; the defaults are only tried."""
    known = sorted({name for row in rows for name, value in row.items() if isinstance(value, int | float)})
    short = {name.rpartition(".")[2] for name in known}
    for side in ("of", "against"):
        for name in getattr(asked, side) if side in written else ():
            if all(named(name, row) is None for row in rows):
                hint = near(name, {*known, *short})
                hint = hint if hint.startswith("did") else "sweep.csv has those that there are"
                yield f"relations.{side}: no cell has a figure {name!r}; {hint}"
