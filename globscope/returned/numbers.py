"""Checks of numbers that components return: real, of the right shape, finite where necessary. Lists are accepted.

Nothing is repaired: a complex number would lose its imaginary part, so it is refused.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from globscope.errors import PluginError

# Float64 holds all integers up to here, but not all beyond.
EXACT = 2**53

Kind = TypeVar("Kind")


def numeric(what: str, value: Any) -> np.ndarray:
    """Return real numbers as an array of the same type.

    Raises:
        PluginError: It is not an array, or holds complex numbers, masked entries, objects or text.
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise PluginError(f"{what}: has masked entries; an array without a mask is accepted")
    try:
        array = np.asarray(value)
    except Exception as error:
        raise PluginError(f"{what}: {type(value).__name__} cannot be made an array: {error}") from error
    if array.dtype.kind not in "biuf":
        kind = "complex numbers" if array.dtype.kind == "c" else f"dtype {array.dtype}"
        raise PluginError(f"{what}: got {kind}; real numbers are accepted")
    return array


def real(what: str, value: Any, shape: Sequence[int | None] | None = None, *, finite: bool = True) -> np.ndarray:
    """Return real numbers as a float64 array; None in `shape` means any length.

    Raises:
        PluginError: They are of another kind or shape, not finite, or integers that float64 cannot hold.
    """
    array = _of_shape(what, numeric(what, value), shape)
    floats = array.astype(np.float64, copy=False)
    if (
        array.dtype.kind in "iu"
        and (np.abs(floats) >= EXACT).any()
        and array.tolist() != floats.astype(object).tolist()
    ):
        raise PluginError(f"{what}: has integers that float64 cannot hold exactly")
    if finite and not np.isfinite(floats).all():
        raise PluginError(f"{what} are not finite")
    return floats


def integers(what: str, value: Any, shape: Sequence[int | None], low: int = 0, high: int | None = None) -> np.ndarray:
    """Return integers in [low, high) as an int64 array.

    Raises:
        PluginError: They are not integers, of another shape, or out of range.
    """
    array = _of_shape(what, numeric(what, value), shape)
    if array.dtype.kind not in "iu" and array.size:
        raise PluginError(f"{what}: got dtype {array.dtype}; integers are accepted")
    if array.size and (array.min() < low or (high is not None and array.max() >= high)):
        limit = "" if high is None else f" and < {high}"
        raise PluginError(f"{what}: {array.min()} … {array.max()}; values >= {low}{limit} are accepted")
    return array.astype(np.int64, copy=False)


def _of_shape(what: str, array: np.ndarray, shape: Sequence[int | None] | None) -> np.ndarray:
    if shape is None:
        return array
    fits = array.ndim == len(shape) and all(n is None or n == m for n, m in zip(shape, array.shape, strict=True))
    if not fits:
        wanted = ", ".join("n" if size is None else str(size) for size in shape)
        wanted = f"({wanted},)" if len(shape) == 1 else f"({wanted})"
        raise PluginError(f"{what} have shape {array.shape}; {wanted} is wanted")
    return array


def checked_count(what: str, value: Any) -> int:
    """Return a count that a component announces.

    Raises:
        PluginError: It is not an integer, or negative.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise PluginError(f"{what}: got {value!r}; an integer >= 0 is accepted")
    return int(value)


def checked_arrays(what: str, arrays: Any) -> dict[str, np.ndarray]:
    """Return arrays by name that can be saved in a file.

    Raises:
        PluginError: It is not a mapping of names to arrays of real numbers.
    """
    if not isinstance(arrays, Mapping) or not all(isinstance(name, str) for name in arrays):
        raise PluginError(f"{what}: returned {type(arrays).__name__}; a mapping of names to arrays is accepted")
    return {name: numeric(f"{what}: array {name!r}", array) for name, array in arrays.items()}


def checked_instance(what: str, value: Any, kind: type[Kind]) -> Kind:
    """Return a value that must be of a class.

    Raises:
        PluginError: It is not.
    """
    if not isinstance(value, kind):
        raise PluginError(f"{what}: returned {type(value).__name__}, not a {kind.__name__}")
    return value


def checked_shape(component: str, shape: Any) -> tuple[int, ...]:
    """Return the samples per axis that a sampler announces.

    Raises:
        PluginError: They are not positive integers.
    """
    return tuple(int(size) for size in integers(f"{component}: shape", shape, (None,), low=1))
