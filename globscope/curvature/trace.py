"""The trace of a symmetric matrix of which only products are available."""

from collections.abc import Sequence
from typing import Any, Literal

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
        sketch = _blockwise(products, random_signs(rng, rank, size), report, 0, draws)
        basis = np.linalg.qr(sketch.T)[0].T
        exact = float(np.einsum("kd,kd->", basis, _blockwise(products, basis, report, rank, draws)))
    values: list[float] = []
    while len(values) < draws - 2 * rank:
        vectors = random_signs(rng, min(BLOCK, draws - 2 * rank - len(values)), size)
        vectors = vectors - (vectors @ basis.T) @ basis
        values += np.einsum("kd,kd->k", vectors, products(vectors)).tolist()
        report(2 * rank + len(values), draws)
    mean, error = mean_and_error(np.array(values))
    return exact + float(mean), float(error)


def mean_and_error(values: np.ndarray) -> tuple[Any, Any]:
    """Return the mean of (n, …) independent draws and its standard error, both without the first axis."""
    return values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))


def block_traces(
    products: Products, sizes: Sequence[int], draws: int, rng: np.random.Generator, progress: Progress | None = None
) -> np.ndarray:
    """Return (draws, blocks) unbiased estimates of the traces of a matrix's diagonal blocks, by Hutchinson's method.

    For a vector v of random signs the sum of v ⊙ Hv over a block's columns is one estimate of its trace: what the other
    columns add has the mean 0, and makes the estimates vary more. All blocks share the products, which are those of
    `trace`, so their estimates add up to its own.

    Args:
        products: Returns the matrix times each row of a (k, D) array.
        sizes: How many columns each block has, in their order; D together.
        draws: How many products to compute.
        rng: The generator of the vectors.
        progress: Receives how many products were computed.
    """
    report, rows, starts = progress or Progress(), list[np.ndarray](), np.cumsum([0, *sizes])[:-1]
    while (done := sum(map(len, rows))) < draws:
        vectors = random_signs(rng, min(BLOCK, draws - done), sum(sizes))
        rows.append(np.add.reduceat(vectors * products(vectors), starts, axis=1))
        report(done + len(vectors), draws)
    return np.concatenate(rows)


def random_signs(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Return (count, size) numbers that are 1 or −1 with equal probability."""
    return rng.integers(0, 2, size=(count, size)) * 2.0 - 1.0


def _blockwise(products: Products, vectors: np.ndarray, progress: Progress, done: int, total: int) -> np.ndarray:
    blocks = []
    for start in range(0, len(vectors), BLOCK):
        blocks.append(products(vectors[start : start + BLOCK]))
        progress(done + min(start + BLOCK, len(vectors)), total)
    return np.concatenate(blocks)
