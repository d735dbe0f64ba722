"""Classes in torch files, beside torch's own, that run no code when they are read: options, and numbers of NumPy."""

from argparse import Namespace
from typing import Any

import numpy as np
from numpy._core import multiarray

# What a pickle of NumPy calls: a number of its bytes, and an empty array, which then gets its bytes.
_CALLED = ("scalar", "_reconstruct")
# Where NumPy keeps them, and where version 1, whose files are still read, kept them.
_PLACES = ("numpy._core.multiarray", "numpy.core.multiarray")


def harmless_classes() -> list[Any]:
    """Return the classes and functions for `torch.serialization.safe_globals`.

    Of the types of arrays only numbers are among them: an array of Python objects is refused.
    """
    kinds = [kind for name, kind in vars(np.dtypes).items() if name.endswith("DType") and _is_number(kind)]
    functions = [(getattr(multiarray, name), f"{place}.{name}") for place in _PLACES for name in _CALLED]
    return [Namespace, np.ndarray, np.dtype, *kinds, *functions]


def harmless_names() -> set[str]:
    """Return the names by which files refer to them."""
    pairs = (
        item if isinstance(item, tuple) else (item, f"{item.__module__}.{item.__name__}") for item in harmless_classes()
    )
    return {name for _, name in pairs}


def _is_number(kind: Any) -> bool:
    return issubclass(kind.type, np.number | np.bool_)
