"""Landscapes as CSV, a row for each sample, for ParaView's TableToPoints and spreadsheets."""

import csv
import re
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from globscope.files.axes import coordinate_names
from globscope.store import write_bytes
from globscope.values.landscape import Landscape

# The beginning of a text that a spreadsheet would compute, with quotes before it, so that escapes are reversible.
FORMULA = re.compile(r"'*[=+\-@\t\r]")


def write_table(path: Path, landscape: Landscape) -> None:
    """Write coordinates, every field and the trust figures, in full precision."""
    points = landscape.samples.points
    axes = dict(zip(coordinate_names(points.shape[1]), points.T, strict=True))
    write_bytes(path, as_csv(axes | point_data(landscape)).encode())


def point_data(landscape: Landscape) -> dict[str, np.ndarray]:
    """Return all per-sample figures of a landscape by name; `trusted` as 0 and 1."""
    trust = {"distance_to_member": landscape.distance_to_member, "trusted": landscape.trusted.astype(np.uint8)}
    cycle = {} if landscape.cycle_error is None else {"cycle_error": landscape.cycle_error}
    return {**landscape.fields, **trust, **cycle}


def escape_formula(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: text that begins like one gets a `'` before it."""
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def unescape_formula(cell: str) -> str:
    """Return the text before `escape_formula`."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell[1:]) else cell


def as_csv(columns: Mapping[str, Sequence[Any] | np.ndarray]) -> str:
    """Return columns of equal length as CSV, with the shortest floats that read back unchanged, `nan` and `inf`."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(escape_formula, columns))
    plain = [each.tolist() if isinstance(each, np.ndarray) else map(escape_formula, each) for each in columns.values()]
    writer.writerows(zip(*plain, strict=True))
    return text.getvalue()
