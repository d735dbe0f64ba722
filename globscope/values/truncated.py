"""Matrices in few ranks, by a singular value decomposition that forms no product where factors are known."""

import numpy as np
from attrs import define, field

# Singular values below this share of the largest are the rounding of float32.
ROUNDING = 1e-6


@define(frozen=True, kw_only=True)
class Truncated:
    """A matrix in few ranks: up · down, each singular value divided evenly between the two.

    Attributes:
        up: (rows, rank) float32.
        down: (rank, columns) float32.
        whole: How many ranks the matrix has.
        size: Its Frobenius norm.
        lost: The Frobenius norm of what is left out.
    """

    up: np.ndarray = field(eq=False, repr=False)
    down: np.ndarray = field(eq=False, repr=False)
    whole: int
    size: float
    lost: float

    @property
    def rank(self) -> int:
        """How many ranks are kept."""
        return len(self.down)

    def with_zeros(self, rank: int) -> tuple[np.ndarray, np.ndarray]:
        """Return both factors with zeros up to a rank."""
        more = rank - self.rank
        return np.pad(self.up, ((0, 0), (0, more))), np.pad(self.down, ((0, more), (0, 0)))


def truncated_product(up: np.ndarray, down: np.ndarray, rank: int | None = None) -> Truncated:
    """Return the product of (rows, R) and (R, columns) factors in at most so many ranks; in all that it has if None.

    The factors are orthogonalised, so that what is decomposed has at most R rows and columns (Eckart and Young, 1936).
    """
    left, above = np.linalg.qr(np.asarray(up, np.float64))
    right, below = np.linalg.qr(np.asarray(down, np.float64).T)
    rows, values, columns = np.linalg.svd(above @ below.T)
    return _truncate(left @ rows, values, columns @ right.T, rank)


def truncated_difference(matrix: np.ndarray, rank: int | None = None) -> Truncated:
    """Return a matrix in at most so many ranks; in all that it has if None."""
    return _truncate(*np.linalg.svd(np.asarray(matrix, np.float64), full_matrices=False), rank)


def _truncate(rows: np.ndarray, values: np.ndarray, columns: np.ndarray, rank: int | None) -> Truncated:
    whole = int((values > ROUNDING * values.max(initial=0)).sum())
    kept = whole if rank is None else min(rank, whole)
    roots = np.sqrt(values[:kept])
    return Truncated(
        up=(rows[:, :kept] * roots).astype(np.float32),
        down=(roots[:, None] * columns[:kept]).astype(np.float32),
        whole=whole,
        size=float(np.linalg.norm(values)),
        lost=float(np.linalg.norm(values[kept:])),
    )
