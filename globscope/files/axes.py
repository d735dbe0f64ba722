"""The axes of a lattice, as other programs' files need them."""

from collections.abc import Sequence

import numpy as np

from globscope.errors import FileError
from globscope.values.landscape import Samples

# Relative rounding error of equal steps.
ROUNDING = 1e-9


def lattice_axes(samples: Samples) -> list[np.ndarray]:
    """Return the coordinates along each axis of a lattice of evenly spaced points.

    The coordinate of a place on an axis without samples follows from the others.

    Raises:
        FileError: The samples are no such lattice.
    """
    if samples.index is None or samples.shape is None:
        raise FileError("the samples are scattered, not on a lattice")
    if not len(samples.points) or samples.points.shape[1] != len(samples.shape):
        raise FileError("the samples are a path, not a lattice over the map's axes")
    columns = zip(samples.index.T, samples.points.T, samples.shape, strict=True)
    return [_axis(places, coordinates, size) for places, coordinates, size in columns]


def _axis(places: np.ndarray, coordinates: np.ndarray, size: int) -> np.ndarray:
    """Return evenly spaced coordinates, equal to the samples' where there are any."""
    first, last = int(places.argmin()), int(places.argmax())
    steps = int(places[last] - places[first])
    step = (coordinates[last] - coordinates[first]) / steps if steps else 1.0
    along: np.ndarray = coordinates[first] + step * (np.arange(size) - places[first])
    if np.abs(along[places] - coordinates).max() > ROUNDING * max(abs(step) * size, np.abs(along).max()):
        raise FileError("the lattice's points are not evenly spaced")
    along[places] = coordinates
    return along


def lattice_array(samples: Samples, values: np.ndarray, missing: float) -> np.ndarray:
    """Return per-sample values as an array of the lattice's shape, with `missing` where there is no sample."""
    assert samples.index is not None
    assert samples.shape is not None
    array = np.full(samples.shape, missing, np.result_type(values, np.asarray(missing, values.dtype)))
    array[tuple(samples.index.T)] = values
    return array


def coordinate_names(count: int) -> Sequence[str]:
    """Return the names of so many coordinates: x, y, z, which other programs expect, or x1, x2 … beyond three."""
    return "xyz"[:count] if count <= 3 else [f"x{number}" for number in range(1, count + 1)]
