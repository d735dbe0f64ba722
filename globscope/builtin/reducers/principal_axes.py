"""What people call principal axes."""

import numpy as np


def principal_axes(shares: np.ndarray) -> list[str]:
    """Return a name for each axis with its share of the members' variance, (d,) from 0 to 1."""
    return [f"principal axis {axis}, {100 * share:.3g} % of variance" for axis, share in enumerate(shares.tolist(), 1)]
