"""The isometry between a population and (N, r) coordinates: reducers never see D."""

import numpy as np

from globscope.errors import PopulationError
from globscope.values.blocks import columns
from globscope.values.rows import Weights
from globscope.values.space import SpanSpace

# Directions whose variance is below this share of the largest are rounding, not data.
NEGLIGIBLE = 1e-12


def span(weights: Weights) -> SpanSpace:
    """Return the affine span of `weights`, (N, D) float32, with orthonormal coordinates.

    Distances between members are kept, so a Euclidean method fitted to the (N, r) coordinates
    sees the same data as one fitted to the (N, D) weights. After the mean, two streaming passes
    over D: the Gram matrix's eigenvectors, then one whitening that restores orthonormality where
    members nearly coincide (Cholesky-QR2: Yamamoto et al., ETNA 44, 2015). Products are of
    float64: float32 products summed in float64 leave a spurious direction.

    Raises:
        PopulationError: Fewer than two distinct members, or non-finite weights.
    """
    mean = _mean(weights)
    values, vectors = np.linalg.eigh(_products(weights, mean))
    keep = np.flatnonzero(values > NEGLIGIBLE * values[-1])[::-1]
    if not np.isfinite(values).all() or values[-1] <= 0:
        raise PopulationError("a map needs at least two different networks; these members all coincide")
    mixing = (vectors[:, keep] / np.sqrt(values[keep])).T
    # The mean's share must vanish, or rounding in it would be scaled by 1/sqrt(smallest eigenvalue).
    mixing -= mixing.mean(axis=1, keepdims=True)
    products = _products(weights, mean, mixing)
    whitening = np.linalg.inv(np.linalg.cholesky(mixing @ products))
    return SpanSpace(mean=mean, mixing=whitening @ mixing, weights=weights, members=products @ whitening.T)


def _mean(weights: Weights) -> np.ndarray:
    mean = np.empty(weights.shape[1])
    for at in columns(weights.shape[1], len(weights)):
        mean[at] = weights[:, at].mean(axis=0, dtype=np.float64)
    if not np.isfinite(mean).all():
        raise PopulationError("some member has a weight that is not finite")
    return mean


def _products(weights: Weights, mean: np.ndarray, mixing: np.ndarray | None = None) -> np.ndarray:
    """Return C (mixing C)ᵀ for C = weights − mean, streaming over D; without mixing, the Gram matrix."""
    found = np.zeros((len(weights), len(weights) if mixing is None else len(mixing)))
    for at in columns(len(mean), len(weights)):
        centred = weights[:, at] - mean[at]
        found += centred @ (centred if mixing is None else mixing @ centred).T
    return found
