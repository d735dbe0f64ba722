"""Where a map is near enough to what it was fitted to."""

import numpy as np

from globscope.values.findings import Map


def cycle(fitted: Map, points: np.ndarray, coordinates: np.ndarray) -> np.ndarray | None:
    """Return the (n,) ‖encode(decode(z)) − z‖ in latent units, or None without an encoder."""
    if fitted.chart.encode is None:
        return None
    errors: np.ndarray = np.linalg.norm(fitted.chart.encode(coordinates) - points, axis=1)
    return errors


def trusted_mask(fitted: Map, distance: np.ndarray) -> np.ndarray:
    """Return the (n,) mask of samples near enough to what the map was fitted to; a slice shows what is there."""
    if fitted.chart.extent is not None:
        return np.ones(len(distance), bool)
    return fitted.is_near(distance)
