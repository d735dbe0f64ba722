"""Where a map is near enough to what it was fitted to."""

import numpy as np

from globscope.values.findings import Map

# Share of the population's root-mean-square radius within which a decoded network must have a member.
REACH = 0.25


def cycle(fitted: Map, points: np.ndarray, coordinates: np.ndarray) -> np.ndarray | None:
    """Return the (n,) ‖encode(decode(z)) − z‖ in latent units, or None without an encoder."""
    if fitted.chart.encode is None:
        return None
    errors: np.ndarray = np.linalg.norm(fitted.chart.encode(coordinates) - points, axis=1)
    return errors


def trusted(fitted: Map, distance: np.ndarray) -> np.ndarray:
    """Return the (n,) mask of samples near enough to what the map was fitted to; a slice shows what is there."""
    if fitted.chart.extent is not None:
        return np.ones(len(distance), bool)
    centred = fitted.coordinates - fitted.coordinates.mean(axis=0)
    radius = np.sqrt(((centred**2).sum(axis=1) + fitted.outside**2).mean())
    inside: np.ndarray = distance <= REACH * radius
    return inside
