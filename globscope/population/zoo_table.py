"""Tables of networks and of their figures: CSV, Parquet, JSON and lines of JSON. Cells are data; none is executed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from math import isnan
from pathlib import Path
from typing import Any

from attrs import define

from globscope.errors import FileError, PopulationError, near
from globscope.reading import read_csv, read_json, read_json_lines

# What a cell without a value says; the words are those of pandas.
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "<na>"})
TRUTHS = {"true": True, "false": False}
INTEGER = re.compile(r"[+-]?[0-9]+")
KINDS = (".csv", ".parquet", ".json", ".jsonl")
WHAT = f"a table: {', '.join(KINDS)}"
# Nested entries of JSON are columns `outer/inner`, as Ray Tune writes them into CSV.
BETWEEN = "/"
# How many cells a Parquet table may have; in Python each takes some 50 bytes.
CELLS = 20_000_000


@define(frozen=True, kw_only=True)
class Table:
    """A table of a file.

    Attributes:
        path: Path of the file that holds it.
        columns: Values by the columns' names, one a row: numbers, truth values and texts; None where there is none.
        first: What the file calls its first row: 2 where a heading is the first.
    """

    path: Path
    columns: Mapping[str, Sequence[Any]]
    first: int = 1

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows by name; values that are missing are left out."""
        rows = zip(*self.columns.values(), strict=True)
        return [
            {name: value for name, value in zip(self.columns, row, strict=True) if value is not None} for row in rows
        ]

    def place(self, row: int) -> str:
        """Return where a row is, for messages."""
        return f"{self.path} row {row + self.first}"

    def require(self, name: str, option: str) -> None:
        """Refuse a table without a column.

        Raises:
            PopulationError: There is no such column; `option` is the key of the spec that names another.
        """
        if name not in self.columns:
            raise PopulationError(
                f"{self.path}: has no column {name!r}; {near(name, self.columns)}; columns = "
                f'{{ {option} = "…" }} names another'
            )


def read_table(path: Path) -> Table:
    """Return the table in a file.

    Raises:
        PopulationError: It cannot be read, or has no known suffix.
    """
    readers = {".csv": _csv, ".parquet": _parquet, ".json": _json, ".jsonl": _json}
    if path.suffix.lower() not in readers:
        raise PopulationError(f"{path}: is no table by its name; accepted are {', '.join(KINDS)}")
    try:
        columns = readers[path.suffix.lower()](path)
    except FileError as error:
        raise PopulationError(str(error)) from error
    named = {name: values for name, values in columns.items() if name}  # pandas' CSV has an index without a name
    return Table(path=path, columns=named, first=2 if path.suffix.lower() == ".csv" else 1)


def _csv(path: Path) -> dict[str, Sequence[Any]]:
    return {name.strip(): _column_values(cells) for name, cells in read_csv(path, "CSV with a heading").items()}


def _column_values(cells: Sequence[str]) -> list[Any]:
    """Return a column as numbers or truth values where all of its cells are, else as text."""
    given = [None if cell.strip().lower() in MISSING else cell.strip() for cell in cells]
    known = [cell for cell in given if cell is not None]
    if all(cell.lower() in TRUTHS for cell in known):
        return [None if cell is None else TRUTHS[cell.lower()] for cell in given]
    if all(INTEGER.fullmatch(cell) and len(cell) < 19 for cell in known):
        return [None if cell is None else int(cell) for cell in given]
    try:
        return [None if cell is None else _number(cell) for cell in given]
    except ValueError:
        return given


def _number(cell: str) -> float:
    if "_" in cell:  # Python reads 1_000 as a number; tables do not
        raise ValueError(cell)
    return float(cell)


def _parquet(path: Path) -> dict[str, Sequence[Any]]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise PopulationError(f"{path}: Parquet needs pyarrow: pip install 'globscope[tables]'") from error
    try:
        # A file's own path, opened here: as text, pyarrow would take some names for addresses.
        with path.open("rb") as opened:
            table = ParquetFile(opened)
            rows, width = table.metadata.num_rows, table.metadata.num_columns
            if rows * width > CELLS:  # a few bytes may stand for any number of equal rows
                raise PopulationError(f"{path}: {rows:,} rows of {width} columns are more than {CELLS:,} cells")
            columns = table.read().to_pydict()
    except (OSError, ArrowException) as error:
        raise FileError(f"{path}: is damaged, or no Parquet ({error}); expected {WHAT}") from error
    return {str(name): [_plain(value) for value in values] for name, values in columns.items()}


def _json(path: Path) -> dict[str, Sequence[Any]]:
    """Return the columns of one JSON object, of a list of objects, or of lines with one object each."""
    lines = read_json_lines(path, WHAT)
    if not all(isinstance(line, dict) for line in lines):
        whole = read_json(path, WHAT)
        lines = whole if isinstance(whole, list) else [whole]
    if not all(isinstance(line, dict) for line in lines):
        raise FileError(f"{path}: holds no objects; expected {WHAT}")
    rows = [dict(_flat(line)) for line in lines]
    names = dict.fromkeys(chain.from_iterable(rows))
    return {name: [row.get(name) for row in rows] for name in names}


def _flat(entries: Mapping[str, Any], start: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the entries of an object, and those of the objects in it with the names of both."""
    for name, value in entries.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{start}{name}{BETWEEN}")
        else:
            yield start + name, _plain(value)


def _plain(value: Any) -> bool | int | float | str | None:
    """Return a value of a cell as a number, a truth value or text."""
    if value is None or (isinstance(value, float | Decimal) and isnan(value)):
        return None
    if isinstance(value, Decimal):
        return float(value)
    return value if isinstance(value, bool | int | float) else str(value)
