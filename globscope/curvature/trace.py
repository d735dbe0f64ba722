"""The trace of a symmetric matrix of which only products are available."""

from typing import Literal

import numpy as np

from globscope.curvature.eigen import Products
from globscope.values.chart import Progress

Estimator = Literal["hutchinson", "hutch++"]

# How many vectors are multiplied at once.
BLOCK = 8


def trace(
    products: Products,
    size: int,
    draws: int,
    rng: np.random.Generator,
    *,
    estimator: Estimator = "hutchinson",
    progress: Progress | None = None,
) -> tuple[float, float]:
    """Return an unbiased estimate of the trace and its standard error.

    `hutchinson` averages vᵀHv over vectors of random signs (Hutchinson, Communications in Statistics 18, 1989);
    `hutch++` takes the trace exactly on a subspace found from a third of the products and averages over the rest
    (Meyer, Musco, Musco and Woodruff, "Hutch++: Optimal Stochastic Trace Estimation", SOSA 2021), which pays where few
    eigenvalues stand out, and holds draws / 3 vectors of length D. The standard error is that of the averaged part.

    Args:
        products: Returns the matrix times each row of a (k, D) array.
        size: D, the number of columns.
        draws: How many products to compute; at least 2, or 6 for `hutch++`.
        rng: The generator of the vectors.
        estimator: `hutchinson` or `hutch++`.
        progress: Receives how many products were computed.
    """
    report = progress or Progress()
    rank = min(draws // 3, size) if estimator == "hutch++" else 0
    basis, exact = np.empty((0, size)), 0.0
    if rank:
        sketch = _blockwise(products, _signs(rng, rank, size), report, 0, draws)
        basis = np.linalg.qr(sketch.T)[0].T
        exact = float(np.einsum("kd,kd->", basis, _blockwise(products, basis, report, rank, draws)))
    values: list[float] = []
    while len(values) < draws - 2 * rank:
        vectors = _signs(rng, min(BLOCK, draws - 2 * rank - len(values)), size)
        vectors = vectors - (vectors @ basis.T) @ basis
        values += np.einsum("kd,kd->k", vectors, products(vectors)).tolist()
        report(2 * rank + len(values), draws)
    return exact + float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


def _signs(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    return rng.integers(0, 2, size=(count, size)) * 2.0 - 1.0


def _blockwise(products: Products, vectors: np.ndarray, progress: Progress, done: int, total: int) -> np.ndarray:
    blocks = []
    for start in range(0, len(vectors), BLOCK):
        blocks.append(products(vectors[start : start + BLOCK]))
        progress(done + min(start + BLOCK, len(vectors)), total)
    return np.concatenate(blocks)
