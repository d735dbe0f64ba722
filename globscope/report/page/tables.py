"""The findings' tables as CSV files."""

import csv
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from globscope.files.table import neutral
from globscope.report.style.text import Names
from globscope.store import own_folder, write_bytes
from globscope.values.findings import Finding, Table


def write_tables(folder: Path, findings: Mapping[str, Finding]) -> dict[tuple[str, str], str]:
    """Write every table; return the files' paths in `folder`, by the analysis' and the table's name."""
    names, written = Names(), {}
    own_folder(folder, "tables")
    for analysis, finding in findings.items():
        for table in finding.tables:
            path = f"tables/{names.unique(analysis, table.name)}.csv"
            write_bytes(folder / path, as_csv(table).encode())
            written[analysis, table.name] = path
    return written


def as_csv(table: Table) -> str:
    """Return a table as CSV: full precision, and nothing between the commas for a missing figure."""
    text = StringIO(newline="")
    writer = csv.DictWriter(text, table.columns, restval="", extrasaction="ignore")
    writer.writerow({key: neutral(key) for key in table.columns})
    writer.writerows({key: _written(row.get(key)) for key in table.columns} for row in table.rows)
    return text.getvalue()


def _written(value: object) -> object:
    return "" if value is None else neutral(value)
