"""The derivatives of scikit-learn's kernels with respect to their first argument."""

from collections.abc import Callable
from typing import Any

import numpy as np


def kernel_pullback(
    kernel: str, points: np.ndarray, others: np.ndarray, cotangents: np.ndarray, **options: Any
) -> np.ndarray:
    """Return (n, d) sums over m of cotangents times the gradients of kernels with respect to points.

    Args:
        kernel: `rbf`, `poly`, `sigmoid`, `cosine` or `linear`.
        points: (n, d) first arguments; at 0 `cosine` has no derivative, and NaN is returned.
        others: (m, d) second arguments.
        cotangents: (n, m) weights of the kernels.
        options: `gamma`, `degree` and `coef0`, as scikit-learn takes them; each kernel uses its own.
    """
    if kernel == "rbf":
        return _pull_back_rbf(points, others, cotangents, options["gamma"])
    if kernel == "cosine":
        return _pull_back_cosine(points, others, cotangents)
    pulled: np.ndarray = (cotangents * _SLOPES[kernel](points @ others.T, options)) @ others
    return pulled


def _pull_back_rbf(points: np.ndarray, others: np.ndarray, cotangents: np.ndarray, gamma: float) -> np.ndarray:
    from scipy.spatial.distance import cdist

    shares = -2 * gamma * cotangents * np.exp(-gamma * cdist(points, others, "sqeuclidean"))
    pulled: np.ndarray = points * shares.sum(axis=1, keepdims=True) - shares @ others
    return pulled


def _pull_back_cosine(points: np.ndarray, others: np.ndarray, cotangents: np.ndarray) -> np.ndarray:
    towards, lengths = cotangents @ _directions(others), np.linalg.norm(points, axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        here = points / lengths
        pulled: np.ndarray = (towards - here * (here * towards).sum(axis=1, keepdims=True)) / lengths
    return pulled


def _directions(vectors: np.ndarray) -> np.ndarray:
    """Return unit vectors; one of length 0 is kept, as scikit-learn does."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions: np.ndarray = vectors / np.where(lengths == 0, 1, lengths)
    return directions


# Of the kernels that are functions of an inner product: their derivatives with respect to it.
_SLOPES: dict[str, Callable[[np.ndarray, Any], np.ndarray]] = {
    "linear": lambda products, _: np.ones_like(products),
    "poly": lambda products, o: o["degree"] * o["gamma"] * (o["gamma"] * products + o["coef0"]) ** (o["degree"] - 1),
    "sigmoid": lambda products, o: o["gamma"] / np.cosh(o["gamma"] * products + o["coef0"]) ** 2,
}
