"""Which samples are neighbours: on a lattice, or scattered.

Vertices are numbered by their place in the sweep: number i is sample `swept[i]`. Samples that are not
swept are absent, and so are their edges (an induced subgraph). ToMaTo looks only at a vertex's
neighbours earlier in the sweep, and a vertex may list itself, which fills up rows of equal length.
"""

from collections.abc import Sequence
from itertools import pairwise, product
from typing import Literal

import numpy as np

Kind = Literal["freudenthal", "full"]
Neighbours = Sequence[Sequence[int]] | np.ndarray


def offsets(axes: int, kind: Kind) -> np.ndarray:
    """Return the (k, axes) steps from a lattice vertex to its neighbours, both ways.

    Freudenthal's triangulation joins x with x + e, e any non-zero vector of zeros and ones; as in
    TTK, the last axis (the fastest in C order, an image's x) runs backwards, so that in 2-D the
    diagonal joins (i, j) with (i + 1, j − 1).
    """
    if kind == "full":
        return np.array([step for step in product((-1, 0, 1), repeat=axes) if any(step)])
    ahead = np.array([step for step in product((0, 1), repeat=axes) if any(step)])
    ahead[:, -1] *= -1
    return np.concatenate([ahead, -ahead])


def lattice(index: np.ndarray, shape: tuple[int, ...], kind: Kind) -> np.ndarray:
    """Return the (m, k) neighbours of lattice vertices `index`, (m, axes), in their order.

    Vertices of the lattice that `index` lacks are nobody's neighbour.

    Raises:
        ValueError: An index lies outside the lattice, or occurs twice.
    """
    # A rim of absent vertices spares every test for the border.
    padded = tuple(size + 2 for size in shape)
    own = np.arange(len(index))
    if np.any((index < 0) | (index >= shape)):
        raise ValueError(f"a sample lies outside its lattice of shape {shape}")
    at = np.ravel_multi_index(tuple(index.T + 1), padded)
    place = np.full(np.prod(padded), -1)
    place[at] = own
    if np.any(place[at] != own):
        raise ValueError("two samples share one lattice vertex")
    strides = np.array([np.prod(padded[axis + 1 :], dtype=int) for axis in range(len(padded))])
    around = place[at[:, None] + offsets(len(shape), kind) @ strides]
    return np.where(around < 0, own[:, None], around)


def scattered(points: np.ndarray) -> np.ndarray:
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


def _within_span(points: np.ndarray) -> np.ndarray:
    """Return the points as they are, or in coordinates of the flat that holds them."""
    centred = points - points.mean(axis=0)
    _, spreads, axes = np.linalg.svd(centred, full_matrices=False)
    # Below 1e-10 of the widest direction Qhull finds no first simplex.
    rank = int((spreads > 1e-10 * spreads.max()).sum())
    return points if rank == points.shape[1] else centred @ axes[:rank].T


def listed(edges: np.ndarray, swept: np.ndarray, samples: int) -> list[list[int]]:
    """Return each vertex's earlier neighbours, from (m, 2) edges between sample numbers."""
    place = np.full(samples, -1)
    place[swept] = np.arange(len(swept))
    ends = np.sort(place[edges], axis=1)
    ends = ends[ends[:, 0] >= 0]
    ends = ends[np.argsort(ends[:, 1], kind="stable")]
    cuts = np.searchsorted(ends[:, 1], np.arange(len(swept) + 1))
    earlier = ends[:, 0].tolist()
    return [earlier[start:stop] for start, stop in pairwise(cuts.tolist())]
