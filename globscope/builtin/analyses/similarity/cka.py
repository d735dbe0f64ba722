"""How alike networks answer: pair by pair, in the order of scipy's condensed distances."""

from itertools import combinations

import numpy as np

# Of the outputs' mean square, below which their variance is rounding: then they are constant.
CONSTANT = 1e-24


def similarities(answers: np.ndarray) -> np.ndarray:
    """Return the (pairs,) linear CKA of (members, examples, values) outputs.

    ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) in Frobenius norms, for centred X and Y (Kornblith et al., 2019, section 3): 1 where one is
    a rotated, reflected or scaled copy of the other. NaN where outputs are constant or not finite.
    """
    features = [_features(own) for own in answers]
    # Products of values by values, one pair at a time: no matrix of examples by examples is held.
    return np.array([((two.T @ one) ** 2).sum() for one, two in combinations(features, 2)])


def _features(outputs: np.ndarray) -> np.ndarray:
    """Return centred outputs, scaled so that ‖XᵀX‖ is 1."""
    if not np.isfinite(outputs).all():
        return np.full(outputs.shape, np.nan)
    wide = outputs.astype(np.float64)
    centred = wide - wide.mean(axis=0)
    if centred.shape[1] > len(centred):  # a rotation of the values changes no product: as few as examples will do
        centred = np.linalg.qr(centred.T)[1].T
    if (centred**2).sum() <= CONSTANT * (wide**2).sum():
        return np.full(centred.shape, np.nan)
    scaled: np.ndarray = centred / np.sqrt(np.linalg.norm(centred.T @ centred))
    return scaled


def disagreements(answers: np.ndarray) -> np.ndarray:
    """Return the (pairs,) share of examples whose largest output is another's; NaN where any is not finite."""
    from scipy.spatial.distance import pdist

    found: np.ndarray = pdist(answers.argmax(axis=2), "hamming")
    return np.where(_both_finite(answers), found, np.nan)


def differences(answers: np.ndarray) -> np.ndarray:
    """Return the (pairs,) mean squared difference of outputs over their variance, the mean of both networks'.

    0 where they are equal, 2 where they have one mean and nothing in common; NaN where it is 0 / 0 or not finite.
    """
    from scipy.spatial.distance import pdist

    finite = _both_finite(answers)
    wide = np.where(np.isfinite(answers), answers, 0).astype(np.float64)
    squares = pdist(wide.reshape(len(wide), -1), "sqeuclidean")
    own = ((wide - wide.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2))
    spread = np.array([(one + two) / 2 for one, two in combinations(own, 2)])
    known = finite & (spread > 0)
    found: np.ndarray = np.divide(squares, spread, out=np.full(len(squares), np.nan), where=known)
    return found


def _both_finite(answers: np.ndarray) -> np.ndarray:
    finite = np.isfinite(answers).all(axis=(1, 2))
    return np.array([one and two for one, two in combinations(finite, 2)], bool)
