"""The box that samplers fill: around the members, or what a slice shows."""

import numpy as np

from globscope.api import Chart


def box(chart: Chart, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest corner of what is sampled, (d,) each.

    That is what a slice around a network shows, as it stands; of any other chart its members' box, or the corners that
    it names itself, widened by the margin.
    """
    if chart.extent is None:
        return widened(chart.latents, margin)
    if chart.centre is not None:
        return chart.extent[0], chart.extent[1]
    return widened(chart.extent, margin)


def widened(latents: np.ndarray, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest corner of the points' box, (d,) each, widened at both ends of every axis.

    `margin` is a share of the points' extent. An axis on which all points have the same latent value is given the
    extent of the widest axis.
    """
    low, high = latents.min(axis=0), latents.max(axis=0)
    extent = high - low
    flat = extent <= 1e-12 * max(float(extent.max()), 1e-300)
    extent = np.where(flat, extent.max() or 1.0, extent)
    # From the ends and not from the middle, whose rounding could leave the outermost points outside.
    beyond = margin * extent + np.where(flat, extent / 2, 0.0)
    return low - beyond, high + beyond
