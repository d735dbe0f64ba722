"""Columns of numbers from CSV of any origin, a line at a time: the text of a large file is never in memory whole."""

import csv
import re
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from globscope.errors import FileError
from globscope.reading.bounds import CSV_BYTES, MIB, unreadable

SEPARATORS = ",;\t"
# Python's own numbers, less the underscores that it allows between digits.
NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*(e[+-]?\d+)?|\.\d+(e[+-]?\d+)?|nan|inf|infinity)\s*", re.IGNORECASE | re.ASCII)


@define(frozen=True, kw_only=True)
class NumberColumns:
    """The columns of a CSV file.

    Attributes:
        numbers: (n,) float64 by name; an empty cell is NaN. Without a heading, the names are `1`, `2` …
        texts: n cells by name, of the columns that were asked for as text.
        unusable: Why a column is none of numbers, by name.
        has_heading: Whether the file names its columns.
    """

    numbers: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    texts: Mapping[str, Sequence[str]] = field(eq=False, repr=False)
    unusable: Mapping[str, str]
    has_heading: bool


class _Column:
    """A column that is being read."""

    def __init__(self) -> None:
        self.numbers = array("d")
        self.known = 0
        self.first_bad: tuple[int, str] | None = None

    def add(self, row: int, cell: str) -> None:
        if is_number := NUMBER.fullmatch(cell) is not None:
            self.known += 1
        elif cell.strip():
            self.first_bad = self.first_bad or (row, cell)
        self.numbers.append(float(cell) if is_number else np.nan)


def read_number_columns(path: Path, what: str, as_text: Collection[str] = ()) -> NumberColumns:
    """Return the columns of a CSV file with commas, semicolons or tabs between its cells, with a heading or without.

    A first row of numbers alone is no heading. A heading may begin with `#`, as NumPy writes it; columns without a
    name, as pandas' index, are left out, and so are empty lines.

    Args:
        path: Where the file is.
        what: What would be accepted, for messages.
        as_text: Names of columns that are kept as text.

    Raises:
        FileError: The file cannot be read, is too large or is not UTF-8; it has one name twice, rows of different
            lengths, or a cell that is no number in a column of numbers.
    """
    try:
        if path.stat().st_size > CSV_BYTES:
            raise FileError(f"{path}: is larger than {CSV_BYTES // MIB} MiB; expected {what}")
        with path.open(encoding="utf-8-sig", newline="") as opened:
            return _columns(_rows(opened), as_text)
    except OSError as error:
        raise FileError(f"{path}: {unreadable(path, error)}; expected {what}") from error
    except (ValueError, csv.Error) as error:
        raise FileError(f"{path}: is damaged ({error}); expected {what}") from error


def _rows(opened: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not empty, with their numbers from 1."""
    first = next((line for line in opened if line.strip()), "")
    separator = max(SEPARATORS, key=first.count)
    for number, row in enumerate(csv.reader(chain([first], opened), delimiter=separator), start=1):
        if row:
            yield number, row


def _columns(rows: Iterator[tuple[int, list[str]]], as_text: Collection[str]) -> NumberColumns:
    first = next(rows, None)
    if first is None:
        raise ValueError("it has no row")
    has_heading = not all(NUMBER.fullmatch(cell) for cell in first[1])
    names = _heading(first[1]) if has_heading else [str(number) for number in range(1, len(first[1]) + 1)]
    columns, texts = [_Column() for _ in names], {name: list[str]() for name in names if name in as_text}
    for number, row in rows if has_heading else chain([first], rows):
        if len(row) != len(names):
            raise ValueError(f"row {number} has {len(row)} cells, row 1 has {len(names)}")
        for name, column, cell in zip(names, columns, row, strict=True):
            texts[name].append(cell) if name in texts else column.add(number, cell)
    named = {name: column for name, column in zip(names, columns, strict=True) if name and name not in texts}
    unusable = {name: _flaw(name, column) for name, column in named.items() if column.first_bad}
    numbers = {name: np.array(column.numbers) for name, column in named.items() if name not in unusable}
    return NumberColumns(numbers=numbers, texts=texts, unusable=unusable, has_heading=has_heading)


def _heading(row: list[str]) -> list[str]:
    names = [cell.strip() for cell in [row[0].removeprefix("#"), *row[1:]]]
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two columns are called {twice!r}")
    return names


def _flaw(name: str, column: _Column) -> str:
    """Return why a column is of text; refuse one of numbers with a cell that is none."""
    assert column.first_bad is not None
    row, cell = column.first_bad
    shown = cell if len(cell) <= 20 else f"{cell[:20]}…"
    if column.known:
        raise ValueError(f"row {row} has {shown!r} in column {name!r}, which is no number")
    return f"holds text, such as {shown!r}"
