"""Correlations between the figures of a sweep's cells."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, evolve, field

from globscope.errors import near
from globscope.spec.cells import Relations
from globscope.sweep.figures import figure_value, full_name
from globscope.sweep.subjects import beside
from globscope.values.findings import Cell, Table
from globscope.values.finite import finite_or_none
from globscope.values.number import number
from globscope.values.pictures import Number
from globscope.values.rank_correlation import rank_correlation, rank_interval, ranks

CAPTION = (
    "Spearman's rank correlation of two figures over the cells that have both (n). A figure that ranks these cells "
    "like one before it, as minima rank them like saddles, has no row of its own. A loss or an accuracy is of the "
    "networks that the other figure is of: beside a slice around one network, that network's; beside one "
    "through several, or an analysis of some, the mean of these. low, high: the middle 95 % of the "
    "correlations of cells drawn again with replacement; none with fewer than 8 cells, whose draws are too much alike, "
    "nor where hardly any cell differs from the others. "
    "An interval that holds 0 says that the sign is open. Cells that share networks or seeds are not independent "
    "observations, so their intervals are too narrow; and a common cause, such as the swept key itself, correlates too."
)
COLUMNS = ("of", "against", "correlation", "low", "high", "n")


@define(frozen=True, kw_only=True)
class Relation:
    """The relation of two figures of the cells.

    Attributes:
        of: Name of the figure on the horizontal axis.
        against: Name of the figure on the vertical axis.
        x: (n,) values of the first figure, for the cells that have both.
        y: (n,) values of the second figure, for the same cells.
        groups: (n,) the first swept key's value in these cells.
        correlation: Spearman's rank correlation; None with fewer than three cells, or where a figure is constant.
        interval: Lower and upper end of the correlation's interval; None where there is none.
        alike: Names of further figures that rank the same cells like the first one.
    """

    of: str
    against: str
    x: np.ndarray = field(eq=False, repr=False)
    y: np.ndarray = field(eq=False, repr=False)
    groups: tuple[str, ...] = field(repr=False)
    correlation: Number
    interval: tuple[Number, Number]
    alike: tuple[str, ...] = ()

    def ranks_like(self, other: "Relation") -> bool:
        """Whether the first figure of both ranks the cells alike, beside the same second one."""
        same = self.against == other.against and np.array_equal(self.y, other.y) and self.groups == other.groups
        return same and np.array_equal(ranks(self.x[None]), ranks(other.x[None]))

    @property
    def row(self) -> dict[str, Cell]:
        """The row of a table."""
        low, high = self.interval
        row = {"of": self.of, "against": self.against, "correlation": self.correlation}
        return row | {"low": low, "high": high, "n": len(self.x)}

    @property
    def title(self) -> str:
        """The title of a panel."""
        if self.correlation is None:
            return f"no correlation, n = {len(self.x)}"
        known = ", ".join(number(end, 2) for end in self.interval if end is not None)
        return f"Spearman {number(self.correlation, 2)}{f' [{known}]' if known else ''}, n = {len(self.x)}"


def relations(wanted: Relations, rows: Sequence[Mapping[str, Cell]], groups: Sequence[str]) -> list[Relation]:
    """Return the wanted relations between figures that some cell has.

    Args:
        wanted: The names of the figures to relate.
        rows: Every cell's figures and swept values by name.
        groups: The first swept key's value in every cell.
    """
    candidates = [_relation(wanted, of, against, rows, groups) for against in wanted.against for of in wanted.of]
    kept: list[Relation] = []
    for relation in candidates:
        if relation is None or relation.of == relation.against:
            continue
        like = next((row for row, one in enumerate(kept) if relation.ranks_like(one)), None)
        if like is None:
            kept.append(relation)
        elif relation.of not in (kept[like].of, *kept[like].alike):
            kept[like] = evolve(kept[like], alike=(*kept[like].alike, relation.of))
    return kept


def _numbers(cells: Iterable[Cell]) -> np.ndarray:
    return np.array([cell if isinstance(cell, int | float) else np.nan for cell in cells], float)


def _relation(
    wanted: Relations, of: str, against: str, rows: Sequence[Mapping[str, Cell]], groups: Sequence[str]
) -> Relation | None:
    """Return a relation between figures of the same networks; None where no cell has one of them."""
    horizontal, vertical = (_names(name, other, rows) for name, other in ((of, against), (against, of)))
    every_x, every_y = (_values(names, rows) for names in (horizontal, vertical))
    if not (np.isfinite(every_x).any() and np.isfinite(every_y).any()):
        return None
    both = np.flatnonzero(np.isfinite(every_x) & np.isfinite(every_y))
    x, y = every_x[both], every_y[both]
    coefficients = rank_correlation(x[None], y[None])
    return Relation(
        of=_label(of, horizontal),
        against=_label(against, vertical),
        x=x,
        y=y,
        groups=tuple(groups[row] for row in both.tolist()),
        correlation=finite_or_none(coefficients[0]),
        interval=rank_interval(x, y, wanted.draws, np.random.default_rng(wanted.seed)),
    )


def _names(name: str, other: str, rows: Sequence[Mapping[str, Cell]]) -> list[str | None]:
    """Return each cell's full name of a figure; a field is taken of the networks that the other figure is about."""
    names = []
    for row in rows:
        whole, figure = full_name(name, row), full_name(other, row)
        names.append(whole if whole is None or figure is None or whole != name else beside(whole, figure, row))
    return names


def _values(names: Sequence[str | None], rows: Sequence[Mapping[str, Cell]]) -> np.ndarray:
    return _numbers(None if name is None else row[name] for name, row in zip(names, rows, strict=True))


def _label(name: str, names: Sequence[str | None]) -> str:
    """Return the label of a figure: the name in the spec, unless all cells use another figure for it."""
    whole = {figure for figure in names if figure is not None}
    only = whole.pop() if len(whole) == 1 else name
    return name if only == name or only.endswith(f".{name}") else only


def relations_table(relations_: Sequence[Relation]) -> Table:
    """Return relations as a table."""
    return Table(
        name="relations", caption=CAPTION, columns=COLUMNS, rows=tuple(relation.row for relation in relations_)
    )


def unknown_figures(wanted: Relations, written: Any, rows: Sequence[Mapping[str, Cell]]) -> Iterator[str]:
    """Yield a sentence for every figure that the spec names and no cell has; missing defaults are not reported."""
    known = sorted({name for row in rows for name, value in row.items() if isinstance(value, int | float)})
    short = {name.rpartition(".")[2] for name in known}
    for side in ("of", "against"):
        for name in getattr(wanted, side) if side in written else ():
            if all(figure_value(name, row) is None for row in rows):
                hint = near(name, {*known, *short})
                hint = hint if hint.startswith("did") else "sweep.csv has those that there are"
                yield f"relations.{side}: no cell has a figure {name!r}; {hint}"
