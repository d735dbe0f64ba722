"""The maps side by side: a column a map, a row a figure of those by which a study's results compare them."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define

from globscope.report.style.text import cell_text
from globscope.values.findings import Cell, Figure, Table


@define(frozen=True, kw_only=True)
class Row:
    """One figure of all maps.

    Attributes:
        figure: Declaration of the figure, with label and meaning.
        cells: Text of its value for each map.
        best: For each map, whether no other is better.
    """

    figure: Figure
    cells: tuple[str, ...]
    best: tuple[bool, ...]


@define(frozen=True, kw_only=True)
class ComparedMaps:
    """The maps, as people compare them.

    Attributes:
        names: Names of the maps.
        rows: One for each figure.
    """

    names: tuple[str, ...]
    rows: tuple[Row, ...]


def comparison_table(record: Mapping[str, Any]) -> Table | None:
    """Return the figures of a study's results with a row a map; None where nothing is compared."""
    maps, figures = record.get("reducers", ()), _figures(record)
    if not maps or not figures:
        return None
    columns = ("name", *(figure.key for figure in figures))
    rows = tuple({key: one.get(key) for key in columns} for one in maps)
    return Table(name="comparison", caption="", columns=columns, rows=rows)


def compared_maps(record: Mapping[str, Any]) -> ComparedMaps | None:
    """Return the figures of a study's results with a column a map; None where nothing is compared."""
    table = comparison_table(record)
    if table is None:
        return None
    draws = record.get("manifest", {}).get("draws", {})
    noise = {name: drawn["standard_deviation"] for name, drawn in draws.items()}
    rows = tuple(
        _row(figure, [row[figure.key] for row in table.rows], noise.get(figure.field, 0.0))
        for figure in _figures(record)
    )
    return ComparedMaps(names=tuple(cell_text(row["name"]) for row in table.rows), rows=rows)


def _figures(record: Mapping[str, Any]) -> tuple[Figure, ...]:
    return tuple(Figure(**declared) for declared in record.get("comparison", ()))


def _row(figure: Figure, values: Sequence[Cell], noise: float) -> Row:
    cells = tuple(map(cell_text, values))
    return Row(figure=figure, cells=cells, best=_best(values, cells, figure.better, noise))


def _best(values: Sequence[Cell], cells: Sequence[str], better: str, noise: float) -> tuple[bool, ...]:
    """Mark the best value, and what reads the same or lies within the noise of it; none where all known values do."""
    known = [value for value in values if isinstance(value, int | float)]
    if not better or not known:
        return (False,) * len(values)
    winner = min(known) if better == "low" else max(known)
    text = cells[values.index(winner)]
    best = tuple(
        isinstance(value, int | float) and (cell == text or abs(value - winner) <= noise)
        for value, cell in zip(values, cells, strict=True)
    )
    return best if sum(best) < len(known) else (False,) * len(values)
