"""Values that are not finite: losses that are NaN or infinite are kept, and left out where they cannot be used.

A loss is never repaired, clipped or hidden: samples keep it (`Landscape`), the merge tree leaves the sample out
(`topology.condense`), pictures hatch it, and tables leave the cell empty.
"""

from typing import Any

import numpy as np


def finite_or_none(value: float | np.floating[Any]) -> float | None:
    """Return a figure for tables and JSON: None where it is NaN or infinite."""
    return float(value) if np.isfinite(value) else None


def finite_rows(points: np.ndarray) -> np.ndarray:
    """Return which rows of (n, k) points are finite in all coordinates, (n,)."""
    rows: np.ndarray = np.isfinite(points).all(axis=1)
    return rows
