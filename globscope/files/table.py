"""Landscapes as CSV, a row for each sample, for ParaView's TableToPoints and spreadsheets."""

import csv
import re
from collections.abc import Mapping, Sequence
from io import StringIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from globscope.files.axes import coordinate_names
from globscope.store import write_bytes
from globscope.topology.adjacency import edge_ends, neighbours, resolve_adjacency, sample_edges
from globscope.values.landscape import Landscape, Samples

# The beginning of a text that a spreadsheet would compute, with quotes before it, so that escapes are reversible.
FORMULA = re.compile(r"'*[=+\-@\t\r]")


# The column of a sample's neighbours.
NEIGHBOURS = "neighbours"


def write_table(path: Path, landscape: Landscape) -> None:
    """Write coordinates, every field and the trust figures in full precision, and neighbours that these do not tell."""
    points = landscape.samples.points
    axes = dict(zip(coordinate_names(points.shape[1]), points.T, strict=True))
    write_bytes(path, as_csv(axes | point_data(landscape) | _neighbour_column(landscape.samples)).encode())


def _neighbour_column(samples: Samples) -> dict[str, Sequence[str]]:
    """Return the numbers of each sample's later neighbours, between spaces, where the points alone do not tell them."""
    kind, count = resolve_adjacency(samples, "auto"), len(samples.points)
    if samples.edges is None and (samples.shape is None or _fills_lattice(samples)):
        return {}
    own = kind == "own"
    ends = sample_edges(samples, kind) if own else np.stack(edge_ends(neighbours(samples, np.arange(count))), axis=1)
    later: list[list[int]] = [[] for _ in range(count)]
    for low, high in np.unique(np.sort(ends, axis=1), axis=0).tolist():
        later[low].append(high)
    return {NEIGHBOURS: [" ".join(map(str, row)) for row in later]}


def _fills_lattice(samples: Samples) -> bool:
    """Return whether the points tell their places: each of a lattice has one, and coordinates rise along its axes."""
    lines = samples.lines
    rising = lines is not None and all((np.diff(line) > 0).all() for line in lines)
    return rising and prod(samples.shape or ()) == len(samples.points)


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
