"""The rules by which points are neighbours: on a lattice, in a mesh, and by distance. `adjacency` chooses one."""

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
from attrs import define, field

from globscope.errors import EvaluationError

# Axes beyond which a triangulation has too many simplices: in six, 1,024 points have 622,265 of them.
MESHED = 6


def offsets(axes: int, kind: str) -> np.ndarray:
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


@define(frozen=True, slots=False)
class LatticeNeighbours(Sequence[np.ndarray]):
    """The neighbours of m lattice vertices, found as they are asked for: as a table they need 8 k bytes a vertex.

    `rows[i]` holds the k neighbours of vertex i, and i itself for those that are absent; `rows[i:j]` is a
    (j − i, k) table.

    Attributes:
        places: (m,) place of each vertex in a lattice with a rim of absent vertices, where no border needs a test.
        vertices: (places,) vertex at each place of that lattice; −1 where there is none.
        strides: (k,) from a vertex' place to those of its neighbours.
    """

    places: np.ndarray = field(eq=False, repr=False)
    vertices: np.ndarray = field(eq=False, repr=False)
    strides: np.ndarray = field(eq=False, repr=False)

    def __len__(self) -> int:
        """Count the vertices."""
        return len(self.places)

    def __getitem__(self, rows: Any) -> Any:
        """Return the neighbours of a vertex, or of a slice of vertices."""
        places = self.places[rows, None]
        around = self.vertices[places + self.strides]
        return np.where(around < 0, self.vertices[places].astype(int), around)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return the (m, k) table."""
        return np.asarray(self[:], dtype)


def lattice_neighbours(index: np.ndarray, shape: tuple[int, ...], kind: str) -> LatticeNeighbours:
    """Return the neighbours of lattice vertices `index`, (m, axes), in their order.

    Vertices of the lattice that are not in `index` are not neighbours.

    Raises:
        ValueError: An index lies outside the lattice, or occurs twice.
    """
    padded = tuple(size + 2 for size in shape)
    if np.any((index < 0) | (index >= shape)):
        raise ValueError(f"a sample lies outside its lattice of shape {shape}")
    strides = np.array([np.prod(padded[axis + 1 :], dtype=int) for axis in range(len(padded))])
    places, numbers = (index + 1) @ strides, np.arange(len(index))
    vertices = np.full(np.prod(padded), -1, np.int32 if len(index) < 2**31 else np.int64)
    vertices[places] = numbers
    if np.any(vertices[places] != numbers):
        raise ValueError("two samples share one lattice vertex")
    return LatticeNeighbours(places=places, vertices=vertices, strides=offsets(len(shape), kind) @ strides)


# Relative rounding error of distances that are equal, such as those of points on one sphere.
ROUNDING = 1e-9


def delaunay(points: np.ndarray) -> np.ndarray:
    """Return the (m, 2) Delaunay edges of (n, d) points: on a line, each with the next.

    Points on a flat of the space (all on one line, say) are triangulated within it; a point that
    Qhull drops because it coincides with another is joined to that one.

    Raises:
        EvaluationError: The points span more than MESHED axes.
    """
    if len(points) < 2:
        return np.empty((0, 2), int)
    flat = _within_span(points)
    if flat.shape[1] < 2:
        along = np.argsort(flat[:, 0], kind="stable") if flat.shape[1] else np.arange(len(flat))
        return np.stack([along[:-1], along[1:]], axis=1)
    if flat.shape[1] > MESHED:
        raise EvaluationError(
            f"topology.adjacency: 'delaunay' and 'gabriel' mesh at most {MESHED} axes, and these samples span "
            f"{flat.shape[1]}; 'knn' and 'mutual-knn' take any number"
        )
    from scipy.spatial import Delaunay

    mesh = Delaunay(flat)
    starts, ends = mesh.vertex_neighbor_vertices
    edges = np.stack([np.repeat(np.arange(len(flat)), np.diff(starts)), ends], axis=1)
    twins = mesh.coplanar[:, [0, 2]]
    return np.concatenate([edges[edges[:, 0] < edges[:, 1]], twins]).astype(int)


def gabriel(points: np.ndarray) -> np.ndarray:
    """Return the (m, 2) Gabriel edges of (n, d) points: no third point lies in or on the ball that an edge spans.

    They are among the Delaunay edges. Points on the ball count as within it, so that a square has no diagonal; those
    that coincide with an end of the edge do not.

    Source: Gabriel, Sokal, "A new statistical approach to geographic variation analysis", Syst. Zool. 18, 1969.
    """
    edges = delaunay(points)
    if len(points) < 3 or not len(edges):
        return edges
    from scipy.spatial import cKDTree

    ends = points[edges]
    radius = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1) / 2
    places, place = np.unique(points, axis=0, return_inverse=True)
    distance, near = cKDTree(places).query(ends.mean(axis=1), k=3)
    own = place[edges]
    third = (near != own[:, :1]) & (near != own[:, 1:])
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


# Beyond this many samples, the search for neighbours is approximate.
MANY = 100_000


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
