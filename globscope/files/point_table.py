"""Landscapes from CSV: columns of coordinates and of fields, as ParaView and spreadsheets have them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import numpy as np

from globscope.errors import FileError
from globscope.files.arrays import axis, numbers
from globscope.files.axes import coordinate_names
from globscope.files.plain import check_edges
from globscope.files.scattered import (
    TRIANGULATED,
    is_own,
    landscape_of,
    lattice_samples_of,
    spread_axes,
    triangulated_samples,
)
from globscope.files.table import NEIGHBOURS, unescape_formula
from globscope.reading import NumberColumns, read_number_columns
from globscope.values.landscape import Landscape, Samples

ROWS = "CSV with a row for each point: coordinates x, y, z or x1, x2 …, and fields"
# How coordinates are called: by GlobScope and most others, for many axes, by data frames, and by ParaView's exports.
FAMILIES = (tuple("xyz"), "x{}", "latent_{}", "points:{}", "points_{}")
FIELD = "values"


def read_point_table(path: Path, wanted: str | None = None) -> Landscape:
    """Return the landscape of a CSV file; a sample's number is its row's, from 0.

    Points that fill a lattice are one. Others are joined by the column `neighbours`, if there is one, and else
    triangulated; those of GlobScope's own files are scattered samples as in their run.

    Args:
        path: Where the file is.
        wanted: Name of the field that must be there; None for any.

    Raises:
        FileError: It is no such table, `wanted` is a column of text, or two rows without neighbours give one point
            different values.
    """
    columns = read_number_columns(path, ROWS, as_text=(NEIGHBOURS,))
    if wanted is not None and wanted in columns.unusable:
        raise FileError(f"{path}: {wanted!r} {columns.unusable[wanted]}")
    if not any(map(len, columns.numbers.values())):
        raise FileError(f"{path}: has a heading, but no row of numbers; expected {ROWS}")
    axes, fields = _parts(path, columns)
    points = np.stack([axis(path, name, values) for name, values in axes.items()], axis=1)
    if not fields:
        raise FileError(
            f"{path}: has coordinates {', '.join(axes)}, but no column of numbers beside them; a field among these "
            "needs another name, such as 'loss'"
        )
    if not (is_own(fields) or NEIGHBOURS in columns.texts):  # there, several samples may lie at one place
        _require_one_value_each(path, points, fields)
    return landscape_of(_samples(path, points, columns, is_own(fields)), fields)


def _require_one_value_each(path: Path, points: np.ndarray, fields: Mapping[str, np.ndarray]) -> None:
    """Refuse (n, d) points of which two are the same and differ in a field: nothing says which value holds."""
    order = np.lexsort(points.T[::-1])  # stable: rows of one point stay as in the file
    same = (np.diff(points[order], axis=0) == 0).all(axis=1)
    for name, values in fields.items():
        one, other = values[order[:-1]], values[order[1:]]
        unlike = same & (one != other) & ~(np.isnan(one) & np.isnan(other))
        if unlike.any():
            k = int(np.argmax(unlike))
            raise FileError(
                f"{path}: data rows {order[k] + 1} and {order[k + 1] + 1} are both at "
                f"({', '.join(f'{x:g}' for x in points[order[k]])}), but have {name!r} {one[k]:g} and {other[k]:g}; "
                "expected one value for each point"
            )


def _parts(path: Path, columns: NumberColumns) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return coordinates and fields by name; without a heading, the last column is the field."""
    if not columns.has_heading:
        *along, last = columns.numbers.values()
        if not 1 <= len(along) <= TRIANGULATED:
            raise FileError(
                f"{path}: has {len(along) + 1} columns without a heading, and two to four are accepted, x, y, z and a "
                "field; save a matrix of values as .npz with 'values'"
            )
        return dict(zip(coordinate_names(len(along)), along, strict=True)), {FIELD: last}
    named = {unescape_formula(name): values for name, values in columns.numbers.items()}
    names = _coordinates(named)
    if not names:
        known = ", ".join(map(repr, named)) or "no numbers"
        raise FileError(f"{path}: has no coordinates: its columns are {known}; expected {ROWS}")
    axes = {name: named.pop(name) for name in names}
    return axes, {name: numbers(path, name, values) for name, values in named.items()}


def _coordinates(columns: Mapping[str, np.ndarray]) -> Sequence[str]:
    """Return the names of the columns of coordinates, whatever their case."""
    written = {name.lower(): name for name in columns}
    for family in FAMILIES:
        names = [written[name] for name in _family_names(family, written)]
        if names:
            return names
    return ()


def _family_names(family: str | tuple[str, ...], written: Mapping[str, str]) -> Iterator[str]:
    """Yield the names of a family up to the first that is not there; numbers begin with 0 or 1."""
    first = 0 if not isinstance(family, tuple) and family.format(0) in written else 1
    for name in family if isinstance(family, tuple) else (family.format(number) for number in count(first)):
        if name not in written:
            return
        yield name


def _samples(path: Path, points: np.ndarray, columns: NumberColumns, own: bool) -> Samples:
    if NEIGHBOURS in columns.texts:
        pairs = _edges(path, columns.texts[NEIGHBOURS])
        return Samples(points=points, edges=check_edges(path, pairs, len(points)))
    kept = points if own else spread_axes(points)
    return lattice_samples_of(kept) or (Samples(points=kept) if own else triangulated_samples(kept))


def _edges(path: Path, cells: Sequence[str]) -> np.ndarray:
    try:
        pairs = [(row, int(other)) for row, cell in enumerate(cells) for other in cell.split()]
        return np.array(pairs, np.int64).reshape(-1, 2)
    except (ValueError, OverflowError) as error:
        raise FileError(f"{path}: {NEIGHBOURS!r} must hold numbers of rows between spaces: {error}") from error
