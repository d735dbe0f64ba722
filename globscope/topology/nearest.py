"""Which scattered samples are neighbours by their distance."""

import numpy as np

# Beyond this many samples, the search for neighbours is approximate.
MANY = 100_000
# Relative rounding error of equal distances.
ROUNDING = 1e-9


def nearest(points: np.ndarray, k: int, *, mutual: bool) -> np.ndarray:
    """Return the (m, 2) edges between each of (n, d) points and its k nearest others.

    Of equally distant points, lower numbers are taken. With `mutual`, each must be among the other's nearest.
    Beyond 100,000 points NN-descent (Dong, Moses, Li, WWW 2011, seeded with 0) finds nearly all of them.
    """
    k = min(k, len(points) - 1)
    if k < 1:
        return np.empty((0, 2), int)
    nearest = _exact(points, k) if len(points) <= MANY else _descent(points, k)
    pairs = np.stack([np.repeat(np.arange(len(points)), k), nearest.ravel()], axis=1)
    edges, counts = np.unique(np.sort(pairs, axis=1), axis=0, return_counts=True)
    return edges[counts == 2] if mutual else edges


def _exact(points: np.ndarray, k: int) -> np.ndarray:
    """Return the (n, k) numbers of the nearest others, by (distance, number)."""
    from scipy.spatial import cKDTree

    tree = cKDTree(points)
    reach = tree.query(points, k=k + 1)[0][:, -1] * (1 + ROUNDING)
    nearest = np.empty((len(points), k), int)
    for point, around in enumerate(tree.query_ball_point(points, reach)):
        others = np.sort(np.array(around, int))
        others = others[others != point]
        distances = np.linalg.norm(points[others] - points[point], axis=1)
        nearest[point] = others[np.argsort(_tolerant_ranks(distances), kind="stable")[:k]]
    return nearest


def _tolerant_ranks(distances: np.ndarray) -> np.ndarray:
    """Return the ranks of distances; distances that differ by rounding alone share a rank."""
    order = np.argsort(distances, kind="stable")
    ordered = distances[order]
    steps = np.append(0, np.cumsum(np.diff(ordered) > ROUNDING * ordered[1:]))
    ranks = np.empty_like(order)
    ranks[order] = steps
    return ranks


def _descent(points: np.ndarray, k: int) -> np.ndarray:
    from pynndescent import NNDescent

    nearest, _ = NNDescent(points, n_neighbors=k + 1, random_state=0).neighbor_graph
    # A point is its own nearest, unless another coincides with it.
    itself = nearest == np.arange(len(points))[:, None]
    itself[:, -1] |= ~itself.any(axis=1)
    others: np.ndarray = nearest[~itself].reshape(len(points), k)
    return others
