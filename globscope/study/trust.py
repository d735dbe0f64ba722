"""Where a map is near enough to what it was fitted to."""

import numpy as np

from globscope.values.findings import Map

# Share of the population's root-mean-square radius within which a decoded network must have a member.
REACH = 0.25


def nearest_members(fitted: Map, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the (n,) row of the fitted member nearest to each decoded network, and its distance in weight space."""
    from scipy.spatial.distance import cdist

    rows, distances = np.empty(len(coordinates), int), np.empty(len(coordinates))
    for start in range(0, len(coordinates), 4096):
        part = slice(start, start + 4096)
        squares = cdist(coordinates[part], fitted.coordinates, "sqeuclidean") + fitted.outside**2
        rows[part], distances[part] = squares.argmin(axis=1), np.sqrt(squares.min(axis=1))
    return rows, distances


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
