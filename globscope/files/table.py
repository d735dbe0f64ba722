"""Landscapes as CSV, a row for each sample: what ParaView's TableToPoints and every spreadsheet read."""

import csv
import re
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from globscope.files.axes import named
from globscope.store import write_bytes
from globscope.values.landscape import Landscape

# How text begins that a spreadsheet would compute; with quotes before it, so that `original` can tell them apart.
FORMULA = re.compile(r"'*[=+\-@\t\r]")


def write(path: Path, scape: Landscape) -> None:
    """Write coordinates, every field and the trust figures, in full precision."""
    points = scape.samples.points
    axes = dict(zip(named(points.shape[1]), points.T, strict=True))
    write_bytes(path, as_csv(axes | point_data(scape)).encode())


def point_data(scape: Landscape) -> dict[str, np.ndarray]:
    """Return all per-sample figures of a landscape by name; `trusted` as 0 and 1."""
    about = {"distance_to_member": scape.distance_to_member, "trusted": scape.trusted.astype(np.uint8)}
    cycle = {} if scape.cycle_error is None else {"cycle_error": scape.cycle_error}
    return {**scape.fields, **about, **cycle}


def neutral(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula: text that begins like one, with `'` before it."""
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def original(cell: str) -> str:
    """Return the text that `neutral` was given."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell[1:]) else cell


def as_csv(columns: Mapping[str, Sequence[Any] | np.ndarray]) -> str:
    """Return columns of equal length as CSV; floats as short as reads back the same, and `nan` or `inf` as they are."""
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(neutral, columns))
    plain = [each.tolist() if isinstance(each, np.ndarray) else map(neutral, each) for each in columns.values()]
    writer.writerows(zip(*plain, strict=True))
    return text.getvalue()
