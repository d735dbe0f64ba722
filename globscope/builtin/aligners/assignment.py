"""The linear assignment problem: whom to pair so that the sum of similarities is largest."""

import numpy as np


def assigned(similarity: np.ndarray) -> np.ndarray:
    """Return, for every row of an (n, n) matrix, its column, so that the sum over the pairs is the largest."""
    from scipy.optimize import linear_sum_assignment

    columns: np.ndarray = linear_sum_assignment(similarity, maximize=True)[1]
    return columns
