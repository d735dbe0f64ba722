"""The findings' tables as CSV files."""

import csv
from io import StringIO
from pathlib import Path

from attrs import define, field

from globscope.files.table import escape_formula
from globscope.report.style.text import Names
from globscope.store import own_folder, write_bytes
from globscope.values.findings import Table


@define(frozen=True)
class TableFiles:
    """The `tables/` of a run folder; no two tables get one file."""

    _folder: Path
    _names: Names = field(factory=Names)

    @classmethod
    def of(cls, folder: Path) -> "TableFiles":
        """Return those of a run folder, which is GlobScope's own."""
        own_folder(folder, "tables")
        return cls(folder)

    def write(self, table: Table, *source: str) -> str:
        """Write a table as CSV; return its path in the run folder, made of its name and of where it comes from."""
        path = f"tables/{self._names.unique(*source, table.name)}.csv"
        write_bytes(self._folder / path, as_csv(table).encode())
        return path


def as_csv(table: Table) -> str:
    """Return a table as CSV: full precision, and nothing between the commas for a missing figure."""
    text = StringIO(newline="")
    writer = csv.DictWriter(text, table.columns, restval="", extrasaction="ignore")
    writer.writerow({key: escape_formula(key) for key in table.columns})
    writer.writerows({key: _csv_cell(row.get(key)) for key in table.columns} for row in table.rows)
    return text.getvalue()


def _csv_cell(value: object) -> object:
    return "" if value is None else escape_formula(value)
