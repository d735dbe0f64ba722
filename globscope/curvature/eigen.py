"""The eigenpairs at one end of a symmetric matrix that is known by its products alone."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from attrs import define, field

from globscope.values.chart import Progress

Which = Literal["magnitude", "largest"]
Products = Callable[[np.ndarray], np.ndarray]

# Below this size, or for more than half of all pairs, the matrix itself is had from as many products as it has columns.
DENSE = 64
# Restarts after which the tolerance counts as out of reach; a few are usual.
RESTARTS = 300


@define(frozen=True, kw_only=True)
class Eigenpairs:
    """Eigenvalues with their vectors, the leading one first.

    Attributes:
        values: (k,) by falling magnitude, or by falling value.
        vectors: (k, D) orthonormal rows; the entry of largest magnitude is positive in each.
        residuals: (k,) ‖Hv − λv‖ / |λ|, measured with further products.
        products: How many were needed.
    """

    values: np.ndarray
    vectors: np.ndarray = field(eq=False, repr=False)
    residuals: np.ndarray
    products: int


def eigenpairs(
    products: Products,
    size: int,
    count: int,
    *,
    which: Which = "magnitude",
    tolerance: float = 1e-3,
    start: np.ndarray,
    progress: Progress | None = None,
) -> Eigenpairs:
    """Return the leading eigenpairs of a symmetric matrix; fewer than `count` where the tolerance is out of reach.

    Implicitly restarted Lanczos with full re-orthogonalisation (Sorensen, "Implicit application of polynomial filters
    in a k-step Arnoldi method", SIAM J. Matrix Anal. Appl. 13, 1992), by ARPACK through SciPy.

    Args:
        products: (k, D) → (k, D), the matrix times each row.
        size: D.
        count: How many pairs.
        which: Those of largest `magnitude`, or of `largest` value.
        tolerance: Of ‖Hv − λv‖ / |λ|, at which a pair is done.
        start: (D,) the vector to start from; equal ones give equal pairs.
        progress: Takes how many products were made.
    """
    counted = _Counted(products, progress or Progress())
    if size <= DENSE or 2 * count >= size:
        values, vectors = np.linalg.eigh(_dense(counted, size))
    else:
        values, vectors = _lanczos(counted, start, count, which, tolerance)
    order = np.argsort(-(np.abs(values) if which == "magnitude" else values), kind="stable")[:count]
    rows = vectors.T[order]
    rows = rows * np.sign(rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)])[:, None]
    images = counted(rows) if len(rows) else rows
    residuals = np.linalg.norm(images - values[order, None] * rows, axis=1)
    # A value of exactly zero has no relative residual; an exact one is still no error.
    relative = residuals / np.maximum(np.abs(values[order]), np.finfo(float).tiny)
    return Eigenpairs(values=values[order], vectors=rows, residuals=relative, products=counted.made)


class _Counted:
    """Products, with a count of them."""

    def __init__(self, products: Products, progress: Progress) -> None:
        self._products, self._progress, self.made = products, progress, 0

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        found = self._products(vectors)
        self.made += len(vectors)
        self._progress(self.made, self.made)
        return found


def _dense(products: Products, size: int) -> np.ndarray:
    matrix = products(np.eye(size))
    symmetric: np.ndarray = (matrix + matrix.T) / 2
    return symmetric


def _lanczos(
    products: Products, start: np.ndarray, count: int, which: Which, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    def product(vector: np.ndarray) -> np.ndarray:
        row: np.ndarray = products(vector.reshape(1, -1))[0]
        return row

    operator = LinearOperator((len(start), len(start)), matvec=product, dtype=np.float64)
    kind = {"magnitude": "LM", "largest": "LA"}[which]
    try:
        found: tuple[np.ndarray, np.ndarray] = eigsh(
            operator, k=count, which=kind, v0=start, tol=tolerance, maxiter=RESTARTS
        )
    except ArpackNoConvergence as some:
        return some.eigenvalues, some.eigenvectors
    return found
