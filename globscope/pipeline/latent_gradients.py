"""Gradients with respect to latent points where nobody differentiates: central differences of decoded networks."""

import numpy as np

from globscope.values.chart import Chart

# Of the members' extent on each axis, how far a point is shifted to both sides. A loss in float32 is known to 1e-7, and
# changes over about a tenth of the extent: rounding and curvature then each put an error of about 1e-5 on a gradient.
SHIFT = 1e-3


def shifts(chart: Chart) -> np.ndarray:
    """Return the (d,) lengths by which points are shifted along each axis, in latent units.

    An axis on which all members have one latent value takes the extent of the widest axis.
    """
    extent = np.ptp(chart.latents if chart.extent is None else chart.extent, axis=0)
    widest = extent.max() or 1.0
    lengths: np.ndarray = SHIFT * np.where(extent <= 1e-12 * widest, widest, extent)
    return lengths


def decode_shifted(chart: Chart, points: np.ndarray) -> np.ndarray:
    """Return the (2d·n, r) coordinates of n points shifted along one axis after another, forwards and back.

    On a chart that is not pointwise each shift is decoded by itself, with the points in their order: a network that
    depends on the others of its batch then keeps their company, which is shifted with it.
    """
    assert chart.decode is not None
    moved = [points + sign * step for step in np.diag(shifts(chart)) for sign in (1, -1)]
    batches = [np.concatenate(moved)] if chart.pointwise else moved
    return np.concatenate([np.asarray(chart.decode(batch)) for batch in batches])


def central_differences(chart: Chart, values: np.ndarray) -> np.ndarray:
    """Return the (n, d) gradients of a field from its (2d·n,) values at shifted points, not finite as those are."""
    forwards, back = np.moveaxis(values.reshape(chart.dimension, 2, -1), 1, 0)
    with np.errstate(invalid="ignore", over="ignore"):
        gradients: np.ndarray = (forwards - back).T / (2 * shifts(chart))
    return gradients
