"""The box around the members that samplers fill."""

import numpy as np


def box(latents: np.ndarray, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest corner of the members' box, (d,) each, widened at both ends of every axis.

    `margin` is a share of the members' extent. An axis on which all members have the same latent value is given the
    extent of the widest axis.
    """
    low, high = latents.min(axis=0), latents.max(axis=0)
    extent = high - low
    flat = extent <= 1e-12 * max(float(extent.max()), 1e-300)
    extent = np.where(flat, extent.max() or 1.0, extent)
    # From the ends and not from the middle, whose rounding could leave the outermost members outside.
    beyond = margin * extent + np.where(flat, extent / 2, 0.0)
    return low - beyond, high + beyond
