"""Barriers, areas and means of losses along a path in weight space."""

from collections.abc import Iterable

import numpy as np


def lengths_along(networks: Iterable[np.ndarray]) -> np.ndarray:
    """Return (n,) Euclidean lengths of the path from the first network to each, along straight segments."""
    total, lengths, before = 0.0, list[float](), None
    for network in networks:
        here = np.asarray(network, np.float64)
        total += 0.0 if before is None else float(np.linalg.norm(here - before))
        lengths.append(total)
        before = here
    return np.array(lengths)


def mean_along(values: np.ndarray, lengths: np.ndarray) -> float:
    """Return the mean of (n,) values weighted by length, ∫ L ds / length, over (n,) `lengths_along` (trapezoids).

    NaN of a path without length.
    """
    length = lengths[-1] - lengths[0]
    return float(np.trapezoid(values, lengths) / length) if length else float("nan")


def barrier(values: np.ndarray, t: np.ndarray, ends: tuple[float, float] | None = None) -> float:
    """Return the largest ψ(t) = L(t) − ((1 − t) L(0) + t L(1)), which is 0 at the ends, so never less.

    NaN where a loss is not finite.

    Args:
        values: (n,) losses L(t).
        t: (n,) from 0 to 1.
        ends: L(0) and L(1); the first and the last of the values where None.
    """
    above = _excess(values, t, ends)
    return max(0.0, float(above.max())) if np.isfinite(above).all() else float("nan")


def area(values: np.ndarray, t: np.ndarray) -> float:
    """Return ∫ ψ dt over (n,) losses from one end to the other, not below 0; NaN where a loss is not finite."""
    integral = float(np.trapezoid(_excess(values, t, None), t))
    return max(0.0, integral) if np.isfinite(integral) else float("nan")


def _excess(values: np.ndarray, t: np.ndarray, ends: tuple[float, float] | None) -> np.ndarray:
    first, last = ends or (float(values[0]), float(values[-1]))
    above: np.ndarray = values - ((1 - t) * first + t * last)
    return above
