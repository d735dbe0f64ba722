"""The worker that every process has, itself, and values on their way to other processes' workers."""

import copyreg
import io
import pickle
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from globscope.roles.pool import Item, Result, Shared, silent
from globscope.torch_settings import with_threads
from globscope.values.chart import Progress


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


@define(frozen=True, kw_only=True)
class ThisProcess:
    """Does one item after another in this process.

    Attributes:
        threads: Of torch, BLAS and OpenMP; as they are set where None.
    """

    threads: int | None = None

    @property
    def count(self) -> int:
        """One."""
        return 1

    def map(
        self,
        prepare: Callable[[Shared], Callable[[Item, Progress], Result]],
        shared: Shared,
        items: Iterable[Item],
        progress_of: Callable[[Item], Progress] = silent,
    ) -> Iterator[tuple[Item, Result]]:
        """Yield every item with its result, in order."""
        with with_threads(self.threads):
            work = prepare(shared)
        for item in items:
            with with_threads(self.threads):
                result = work(item, progress_of(item))
            yield item, result
