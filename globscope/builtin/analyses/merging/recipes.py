"""Recipes of merging that make new vectors, tensor by tensor: slerp, TIES and DARE."""

from collections.abc import Callable, Sequence

import numpy as np

from globscope.api import Weights

# Two tensors with a cosine beyond this are mixed linearly: the angle between them is too small to divide by.
PARALLEL = 0.9995
Recipe = Callable[[np.ndarray], np.ndarray]


def merge_tensors(weights: Weights, sizes: Sequence[int], recipe: Recipe) -> np.ndarray:
    """Return the (D,) float32 network that a recipe makes of (k, D) networks, one tensor of `sizes` after another."""
    merged, start = np.empty(weights.shape[1], np.float32), 0
    for size in sizes:
        tensors = np.asarray(weights[:, start : start + size], np.float64)
        merged[start : start + size] = recipe(tensors)
        start += size
    return merged


def slerp(tensors: np.ndarray) -> np.ndarray:
    """Return the middle of the great arc between (2, size) tensors, with a length between theirs (Shoemake, 1985)."""
    one, other = tensors
    lengths = np.linalg.norm(tensors, axis=1)
    cosine = float(one @ other / (lengths.prod() or 1.0))
    middle: np.ndarray = (one + other) / 2
    if abs(cosine) > PARALLEL or not lengths.all():
        return middle
    middle /= np.cos(np.arccos(cosine) / 2)
    return middle


def ties(tensors: np.ndarray, density: float) -> np.ndarray:
    """Return the mean of the changes that agree in sign (TIES: Yadav et al., NeurIPS 2023, algorithm 1).

    Of each change only the largest `density` of its weights are kept. The sign of a weight is that of the changes' sum,
    and the mean is over the changes of that sign.

    Args:
        tensors: (k + 1, size) tensors, the base last.
        density: Share of the weights of a change that is kept.
    """
    changes, base = tensors[:-1] - tensors[-1], tensors[-1]
    kept = np.stack([_largest(change, density) for change in changes])
    agree = np.sign(kept) == np.where(kept.sum(axis=0) >= 0, 1.0, -1.0)
    merged: np.ndarray = base + (kept * agree).sum(axis=0) / np.maximum(agree.sum(axis=0), 1)
    return merged


def dare(tensors: np.ndarray, density: float, rng: np.random.Generator) -> np.ndarray:
    """Return the mean of changes of which weights are dropped at random and the rest scaled up (DARE: Yu et al., 2024).

    Args:
        tensors: (k + 1, size) tensors, the base last.
        density: Share of the weights of a change that is kept; what is kept is divided by it.
        rng: Draws what is kept.
    """
    changes, base = tensors[:-1] - tensors[-1], tensors[-1]
    kept = rng.random(changes.shape) < density
    merged: np.ndarray = base + (changes * kept).mean(axis=0) / density
    return merged


def _largest(change: np.ndarray, density: float) -> np.ndarray:
    """Return a change whose smaller weights are 0; at least one is kept."""
    count = max(1, int(density * len(change)))
    kept, places = np.zeros_like(change), np.argpartition(np.abs(change), -count)[-count:]
    kept[places] = change[places]
    return kept
