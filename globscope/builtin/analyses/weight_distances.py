"""Distances of networks in weight space."""

import numpy as np

from globscope.api import Weights, column_blocks


def distances_in_weight_space(weights: Weights) -> np.ndarray:
    """Return the (pairs,) Euclidean distances of (members, D) weights, in chunks of D."""
    from scipy.spatial.distance import pdist

    count, width = weights.shape
    squares = np.zeros(count * (count - 1) // 2)
    for block in column_blocks(width, count):
        squares += pdist(weights[:, block].astype(np.float64), "sqeuclidean")
    return np.sqrt(squares)
