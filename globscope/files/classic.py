"""The HDF5 surface of tomgoldstein/loss-landscape.

It holds `xcoordinates`, `ycoordinates` on a plane, and `train_loss`, `train_acc`, `test_loss` or others.
Its scheduler numbers the places of the plane with x fastest (numpy's default `meshgrid` of x and y, flattened), and
its writer puts number k at place k of an array that it shapes (x, y). So the array's memory runs along x first,
whatever its shape says; where both axes have equally many steps, a row is one y. −1 marks missing values.
Accuracies are in percent.
"""

from pathlib import Path
from typing import Any

import numpy as np

from globscope.errors import FileError
from globscope.files.arrays import axis, lattice_samples, numbers, unsampled_landscape
from globscope.files.axes import lattice_array, lattice_axes
from globscope.reading import require_unpacked
from globscope.store import replacing
from globscope.values.landscape import Landscape

MAGIC = b"\x89HDF\r\n\x1a\n"
MISSING = -1.0
AXES = ("xcoordinates", "ycoordinates")
ACCURACY, PERCENT = ("_accuracy", "_acc"), 100
EXTRA = 'pip install "globscope[export]"'


def read_classic(path: Path) -> Landscape:
    """Return the landscape of a surface file: every dataset of the surface's size is a field with the dataset's name.

    Raises:
        FileError: It is not a surface file, or h5py is not installed.
    """
    h5py = load_h5py(f"{path}: reading HDF5")
    try:
        with h5py.File(path, "r") as opened:
            surfaces = {name: item for name, item in opened.items() if _is_numeric(h5py, item)}
            require_unpacked(path, sum(item.nbytes for item in surfaces.values()), path.stat().st_size)
            arrays = {name: numbers(path, name, np.asarray(item[()])) for name, item in surfaces.items()}
    except (OSError, RuntimeError, KeyError) as error:
        raise FileError(f"{path}: cannot be read as HDF5: {' '.join(str(error).split())}") from error
    if AXES[0] not in arrays:
        names = ", ".join(map(repr, arrays)) or "no array of numbers"
        raise FileError(f"{path}: holds {names}; a surface of loss-landscape has 'xcoordinates'")
    along = [axis(path, name, arrays.pop(name)) for name in AXES if name in arrays]
    return _surface(path, along, arrays)


def _surface(path: Path, along: list[np.ndarray], arrays: dict[str, np.ndarray]) -> Landscape:
    shape = tuple(map(len, along))
    fields = {name: _field(array) for name, array in arrays.items() if array.shape == shape}
    if not fields:
        held = ", ".join(f"{name!r} of shape {array.shape}" for name, array in arrays.items()) or "nothing else"
        raise FileError(f"{path}: has no surface of its axes' shape {shape}; it holds {held}")
    return unsampled_landscape(lattice_samples(along, first_axis_fastest=True), fields)


def _is_numeric(h5py: Any, item: Any) -> bool:
    return isinstance(item, h5py.Dataset) and item.dtype.kind in "iuf"


def _field(array: np.ndarray) -> np.ndarray:
    flat = array.ravel()
    return np.where(flat == MISSING, np.nan, flat)


def write_classic(path: Path, landscape: Landscape) -> None:
    """Write every field of a lattice of one axis or two; values that are not finite stay so, missing samples are −1.

    Raises:
        FileError: The format cannot hold this landscape, or h5py is not installed.
    """
    h5py, along = load_h5py("writing HDF5"), lattice_axes(landscape.samples)
    if len(along) > 2:
        raise FileError(f"the classic HDF5 has one axis or two, not {len(along)}")
    with replacing(path) as part, h5py.File(part, "w") as opened:
        for name, coordinates in zip(AXES, along, strict=False):
            opened[name] = coordinates
        for name, values in landscape.fields.items():
            array = lattice_array(landscape.samples, _classic_values(name, values), MISSING)
            opened[_classic_name(name)] = array.ravel("F").reshape(array.shape)


def _classic_values(name: str, values: np.ndarray) -> np.ndarray:
    return values * PERCENT if name.endswith(ACCURACY[0]) else values


def _classic_name(name: str) -> str:
    """Return the field's name in loss-landscape's scripts."""
    return name.removesuffix(ACCURACY[0]) + ACCURACY[1] if name.endswith(ACCURACY[0]) else name


def load_h5py(what: str) -> Any:
    """Return h5py for a purpose, given in words.

    Raises:
        FileError: It is not installed; the message says how to install it.
    """
    try:
        import h5py
    except ImportError as error:
        raise FileError(f"{what} needs h5py, which is not installed: {EXTRA}") from error
    return h5py
