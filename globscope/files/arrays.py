"""Arrays from files of any origin, checked before use."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from globscope.errors import FileError
from globscope.values.landscape import Landscape, Samples

# Float64 holds all integers up to here, but not all beyond.
EXACT = 2**53


def numbers(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    """Return an array of real numbers as float64, unchanged: no integer is rounded, no long double overflows.

    Raises:
        FileError: It holds something else, nothing, or a number that float64 does not have.
    """
    if array.dtype.kind not in "iuf":
        raise FileError(f"{path}: {name!r} must hold real numbers, not {array.dtype}")
    if not array.size:
        raise FileError(f"{path}: {name!r} is empty, of shape {array.shape}")
    inexact = _inexact(array.ravel())
    if inexact.size:
        raise FileError(
            f"{path}: {name!r} holds {inexact[0]}, which float64 cannot hold exactly (integers beyond 2^53 are "
            "rounded); subtract an offset, or store floating-point numbers"
        )
    return array.astype(np.float64)


def _inexact(array: np.ndarray) -> np.ndarray:
    """Return the numbers that float64 cannot hold: integers that it rounds, floats that it makes infinite."""
    if array.dtype.kind == "f":
        largest = np.finfo(np.float64).max
        return array[np.isfinite(array) & (np.abs(array) > largest)] if array.dtype.itemsize > 8 else array[:0]
    # Python's integers compare exactly; numpy would convert both sides to float64.
    large = array[(array > EXACT) | (array < -EXACT)] if array.dtype.itemsize == 8 else array[:0]
    return large[[int(float(number)) != number for number in large.tolist()]]


def whole_numbers(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    """Return an array of integers as int64.

    Raises:
        FileError: It holds something else, or numbers beyond int64.
    """
    if array.dtype.kind not in "iu":
        raise FileError(f"{path}: {name!r} must hold integers, not {array.dtype}")
    if array.dtype.kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
        raise FileError(f"{path}: {name!r} holds {array.max()}, beyond the largest integer of 64 bits")
    return array.astype(np.int64)


def axis(path: Path, name: str, array: np.ndarray) -> np.ndarray:
    """Return the coordinates of a lattice's axis.

    Raises:
        FileError: They are not finite, or do not lie on one line.
    """
    along = numbers(path, name, array)
    if along.ndim != 1:
        raise FileError(f"{path}: {name!r} must have one axis, not shape {array.shape}")
    if not np.isfinite(along).all():
        raise FileError(f"{path}: {name!r} must be finite: coordinates cannot be missing")
    return along


def lattice_samples(axes: Iterable[np.ndarray], first_axis_fastest: bool = False) -> Samples:
    """Return the samples of a whole lattice, in the C order of a file's array.

    Args:
        axes: The coordinates along each axis.
        first_axis_fastest: Whether the file's neighbours in memory differ by the first axis, not by the last.
    """
    along = list(axes)
    shape = tuple(map(len, along))
    order = "F" if first_axis_fastest else "C"
    index = np.stack([each.ravel(order) for each in np.indices(shape)], axis=1)
    points = np.stack([coordinates[index[:, i]] for i, coordinates in enumerate(along)], axis=1)
    return Samples(points=points, index=index, shape=shape)


def unsampled_landscape(samples: Samples, fields: Mapping[str, np.ndarray]) -> Landscape:
    """Return a landscape that was not sampled on a map: distances to members are NaN, and all samples are trusted."""
    count = len(samples.points)
    return Landscape(
        samples=samples, fields=fields, distance_to_member=np.full(count, np.nan), trusted=np.ones(count, bool)
    )
