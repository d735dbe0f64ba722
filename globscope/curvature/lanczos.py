"""Gauss quadrature of a symmetric matrix's spectrum, by Lanczos' method from one vector."""

import numpy as np

from globscope.curvature.eigen import Products
from globscope.values.chart import Progress

# An off-diagonal entry that is so small beside the others is rounding: the Krylov space has no further dimension.
ROUNDING = 1e-14


def lanczos_quadrature(
    products: Products, start: np.ndarray, steps: int, progress: Progress | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return (m,) nodes in rising order and their weights, of sum 1, with m ≤ steps.

    Σ weight · f(node) is vᵀf(H)v for the normalised starting vector v and every polynomial f of degree below 2m (Golub
    and Meurant, "Matrices, Moments and Quadrature", 1994). The nodes are eigenvalues of the tridiagonal matrix of
    Lanczos' method, here with full re-orthogonalisation, and the weights the squares of its eigenvectors' first
    entries. All steps' vectors of length D are in memory.

    Args:
        products: Returns the symmetric matrix times each row of a (k, D) array.
        start: (D,) the starting vector; of random signs, its mean of Σ weight · f(node) is tr f(H) / D.
        steps: Number of products; fewer where the Krylov space of the vector has fewer dimensions.
        progress: Receives how many products were computed.
    """
    from scipy.linalg import eigh_tridiagonal

    report, count = progress or Progress(), min(steps, len(start))
    basis, diagonal, beside = np.empty((count, len(start))), list[float](), list[float]()
    basis[0] = start / np.linalg.norm(start)
    for step in range(count):
        image = products(basis[step : step + 1])[0]
        report(step + 1, count)
        diagonal.append(float(image @ basis[step]))
        image = _orthogonal(image, basis[: step + 1])
        length = float(np.linalg.norm(image))
        if step + 1 == count or length <= ROUNDING * np.abs([*diagonal, *beside]).max():
            break
        beside.append(length)
        basis[step + 1] = image / length
    nodes, vectors = eigh_tridiagonal(np.array(diagonal), np.array(beside))
    return nodes, vectors[0] ** 2


def _orthogonal(vector: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """Return a vector without its part in the span of orthonormal rows; taken away twice, it is gone to rounding."""
    for _ in range(2):
        vector = vector - (basis @ vector) @ basis
    return vector
