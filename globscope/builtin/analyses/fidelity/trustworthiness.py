"""The trustworthiness of a map, in memory that grows with N and not with N²."""

import numpy as np

# MiB of distances at once.
MEMORY = 64


def trustworthiness(points: np.ndarray, latents: np.ndarray, neighbours: int) -> float:
    """Return how far the nearest neighbours of (N, d) latents are neighbours among (N, r) points; 1 is best.

    As scikit-learn's, which holds several (N, N) matrices.

    Source: Venna, Kaski, "Neighborhood preservation in nonlinear projection methods", ICANN 2001.
    """
    from sklearn.metrics import pairwise_distances_chunked
    from sklearn.neighbors import NearestNeighbors

    count = len(points)
    near = NearestNeighbors(n_neighbors=neighbours).fit(latents).kneighbors(return_distance=False)

    def excess(distances: np.ndarray, start: int) -> np.ndarray:
        """Return by how much the ranks of some rows' neighbours exceed the number of neighbours."""
        rows = np.arange(len(distances))
        distances[rows, start + rows] = np.inf
        order, ranks = np.argsort(distances, axis=1), np.empty(distances.shape, np.int32)
        np.put_along_axis(ranks, order, np.arange(1, count + 1, dtype=np.int32)[None], axis=1)
        beyond = np.take_along_axis(ranks, near[start + rows], axis=1) - neighbours
        penalties: np.ndarray = np.where(beyond > 0, beyond, 0).sum(axis=1)
        return penalties

    blocks = pairwise_distances_chunked(points, reduce_func=excess, working_memory=MEMORY)
    penalty = sum(int(block.sum()) for block in blocks)
    return 1 - penalty * 2 / (count * neighbours * (2 * count - 3 * neighbours - 1))
