"""The classes of pixels: from the values of masks in files, and pixels that do not count."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import evolve

from globscope.api import IGNORED, UserCodeError
from globscope.builtin.tasks.data.arrays import Arrays


def as_masks(arrays: Arrays) -> Arrays:
    """Return arrays whose targets are masks, (examples, height, width) integers from 0.

    Raises:
        UserCodeError: The inputs are not images, or the targets are not integers of their pixels.
    """
    train, test = (_pair(split, *pair) for split, pair in (("train", arrays.train), ("test", arrays.test)))
    return evolve(arrays, train=train, test=test)


def _pair(split: str, x: Any, y: Any) -> tuple[Any, np.ndarray]:
    shape = tuple(y.shape[:1]) + tuple(y.shape[2:]) if y.ndim == 4 and y.shape[1] == 1 else tuple(y.shape)
    if x.ndim != 4 or shape != (len(x), *x.shape[2:]):
        raise UserCodeError(
            f"task.data: the {split} split needs images (examples, channels, height, width) and classes (examples, "
            f"height, width), got {tuple(x.shape)} and {tuple(y.shape)}"
        )
    classes = np.asarray(y).reshape(shape)
    if not np.issubdtype(classes.dtype, np.integer) or classes.min() < 0:
        raise UserCodeError(f"task.data: the classes of the {split} split's pixels must be integers from 0")
    return x, classes


def classes_of_numbers(arrays: Arrays, ignore: int | None) -> Arrays:
    """Return arrays whose masks hold the classes' own numbers, without the ignored one.

    Raises:
        UserCodeError: Of some image no pixel counts.
    """
    train, test = (y.astype(np.int64) for _, y in (arrays.train, arrays.test))
    if ignore is None:
        return _with_masks(arrays, train, test)
    return _with_masks(arrays, *(np.where(y == ignore, IGNORED, y) for y in (train, test)))


def classes_of_values(arrays: Arrays, ignore: int | None, values: Sequence[int] = ()) -> Arrays:
    """Return arrays whose masks of bytes are classes: the values in order, without the ignored one.

    Args:
        arrays: Images, and masks of any values.
        ignore: The value of pixels that do not count; None where all count.
        values: All values that masks may have; those that occur where it is empty.

    Raises:
        UserCodeError: No mask may have the ignored value, or of some image no pixel counts.
    """
    occurring = list(values) or np.union1d(arrays.train[1], arrays.test[1]).tolist()
    if ignore is not None and ignore not in occurring:
        raise UserCodeError(f"task.ignore: the masks' values are {', '.join(map(str, occurring))}; got {ignore}")
    counted = [value for value in occurring if value != ignore]
    # Of one byte where that is enough: masks of thousands of photos would take gigabytes.
    table = np.full(256, IGNORED, np.int8 if len(counted) <= np.iinfo(np.int8).max else np.int16)
    table[counted] = np.arange(len(counted))
    return _with_masks(arrays, table[arrays.train[1]], table[arrays.test[1]])


def _with_masks(arrays: Arrays, train: np.ndarray, test: np.ndarray) -> Arrays:
    for split, masks in (("train", train), ("test", test)):
        blank = np.flatnonzero((masks == IGNORED).all(axis=(1, 2)))
        if len(blank):
            raise UserCodeError(f"task.ignore: no pixel is left of image {blank[0]} of the {split} split")
    return evolve(arrays, train=(arrays.train[0], train), test=(arrays.test[0], test))
