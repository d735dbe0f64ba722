"""Which scattered samples are neighbours by their triangulation."""

import numpy as np

# Relative rounding error of distances between points that lie on one sphere.
ROUNDING = 1e-9


def delaunay(points: np.ndarray) -> np.ndarray:
    """Return the (m, 2) Delaunay edges of (n, d) points: on a line, each with the next.

    Points on a flat of the space (all on one line, say) are triangulated within it; a point that
    Qhull drops because it coincides with another is joined to that one.
    """
    if len(points) < 2:
        return np.empty((0, 2), int)
    flat = _within_span(points)
    if flat.shape[1] < 2:
        along = np.argsort(flat[:, 0], kind="stable") if flat.shape[1] else np.arange(len(flat))
        return np.stack([along[:-1], along[1:]], axis=1)
    from scipy.spatial import Delaunay

    mesh = Delaunay(flat)
    starts, ends = mesh.vertex_neighbor_vertices
    edges = np.stack([np.repeat(np.arange(len(flat)), np.diff(starts)), ends], axis=1)
    twins = mesh.coplanar[:, [0, 2]]
    return np.concatenate([edges[edges[:, 0] < edges[:, 1]], twins]).astype(int)


def gabriel(points: np.ndarray) -> np.ndarray:
    """Return the (m, 2) Gabriel edges of (n, d) points: no third point lies in or on the ball that an edge spans.

    They are among the Delaunay edges. Points on the ball count as within it, so that a square has no diagonal.

    Source: Gabriel, Sokal, "A new statistical approach to geographic variation analysis", Syst. Zool. 18, 1969.
    """
    edges = delaunay(points)
    if len(points) < 3 or not len(edges):
        return edges
    from scipy.spatial import cKDTree

    ends = points[edges]
    radius = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1) / 2
    distance, near = cKDTree(points).query(ends.mean(axis=1), k=3)
    third = (near != edges[:, :1]) & (near != edges[:, 1:])
    blocked = (third & (distance <= radius[:, None] * (1 + ROUNDING))).any(axis=1)
    unblocked: np.ndarray = edges[~blocked]
    return unblocked


def _within_span(points: np.ndarray) -> np.ndarray:
    """Return the points unchanged, or in coordinates of the flat that holds them."""
    centred = points - points.mean(axis=0)
    _, spreads, axes = np.linalg.svd(centred, full_matrices=False)
    # Below 1e-10 of the widest direction Qhull finds no first simplex.
    rank = int((spreads > 1e-10 * spreads.max()).sum())
    return points if rank == points.shape[1] else centred @ axes[:rank].T
