"""The isometry between a population and (N, r) coordinates: reducers never see D."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from globscope.errors import PopulationError
from globscope.values.arrays import column_blocks
from globscope.values.kinship import Kinship
from globscope.values.low_rank import LowRankColumns, low_rank_columns, other_columns
from globscope.values.rows import Weights
from globscope.values.space import PrincipalSpace, SpanSpace

# The squared share of a difference between two near members that is rounding error, not a direction of its own.
NEGLIGIBLE = 1e-12
# Rounding error of a product of two differences of length 1, and the accepted error of an orthonormal basis.
ROUNDING, ORTHONORMAL = 1e-15, 1e-9
# Steps shorter than this share of the population's radius are lifted as differences, not as members.
SHORT = 1e-3
COINCIDING = "a map needs at least two different networks; these members all coincide"
# The most passes to find a tree of nearest members; each resolves distances 1e-6 times as small as the one before.
PASSES = 3


def span(weights: Weights) -> SpanSpace | PrincipalSpace:
    """Return the affine span of `weights`, (N, D) float32, with orthonormal coordinates along its principal axes.

    Where N > D the basis is computed and kept as r ≤ D vectors, else as combinations of the N members.

    Distances between members are preserved, so a Euclidean method that is fitted to the (N, r) coordinates sees the
    same data as one that is fitted to the (N, D) weights. Small distances are preserved beside large ones: the basis is
    made of differences between near members, each computed by itself in float64. In differences from the common mean,
    those between near members would be lost in rounding. A pivoted Cholesky factor of the inner products of these
    differences, scaled to length 1, omits differences that are, within 1e-6 of their length, combinations of others.
    After one streaming pass over D for each tree of differences (mostly one), a further pass restores orthonormality
    where differences are nearly dependent (Cholesky-QR2: Yamamoto et al., ETNA 44, 2015). Products are of float64:
    float32 products summed in float64 leave a spurious direction. Of tensors that are low-rank about one origin in all
    members, products come from the factors, and nothing of their size is formed.

    Raises:
        PopulationError: Fewer than two distinct members, or non-finite weights.
    """
    if outnumber(weights):
        return _principal_axes(weights)
    kin, lengths, mixing, steps = _differences(weights)
    points = kin.paths @ steps
    points -= points.mean(axis=0)
    _, _, axes = np.linalg.svd(points, full_matrices=False)
    members, radius = points @ axes.T, np.sqrt((points**2).sum(axis=1).mean())
    # Coefficients of differences become coefficients of lifted parts: members, and short differences from parents.
    near = kin.cut(lengths < SHORT * radius)
    lifted = np.where((lengths < SHORT * radius)[:, None], np.eye(len(points)), near.paths - near.paths[kin.parents])
    return SpanSpace(parents=near.parents, coefficients=axes @ mixing @ lifted, weights=weights, members=members)


def outnumber(weights: Weights) -> bool:
    """Return whether there are more members than weights."""
    members, size = weights.shape
    return bool(members > size)


def _principal_axes(weights: Weights) -> PrincipalSpace:
    """Return the span of more members than weights, from the (D, D) triangle of their QR decomposition.

    Differences from the first member are exact in float64, and so are the zeros of weights that never change. No
    products of differences are formed: distances are kept to 1e-16 of the population's radius, not of its square.
    """
    first = _require_finite(np.asarray(weights[0], np.float64))
    shift = np.sum([(weights[rows] - first).sum(axis=0) for rows in _row_blocks(weights)], axis=0) / len(weights)
    _require_finite(shift)
    triangle: Any = np.empty((0, weights.shape[1]))  # NumPy's stub of `qr` has no such mode
    for rows in _row_blocks(weights):
        triangle = np.linalg.qr(np.concatenate([triangle, weights[rows] - first - shift]), mode="r")
    _, spreads, axes = np.linalg.svd(triangle)
    axes = axes[spreads > ROUNDING * np.sqrt(len(weights)) * spreads[0]]
    if not len(axes):
        raise PopulationError(COINCIDING)
    members = np.concatenate([(weights[rows] - first - shift) @ axes.T for rows in _row_blocks(weights)])
    return PrincipalSpace(origin=first + shift, basis=axes, members=members - members.mean(axis=0))


def _row_blocks(weights: Weights) -> list[slice]:
    """Return slices of the N rows of D weights each; a block has at least D rows."""
    return column_blocks(len(weights), min(weights.shape[1], 4_000_000 // weights.shape[1]))


def _require_finite(values: np.ndarray) -> np.ndarray:
    if not np.isfinite(values).all():
        raise PopulationError("some member has a weight that is not finite")
    return values


def _differences(weights: Weights) -> tuple[Kinship, np.ndarray, np.ndarray, np.ndarray]:
    """Return a tree over the members, and an orthonormal basis of the differences from their parents.

    Returns:
        The tree, the (N,) lengths of the differences, the basis as (r, N) coefficients of them, and their (N, r)
        coordinates in it.
    """
    kin = Kinship.chain(len(weights))
    for _ in range(PASSES):
        lengths, mixing, steps, pivot = _factor(_products(weights, kin))
        points = kin.paths @ steps
        if not kin.bends(points):
            break
        kin = Kinship.nearest(points)
    if ROUNDING * len(weights) > ORTHONORMAL * pivot:
        products = _products(weights, kin, mixing)
        whitening = np.linalg.inv(np.linalg.cholesky(mixing @ products))
        mixing, steps = whitening @ mixing, products @ whitening.T
    return kin, lengths, mixing, steps


def _factor(products: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return an orthonormal basis of vectors from their (N, N) inner products.

    Returns:
        The vectors' (N,) lengths, the basis as (r, N) coefficients, the vectors' (N, r) coordinates, and the smallest
        squared share of a vector that is not a combination of others.
    """
    from scipy.linalg import solve_triangular
    from scipy.linalg.lapack import dpstrf

    lengths = np.sqrt(np.diag(products))
    nonzero = np.flatnonzero(lengths)
    if not len(nonzero):
        raise PopulationError(COINCIDING)
    scaled = products[np.ix_(nonzero, nonzero)] / np.outer(lengths[nonzero], lengths[nonzero])
    factor, order, rank, _ = dpstrf(scaled, tol=NEGLIGIBLE, lower=1)
    lower, pivots = np.tril(factor[:rank, :rank]), order[:rank] - 1
    mixing, steps = np.zeros((rank, len(lengths))), np.zeros((len(lengths), rank))
    mixing[:, nonzero[pivots]] = solve_triangular(lower, np.eye(rank), lower=True) / lengths[nonzero[pivots]]
    steps[nonzero] = solve_triangular(lower, scaled[pivots], lower=True).T * lengths[nonzero][:, None]
    return lengths, mixing, steps, float(np.diag(lower).min() ** 2)


def _products(weights: Weights, kin: Kinship, mixing: np.ndarray | None = None) -> np.ndarray:
    """Return Δ (mixing Δ)ᵀ for the differences Δ from parents, streaming over D; without mixing, their Gram matrix.

    Raises:
        PopulationError: A weight is not finite.
    """
    low_rank = low_rank_columns(weights)
    products = _low_rank_products(low_rank, kin, mixing)
    for columns in other_columns(weights, low_rank):
        block = weights[:, columns].astype(np.float64)
        differences = block[kin.parents]
        np.subtract(block, differences, out=differences)  # no third copy
        products += differences @ (differences if mixing is None else mixing @ differences).T
    return _require_finite(products)


def _low_rank_products(low_rank: Sequence[LowRankColumns], kin: Kinship, mixing: np.ndarray | None) -> np.ndarray:
    """Return the products of the differences in low-rank tensors, whose origin is the same and cancels."""
    differences = np.eye(len(kin.parents)) - np.eye(len(kin.parents))[kin.parents]
    gram = sum((tensor.gram() for tensor in low_rank), np.zeros_like(differences))
    products: np.ndarray = differences @ gram @ (differences if mixing is None else mixing @ differences).T
    return products
