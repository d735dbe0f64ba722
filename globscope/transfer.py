"""Values on their way to another process of this machine: memory-mapped arrays travel as paths, not as bytes."""

import copyreg
import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np


def pickle_by_path(value: Any) -> bytes:
    """Return a pickle, for `pickle.loads`, in which a memory-mapped array is its file's path, offset and shape.

    Raises:
        Exception: Whatever a part of the value raises that cannot be pickled.
    """
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = copyreg.dispatch_table | {np.memmap: _reduce_memmap}
    pickler.dump(value)
    return buffer.getvalue()


def _reduce_memmap(array: Any) -> Any:
    root: Any = array
    while isinstance(root.base, np.memmap):
        root = root.base
    if array.filename is None or root.offset is None or not array.flags.c_contiguous:
        return np.asarray(array).__reduce__()
    offset = root.offset + array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    return _map_again, (str(Path(array.filename).resolve()), array.dtype, int(offset), array.shape)


def _map_again(path: str, dtype: np.dtype[Any], offset: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.memmap(path, dtype, "r", offset, shape)
