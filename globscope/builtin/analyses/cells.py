"""Figures and places as cells of a table."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def finite(value: Any) -> float | None:
    """Return a figure, or None where it is not finite."""
    return float(value) if np.isfinite(value) else None


def median(values: Sequence[float | None]) -> float | None:
    """Return the median, a missing figure counting as infinite; None where that is what is left."""
    return finite(np.median([np.inf if value is None else value for value in values]))


def place(point: np.ndarray) -> str:
    """Return latent coordinates for a reader."""
    return f"({', '.join(f'{value:.3g}' for value in point)})"


def size(shape: Sequence[int]) -> str:
    """Return a lattice's samples per axis for a reader."""
    return " × ".join(map(str, shape))
