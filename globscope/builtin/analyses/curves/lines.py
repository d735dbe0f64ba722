"""What is read off the losses along a line in weight space."""

from collections.abc import Iterable

import numpy as np


def travelled(networks: Iterable[np.ndarray]) -> np.ndarray:
    """Return (n,) Euclidean lengths of the way from the first network to each, straight from one to the next."""
    total, lengths, before = 0.0, list[float](), None
    for network in networks:
        here = np.asarray(network, np.float64)
        total += 0.0 if before is None else float(np.linalg.norm(here - before))
        lengths.append(total)
        before = here
    return np.array(lengths)


def mean_along(values: np.ndarray, way: np.ndarray) -> float:
    """Return the mean of (n,) values weighted by length, ∫ L ds / length, over the (n,) way to each (trapezoids)."""
    return float(np.trapezoid(values, way) / (way[-1] - way[0]))


def excess(values: np.ndarray, t: np.ndarray, ends: tuple[float, float]) -> np.ndarray:
    """Return (n,) ψ(t) = L(t) − ((1 − t) L(0) + t L(1)), for the losses at both ends."""
    above: np.ndarray = values - ((1 - t) * ends[0] + t * ends[1])
    return above


def barrier(values: np.ndarray, t: np.ndarray, ends: tuple[float, float]) -> float:
    """Return the largest ψ(t), which is 0 at the ends, so never less; NaN where a loss is not finite."""
    above = excess(values, t, ends)
    return max(0.0, float(above.max())) if np.isfinite(above).all() else float("nan")


def area(values: np.ndarray, t: np.ndarray) -> float:
    """Return ∫ ψ dt over (n,) losses from one end to the other, not below 0; NaN where a loss is not finite."""
    found = float(np.trapezoid(excess(values, t, (float(values[0]), float(values[-1]))), t))
    return max(0.0, found) if np.isfinite(found) else float("nan")


def rises(field: str) -> bool:
    """Return whether more of a field is better, so that a barrier of it is a valley."""
    return field.endswith("accuracy")
