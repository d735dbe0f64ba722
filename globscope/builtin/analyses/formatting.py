"""Figures, places and names as text and as cells of a table."""

from collections.abc import Sequence

import numpy as np

from globscope.api import finite_or_none

# At most so many names are listed in a warning.
NAMED = 5


def median(values: Sequence[float | None]) -> float | None:
    """Return the median, where a missing figure counts as infinite; None if the median is infinite."""
    return finite_or_none(np.median([np.inf if value is None else value for value in values]))


def list_names(names: Sequence[str]) -> str:
    """Return names as text: the first five, and the number of the others."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def place(point: np.ndarray) -> str:
    """Return (d,) latent coordinates as text."""
    return f"({', '.join(f'{value:.3g}' for value in point)})"


def size(shape: Sequence[int]) -> str:
    """Return a lattice's samples per axis as text."""
    return " × ".join(map(str, shape))
