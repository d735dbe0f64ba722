"""Plain .npz: a lattice of `values`, scattered `points` with `values`, or a landscape of a run folder."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from globscope.errors import FileError
from globscope.files.arrays import lattice_samples, numbers, unsampled_landscape, whole_numbers
from globscope.values.finite import finite_rows
from globscope.values.landscape import Landscape, Samples

# Vertices of a lattice with more axes have more neighbours than fit into memory.
MOST_AXES = 8
# Arrays of a run folder's landscape that are not fields.
NO_FIELDS = (
    "points",
    "index",
    "shape",
    "member_latents",
    "distance_to_member",
    "trusted",
    "cycle_error",
    "barycentric",
    "edges",
    "gradients",
)
BASIN, ARC = "basin_", "arc_"

Arrays = Mapping[str, np.ndarray]


def lattice_values(path: Path, arrays: Arrays) -> Landscape:
    """Return the landscape of an n-D array `values`, with index numbers as coordinates.

    Raises:
        FileError: It has no axis, or too many.
    """
    if "edges" in arrays:
        raise FileError(f"{path}: 'edges' goes with 'points'; the neighbours on a lattice follow from its shape")
    values = numbers(path, "values", arrays["values"])
    check_axes(path, "values", values)
    samples = lattice_samples(np.arange(size, dtype=float) for size in values.shape)
    return unsampled_landscape(samples, {"values": values.ravel()})


def check_axes(path: Path, name: str, values: np.ndarray) -> None:
    """Refuse an array that is not a lattice.

    Raises:
        FileError: It has no axis, or too many.
    """
    if not 1 <= values.ndim <= MOST_AXES:
        raise FileError(f"{path}: {name!r} must be a lattice of 1 to {MOST_AXES} axes, not of {values.ndim}")


def scattered_values(path: Path, arrays: Arrays) -> Landscape:
    """Return the landscape of (n, d) `points` with (n,) `values`, and (m, 2) `edges` if there are any.

    Raises:
        FileError: The arrays' shapes do not fit together.
    """
    points = check_points(path, arrays["points"])
    values = numbers(path, "values", arrays["values"])
    if values.shape != points.shape[:1]:
        raise FileError(f"{path}: 'values' must be one per point, ({len(points)},), not of shape {values.shape}")
    edges = check_edges(path, arrays["edges"], len(points)) if "edges" in arrays else None
    return unsampled_landscape(Samples(points=points, edges=edges), {"values": values})


def check_points(path: Path, array: np.ndarray) -> np.ndarray:
    """Return (n, d) points as float64.

    Raises:
        FileError: They have another shape, or are not finite.
    """
    points = numbers(path, "points", array)
    if points.ndim != 2:
        raise FileError(f"{path}: 'points' must be (n, d), a row for each point, not of shape {points.shape}")
    if not np.isfinite(points).all():
        row = int(np.flatnonzero(~finite_rows(points))[0])
        raise FileError(f"{path}: 'points' must be finite; row {row} is {points[row].tolist()}")
    return points


def check_edges(path: Path, array: np.ndarray, count: int) -> np.ndarray:
    """Return (m, 2) edges between points as int64.

    Raises:
        FileError: They have another shape, or lead to points that are not there.
    """
    edges = whole_numbers(path, "edges", array)
    if edges.ndim != 2 or edges.shape[1] != 2:
        raise FileError(f"{path}: 'edges' must be (m, 2), two numbers of points each, not of shape {edges.shape}")
    outside = ((edges < 0) | (edges >= count)).any(axis=1)
    if outside.any():
        row = int(np.flatnonzero(outside)[0])
        raise FileError(f"{path}: 'edges' must be numbers of the {count} points; row {row} is {edges[row].tolist()}")
    return edges


def run_landscape(path: Path, arrays: Arrays) -> Landscape:
    """Return a landscape of a run folder.

    Raises:
        FileError: The arrays' shapes do not fit together.
    """
    points = check_points(path, arrays["points"])
    fields = {
        name: numbers(path, name, array)
        for name, array in arrays.items()
        if name not in NO_FIELDS and not name.startswith((BASIN, ARC))
    }
    if not fields:
        raise FileError(f"{path}: holds no field, such as 'train_loss'")
    figures = {
        name: numbers(path, name, arrays[name]) for name in ("distance_to_member", "cycle_error") if name in arrays
    }
    figures["trusted"] = _flags(path, arrays["trusted"])
    for name, array in (fields | figures).items():
        if array.shape != (len(points),):
            raise FileError(f"{path}: {name!r} must be one per point, ({len(points)},), not of shape {array.shape}")
    index, shape = _places(path, arrays, len(points)) if "index" in arrays else (None, None)
    edges = check_edges(path, arrays["edges"], len(points)) if "edges" in arrays else None
    return Landscape(
        samples=Samples(points=points, index=index, shape=shape, edges=edges),
        fields=fields,
        distance_to_member=figures.get("distance_to_member", np.full(len(points), np.nan)),
        cycle_error=figures.get("cycle_error"),
        trusted=figures["trusted"],
    )


def _flags(path: Path, array: np.ndarray) -> np.ndarray:
    """Return an array of booleans, which other programs may write as 0 and 1."""
    if array.dtype.kind not in "biu" or not np.isin(array, (0, 1)).all():
        raise FileError(f"{path}: 'trusted' must hold true and false, or 0 and 1")
    return array.astype(bool)


def _places(path: Path, arrays: Arrays, count: int) -> tuple[np.ndarray, tuple[int, ...]]:
    index = whole_numbers(path, "index", arrays["index"])
    if index.ndim != 2 or len(index) != count:
        raise FileError(f"{path}: 'index' must have a row for each of the {count} points, not shape {index.shape}")
    shape = whole_numbers(path, "shape", arrays["shape"]) if "shape" in arrays else index.max(axis=0) + 1
    if shape.shape != index.shape[1:] or np.any(index < 0) or np.any(index >= shape):
        raise FileError(f"{path}: 'index' leads outside the lattice of shape {tuple(shape.tolist())}")
    if len(np.unique(index, axis=0)) < count:
        raise FileError(f"{path}: two rows of 'index' are the same place of the lattice")
    return index, tuple(map(int, shape))
