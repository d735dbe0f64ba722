"""Where a map is near enough to what it was fitted to."""

import numpy as np

from globscope.values.chart import Chart
from globscope.values.members import Population


def distances(chart: Chart, population: Population, coordinates: np.ndarray) -> np.ndarray:
    """Return the (n,) distance in weight space of decoded networks to the nearest fitted member."""
    from scipy.spatial.distance import cdist

    members, residual = chart.space.coordinates(population.weights)
    nearest = np.empty(len(coordinates))
    for start in range(0, len(coordinates), 4096):
        part = slice(start, start + 4096)
        squares = cdist(coordinates[part], members, "sqeuclidean") + residual**2
        nearest[part] = np.sqrt(squares.min(axis=1))
    return nearest


def cycle(chart: Chart, points: np.ndarray, coordinates: np.ndarray) -> np.ndarray | None:
    """Return the (n,) ‖encode(decode(z)) − z‖ in latent units, or None without an encoder."""
    if chart.encode is None:
        return None
    errors: np.ndarray = np.linalg.norm(chart.encode(coordinates) - points, axis=1)
    return errors


def trusted(
    chart: Chart, population: Population, distance: np.ndarray, cycle_error: np.ndarray | None
) -> np.ndarray:
    """Return the (n,) mask of samples near enough to what the map was fitted to."""
    from scipy.spatial.distance import pdist, squareform

    members, _ = chart.space.coordinates(population.weights)
    apart = squareform(pdist(members))
    np.fill_diagonal(apart, np.inf)
    near: np.ndarray = distance <= apart.min(axis=1).max()
    return near
