"""The similarity of networks' outputs, pair by pair, in the order of scipy's condensed distances."""

from itertools import combinations

import numpy as np

# Outputs whose variance is below this share of their mean square are constant: the rest is rounding.
CONSTANT = 1e-24


def linear_cka(outputs: np.ndarray) -> np.ndarray:
    """Return the (pairs,) linear CKA of (members, examples, values) outputs.

    ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) in Frobenius norms, for centred X and Y (Kornblith et al., 2019, section 3): 1 where one is
    a rotated, reflected or scaled copy of the other. NaN where outputs are constant or not finite.
    """
    features = [_features(one) for one in outputs]
    # Products of values by values, one pair at a time, so that no matrix of examples by examples is needed.
    return np.array([((two.T @ one) ** 2).sum() for one, two in combinations(features, 2)])


def _features(outputs: np.ndarray) -> np.ndarray:
    """Return centred outputs, scaled so that ‖XᵀX‖ is 1."""
    if not np.isfinite(outputs).all():
        return np.full(outputs.shape, np.nan)
    wide = outputs.astype(np.float64)
    centred = wide - wide.mean(axis=0)
    if centred.shape[1] > len(
        centred
    ):  # a rotation of the values changes no product, so as many as there are examples are enough
        centred = np.linalg.qr(centred.T)[1].T
    if (centred**2).sum() <= CONSTANT * (wide**2).sum():
        return np.full(centred.shape, np.nan)
    scaled: np.ndarray = centred / np.sqrt(np.linalg.norm(centred.T @ centred))
    return scaled


def disagreements(outputs: np.ndarray) -> np.ndarray:
    """Return the (pairs,) shares of examples whose largest outputs differ; NaN where any output is not finite."""
    from scipy.spatial.distance import pdist

    shares: np.ndarray = pdist(outputs.argmax(axis=2), "hamming")
    return np.where(_both_finite(outputs), shares, np.nan)


def differences(outputs: np.ndarray) -> np.ndarray:
    """Return the (pairs,) mean squared differences of outputs over the mean of both networks' variances.

    0 for equal outputs, 2 for uncorrelated ones of equal mean; NaN where it is 0 / 0 or not finite.
    """
    from scipy.spatial.distance import pdist

    finite = _both_finite(outputs)
    wide = np.where(np.isfinite(outputs), outputs, 0).astype(np.float64)
    squares = pdist(wide.reshape(len(wide), -1), "sqeuclidean")
    variances = ((wide - wide.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2))
    spread = np.array([(one + two) / 2 for one, two in combinations(variances, 2)])
    defined = finite & (spread > 0)
    ratios: np.ndarray = np.divide(squares, spread, out=np.full(len(squares), np.nan), where=defined)
    return ratios


def _both_finite(outputs: np.ndarray) -> np.ndarray:
    finite = np.isfinite(outputs).all(axis=(1, 2))
    return np.array([one and two for one, two in combinations(finite, 2)], bool)
