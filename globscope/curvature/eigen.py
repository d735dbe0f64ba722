"""The leading eigenpairs of a symmetric matrix of which only products are available."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from attrs import define, field

from globscope.errors import EvaluationError
from globscope.values.chart import Progress

Which = Literal["magnitude", "largest"]
Products = Callable[[np.ndarray], np.ndarray]

# Below this size, or for more than half of all pairs, the matrix is computed, with as many products as columns.
DENSE = 64
# A random vector has a part along every eigenvector.
ZERO = "curvature: the matrix is zero at this network, as its product with a random vector is: no eigenvalue leads"
# How many restarts are tried before the tolerance counts as out of reach; a few are usual.
RESTARTS = 300


@define(frozen=True, kw_only=True)
class Eigenpairs:
    """Eigenvalues with their vectors, the leading one first.

    Attributes:
        values: (k,) eigenvalues, by falling magnitude or by falling value.
        vectors: (k, D) orthonormal rows; the entry of largest magnitude is positive in each.
        residuals: (k,) ‖Hv − λv‖ / |λ|, measured with further products.
        products: How many products were computed.
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
    """Return the leading eigenpairs of a symmetric matrix; fewer than `count` if the tolerance is out of reach.

    Implicitly restarted Lanczos with full re-orthogonalisation (Sorensen, "Implicit application of polynomial filters
    in a k-step Arnoldi method", SIAM J. Matrix Anal. Appl. 13, 1992), by ARPACK through SciPy.

    Args:
        products: Returns the matrix times each row of a (k, D) array.
        size: D, the number of columns.
        count: How many pairs.
        which: The pairs of largest `magnitude`, or of `largest` value.
        tolerance: The ‖Hv − λv‖ / |λ| at which a pair is accepted.
        start: (D,) the vector to start from; equal vectors give equal pairs.
        progress: Receives how many products were computed.

    Raises:
        EvaluationError: The matrix is zero.
    """
    counted = _CountedProducts(products, progress or Progress())
    if size <= DENSE or 2 * count >= size:
        values, vectors = np.linalg.eigh(_dense(counted, size))
    else:
        values, vectors = _lanczos(counted, start, count, which, tolerance)
    order = np.argsort(-(np.abs(values) if which == "magnitude" else values), kind="stable")[:count]
    rows = vectors.T[order]
    rows = rows * np.sign(rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)])[:, None]
    images = counted(rows) if len(rows) else rows
    residuals = np.linalg.norm(images - values[order, None] * rows, axis=1)
    # An eigenvalue of exactly zero has no relative residual; if it is exact, its residual is 0.
    relative = residuals / np.maximum(np.abs(values[order]), np.finfo(float).tiny)
    return Eigenpairs(values=values[order], vectors=rows, residuals=relative, products=counted.count)


class _CountedProducts:
    """Products, with a count of them."""

    def __init__(self, products: Products, progress: Progress) -> None:
        self._products, self._progress, self.count = products, progress, 0

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        images = self._products(vectors)
        self.count += len(vectors)
        self._progress(self.count, self.count)
        return images


def _dense(products: Products, size: int) -> np.ndarray:
    matrix = products(np.eye(size))
    symmetric: np.ndarray = (matrix + matrix.T) / 2
    return symmetric


def _lanczos(
    products: Products, start: np.ndarray, count: int, which: Which, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigsh

    def product(vector: np.ndarray) -> np.ndarray:
        row: np.ndarray = products(vector.reshape(1, -1))[0]
        return row

    operator = LinearOperator((len(start), len(start)), matvec=product, dtype=np.float64)
    kind = {"magnitude": "LM", "largest": "LA"}[which]
    try:
        pairs: tuple[np.ndarray, np.ndarray] = eigsh(
            operator, k=count, which=kind, v0=start, tol=tolerance, maxiter=RESTARTS
        )
    except ArpackNoConvergence as error:
        return error.eigenvalues, error.eigenvectors
    except ArpackError as error:
        if product(start).any():
            raise
        raise EvaluationError(ZERO) from error
    if not pairs[0].any() and not product(start).any():  # as older SciPys say of it
        raise EvaluationError(ZERO)
    return pairs
