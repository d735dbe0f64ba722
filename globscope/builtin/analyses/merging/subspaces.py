"""How far the leading singular subspaces of two networks' changes coincide, tensor by tensor."""

from collections.abc import Iterator

import numpy as np

from globscope.api import Layout

# Directions with a singular value below this share of the largest are rounding.
NEGLIGIBLE = 1e-6


def subspace_overlap(changes: np.ndarray, layout: Layout, rank: int) -> float:
    """Return the mean overlap of the leading subspaces of (2, D) changes, 1 where they coincide and 0 by chance.

    Of each tensor with two axes or more, as a matrix of outputs by the rest, the leading left and right singular
    vectors are compared: at most `rank`, and at most half of the shorter side. The overlap of two subspaces is the mean
    squared cosine of their principal angles, ‖UᵀV‖² over the smaller dimension (Golub and Van Loan, 6.4.3), less what
    random subspaces have, over 1 less that. NaN where no tensor has such subspaces.
    """
    named = layout.unflatten(changes)
    overlaps = [one for name in layout.names for one in _of_tensor(named[name], rank)]
    return float(np.mean(overlaps)) if overlaps else float("nan")


def _of_tensor(changes: np.ndarray, rank: int) -> Iterator[float]:
    """Yield the overlaps on the two sides of a (2, out, …) tensor."""
    if changes.ndim < 3 or not np.isfinite(changes).all():
        return
    matrices = changes.reshape(2, changes.shape[1], -1).astype(np.float64)
    count = min(rank, min(matrices.shape[1:]) // 2)
    if count < 1 or not all(np.any(matrix) for matrix in matrices):
        return
    one, other = (leading_vectors(matrix, count) for matrix in matrices)
    yield from (_overlap(first, second) for first, second in zip(one, other, strict=True))


def leading_vectors(matrix: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the (out, k) left and (in, k) right singular vectors of at most `count` largest singular values."""
    from scipy.linalg import eigh

    if matrix.shape[0] > matrix.shape[1]:
        right, left = leading_vectors(matrix.T, count)
        return left, right
    size = len(matrix)
    scaled = matrix / np.abs(matrix).max()  # squares of tiny changes would underflow
    squares, vectors = eigh(scaled @ scaled.T, subset_by_index=[size - count, size - 1])
    kept = squares > NEGLIGIBLE * squares[-1]
    left = vectors[:, kept]
    return left, scaled.T @ left / np.sqrt(squares[kept])


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the overlap of two (m, k) orthonormal bases beyond chance."""
    sizes = one.shape[1], other.shape[1]
    chance = max(sizes) / len(one)
    return float((((one.T @ other) ** 2).sum() / min(sizes) - chance) / (1 - chance))
