"""Values on their way to the workers of other processes and other machines."""

import copyreg
import io
import pickle
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from globscope.errors import PoolError
from globscope.references import Code
from globscope.values.rows import Rows

# Takes the buffers of arrays, which then are not part of the pickle.
Outside = Callable[[pickle.PickleBuffer], Any]
Paths = Mapping[str, str]
Reducers = dict[type, Callable[[Any], Any]]


def pickle_by_path(value: Any, *, paths: Paths | None = None, outside: Outside | None = None) -> bytes:
    """Return a pickle, for `pickle.loads`, in which a memory-mapped array is its file's path, offset and shape.

    Args:
        value: The value.
        paths: Folders of this machine, each with the path that it has where the pickle is loaded; one that is not
            absolute is within the working folder there. All paths then become absolute.
        outside: Takes the buffers of arrays; `pickle.loads(…, buffers=…)` wants them in the same order.

    Raises:
        Exception: Whatever a part of the value raises that cannot be pickled.
    """
    return _pickle(value, _path_reducers(paths) | {np.memmap: partial(_memmap_by_path, paths)}, outside)


def pickle_by_value(value: Any, *, paths: Paths | None = None, outside: Outside | None = None) -> bytes:
    """Return a pickle with the bytes of memory-mapped arrays, for machines that do not see their files.

    The arguments are those of `pickle_by_path`.
    """
    return _pickle(value, _path_reducers(paths) | {np.memmap: _by_value, Rows: _rows_by_value}, outside)


def pickle_for_worker(value: Any, name: str, pickled: Callable[[Any], bytes] = pickle_by_path) -> bytes:
    """Return a value as bytes for another process.

    Raises:
        PoolError: It cannot be pickled.
    """
    try:
        return pickled(value)
    except Exception as error:
        text = f"{name} cannot be sent to another process: {error}; with run.pool = 'here' it need not be"
        raise PoolError(text) from error


def _pickle(value: Any, reducers: Reducers, outside: Outside | None) -> bytes:
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL, buffer_callback=outside)
    pickler.dispatch_table = copyreg.dispatch_table | reducers
    pickler.dump(value)
    return buffer.getvalue()


def _by_value(array: Any) -> Any:
    return np.asarray(array).__reduce_ex__(pickle.HIGHEST_PROTOCOL)


def _rows_by_value(rows: Rows) -> Any:
    return Rows(rows.parts, names=rows.names).__reduce__()


def _memmap_by_path(paths: Paths | None, array: Any) -> Any:
    root: Any = array
    while isinstance(root.base, np.memmap):
        root = root.base
    if array.filename is None or root.offset is None or not array.flags.c_contiguous:
        return _by_value(array)
    offset = root.offset + array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    path = Path(array.filename).resolve()
    return _map_again, (str(path if paths is None else _path_there(path, paths)), array.dtype, int(offset), array.shape)


def _map_again(path: str, dtype: np.dtype[Any], offset: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.memmap(path, dtype, "r", offset, shape)


def _path_reducers(paths: Paths | None) -> Reducers:
    """Return how what names a file is pickled for a machine on which its folder may have another path."""
    if paths is None:
        return {}
    return {type(Path()): partial(_path_elsewhere, paths), Code: partial(_code_elsewhere, paths)}


def _path_elsewhere(paths: Paths, path: Path) -> Any:
    return _absolute, (str(_path_there(path, paths)),)


def _code_elsewhere(paths: Paths, code: Code) -> Any:
    return _code, (str(_path_there(Path(code.module), paths)) if code.is_file else code.module, code.name)


def _path_there(path: Path, paths: Paths) -> Path:
    """Return the path that a file or folder of this machine has on another one."""
    path = path.absolute()
    above = [folder for folder in paths if path.is_relative_to(folder)]
    longest = max(above, key=len, default=None)
    return path if longest is None else Path(paths[longest]) / path.relative_to(longest)


def _absolute(path: str) -> Path:
    return Path(path).absolute()


def _code(module: str, name: str) -> Code:
    return Code(str(_absolute(module)) if module.endswith(".py") else module, name)
