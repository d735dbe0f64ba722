"""Arrays that components cannot change, and blocks of the columns of large ones."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def read_only(array: Any) -> Any:
    """Return a read-only view of an array, or of a list as an array; any other value unchanged."""
    if not isinstance(array, np.ndarray | list | tuple):
        return array
    # A memory-mapped array stays one, which shows that it costs no memory.
    view = (array if isinstance(array, np.memmap) else np.asarray(array)).view()
    view.flags.writeable = False
    return view


def read_only_fields(arrays: Any) -> Any:
    """Return a mapping with read-only arrays; any other value unchanged."""
    return {name: read_only(array) for name, array in arrays.items()} if isinstance(arrays, Mapping) else arrays


def column_blocks(width: int, rows: int) -> list[slice]:
    """Return slices of the D columns, small enough that their float64 copies fit in about 32 MB."""
    step = max(1, min(width, 4_000_000 // max(rows, 1)))
    return [slice(start, min(start + step, width)) for start in range(0, width, step)]
