"""Arrays that whoever is handed them can read and not write: a component cannot change what is stored."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def read_only(array: Any) -> Any:
    """Return a view of an array, or of a list as an array, that cannot be written; anything else as it is."""
    if not isinstance(array, np.ndarray | list | tuple):
        return array
    # A memory-mapped array stays one, so that it can be seen to cost no memory.
    view = (array if isinstance(array, np.memmap) else np.asarray(array)).view()
    view.flags.writeable = False
    return view


def read_only_fields(arrays: Any) -> Any:
    """Return a mapping whose arrays cannot be written; anything else as it is."""
    return {name: read_only(array) for name, array in arrays.items()} if isinstance(arrays, Mapping) else arrays
