"""The neighbours of a landscape's samples in the order of a sweep, by one of the rules of `neighbour_rules`.

Vertices are numbered by their place in the sweep: vertex i is sample `swept[i]`. Samples that are not
swept are absent, and so are their edges (an induced subgraph). ToMaTo uses only a vertex's
neighbours earlier in the sweep; a vertex may list itself, so that all rows have equal length.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np

from globscope.topology.neighbour_rules import LatticeNeighbours, delaunay, gabriel, lattice_neighbours, nearest
from globscope.values.landscape import Samples

Adjacency = Literal["auto", "freudenthal", "full", "delaunay", "gabriel", "knn", "mutual-knn"]
"""The rules by which samples are neighbours; `resolve_adjacency` says what `auto` means."""
# What an adjacency means for some samples: `own` stands for the edges that they bring with them.
Resolved = Adjacency | Literal["own"]
Neighbours = Sequence[Sequence[int]] | LatticeNeighbours | np.ndarray
"""For each vertex the vertices beside it: lists, the rule of a lattice, or an (n, k) array."""
LATTICE = ("freudenthal", "full")


def resolve_adjacency(samples: Samples, adjacency: Adjacency) -> Resolved:
    """Return what `auto` means.

    It is `own` where samples have edges, `freudenthal` on a lattice, else `knn`, and `delaunay` on a line.

    Long thin triangles along the rim of a triangulation join distant samples, so it is not the default. A lattice's
    adjacency for samples that are on no lattice, as in a study with several samplers, is treated as `auto`.
    """
    if adjacency == "auto" and samples.edges is not None:
        return "own"
    if samples.index is None or samples.shape is None:
        scattered: Adjacency = "knn" if samples.points.shape[1] > 1 else "delaunay"
        return scattered if adjacency in ("auto", *LATTICE) else adjacency
    return "freudenthal" if adjacency == "auto" else adjacency


def neighbours(samples: Samples, swept: np.ndarray, adjacency: Adjacency = "auto", k: int | None = None) -> Neighbours:
    """Return the neighbours of each of the (s,) swept samples, by place in the sweep; `k` as in `edges`."""
    kind = resolve_adjacency(samples, adjacency)
    if kind in LATTICE:
        assert samples.index is not None
        assert samples.shape is not None
        return lattice_neighbours(samples.index[swept], samples.shape, kind)
    # Edges are made before any sample is left out, so that none crosses a region without samples.
    return earlier_neighbours(sample_edges(samples, kind, k), swept, len(samples.points))


def sample_edges(samples: Samples, kind: Resolved, k: int | None = None) -> np.ndarray:
    """Return the (m, 2) edges between samples by an adjacency that is none of a lattice; `k` as in `edges`."""
    if kind == "own":
        assert samples.edges is not None
        return samples.edges
    return edges(samples.points, kind, k)


def nearest_count(samples: Samples, kind: Resolved, k: int | None = None) -> int | None:
    """Return how many nearest samples are joined to each: `k`, 4 for each axis if unset; None if `kind` counts none."""
    return (k or 4 * samples.points.shape[1]) if kind in ("knn", "mutual-knn") else None


def edges(points: np.ndarray, adjacency: Adjacency, k: int | None = None) -> np.ndarray:
    """Return the (m, 2) edges between (n, d) scattered points; `k` nearest neighbours each, 4 d where unset."""
    # Scaled by a power of two, which changes no digit: squares of very large or small distances would overflow.
    points = np.ldexp(points, -int(np.frexp(np.abs(points).max(initial=0))[1]))
    if adjacency == "delaunay":
        return delaunay(points)
    if adjacency == "gabriel":
        return gabriel(points)
    return nearest(points, k or 4 * points.shape[1], mutual=adjacency == "mutual-knn")


def earlier_neighbours(edges: np.ndarray, swept: np.ndarray, samples: int) -> list[list[int]]:
    """Return each vertex's earlier neighbours, from (m, 2) edges between sample numbers."""
    places = np.full(samples, -1)
    places[swept] = np.arange(len(swept))
    ends = np.sort(places[edges], axis=1)
    ends = ends[ends[:, 0] >= 0]
    ends = ends[np.argsort(ends[:, 1], kind="stable")]
    cuts = np.searchsorted(ends[:, 1], np.arange(len(swept) + 1))
    earlier = ends[:, 0].tolist()
    return [earlier[start:stop] for start, stop in pairwise(cuts.tolist())]


# Vertices whose neighbours are looked up at once.
ROWS = 2**16


def edge_blocks(neighbours: Neighbours) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the edges' lower and higher ends in blocks of (m,) vertices, sorted by the higher end as the blocks are."""
    if isinstance(neighbours, np.ndarray | LatticeNeighbours):
        for start in range(0, len(neighbours), ROWS):
            rows = neighbours[start : start + ROWS]
            numbers = np.arange(start, start + len(rows))
            earlier = rows < numbers[:, None]
            yield rows[earlier], np.repeat(numbers, earlier.sum(axis=1))
        return
    sizes = [len(row) for row in neighbours]
    low = np.fromiter((vertex for row in neighbours for vertex in row), int, sum(sizes))
    high = np.repeat(np.arange(len(neighbours)), sizes)
    yield low[low < high], high[low < high]


def edge_ends(neighbours: Neighbours) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges' (m,) lower and (m,) higher ends, sorted by the higher end."""
    blocks = [*edge_blocks(neighbours), (np.empty(0, int), np.empty(0, int))]
    low, high = (np.concatenate(ends) for ends in zip(*blocks, strict=True))
    return low, high
