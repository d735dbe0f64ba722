"""Figures and places as cells of a table."""

from collections.abc import Sequence

import numpy as np

from globscope.api import finite_or_none


def median(values: Sequence[float | None]) -> float | None:
    """Return the median, a missing figure counting as infinite; None where that is what is left."""
    return finite_or_none(np.median([np.inf if value is None else value for value in values]))


def place(point: np.ndarray) -> str:
    """Return (d,) latent coordinates for a reader."""
    return f"({', '.join(f'{value:.3g}' for value in point)})"


def size(shape: Sequence[int]) -> str:
    """Return a lattice's samples per axis for a reader."""
    return " × ".join(map(str, shape))
