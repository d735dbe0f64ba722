"""The border of a lattice, at which the box and not the landscape decides how far a path may go."""

import numpy as np

from globscope.values.landscape import Samples


def rim(samples: Samples) -> np.ndarray:
    """Return the (n,) mask of samples on the border of a lattice of several axes; none of other samples.

    On a line, the border is its two ends, past which no path between two others leads.
    """
    index, shape = samples.index, samples.shape
    if index is None or shape is None or len(shape) < 2:
        return np.zeros(len(samples.points), bool)
    mask: np.ndarray = ((index == 0) | (index == np.array(shape) - 1)).any(axis=1)
    return mask
