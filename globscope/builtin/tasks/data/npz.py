"""Four arrays in a NumPy archive."""

from pathlib import Path

import numpy as np

from globscope.api import UserCodeError, names_in_npz, near, read_npz
from globscope.builtin.tasks.data.arrays import Arrays

NAMES = ("x_train", "y_train", "x_test", "y_test")


def fits(path: Path) -> bool:
    """Return whether a path is a NumPy archive."""
    return path.is_file() and path.suffix == ".npz"


def read(path: Path) -> Arrays:
    """Return the arrays; gray images get an axis of channels, and channels that come last are moved to the front.

    Raises:
        UserCodeError: An array is missing, or lengths differ.
    """
    held = names_in_npz(path)
    for name in NAMES:
        if name not in held:
            raise UserCodeError(f"task.path: {path} has no array {name!r}; {near(name, held)}")
    arrays = read_npz(path, NAMES)
    x_train, y_train, x_test, y_test = (arrays[name] for name in NAMES)
    for split, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        if len(x) != len(y) or len(x) == 0:
            raise UserCodeError(f"task.path: {path}: x_{split} has {len(x)} examples and y_{split} has {len(y)}")
    return Arrays(train=(_channels_first(x_train), _targets(y_train)), test=(_channels_first(x_test), _targets(y_test)))


def _channels_first(x: np.ndarray) -> np.ndarray:
    """Return bytes as images with channels first; other arrays unchanged."""
    if x.dtype != np.uint8:
        return x
    if x.ndim == 3:
        return x[:, None]
    last = x.ndim == 4 and x.shape[-1] in (1, 3) and x.shape[1] not in (1, 3)
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if last else x


def _targets(y: np.ndarray) -> np.ndarray:
    whole = y.astype(np.int64) if np.issubdtype(y.dtype, np.integer) else y
    return whole[:, 0] if whole.ndim == 2 and whole.shape[1] == 1 and whole.dtype == np.int64 else whole
