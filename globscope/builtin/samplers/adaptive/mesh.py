"""A mesh of the samples of a lattice that is refined in places.

Between samples that are neighbours on the finest lattice it is Freudenthal's triangulation, as on a grid, and the same
on every coarser level; where levels meet, no vertex hangs. For Freudenthal's is the lattice's Delaunay triangulation in
a metric in which its diagonals are short (Voronoi's principal form of the first type; Conway, Sloane, "Low-dimensional
lattices VI", Proc. R. Soc. A 436, 1992), and so the Delaunay triangulation in that metric of any of its vertices.
"""

import numpy as np

from globscope.api import edge_graph


def triangulation(vertices: np.ndarray) -> np.ndarray:
    """Return the (e, 2) edges of the Delaunay triangulation of (m, d) vertices of a lattice, in its own metric."""
    from scipy.spatial import Delaunay

    starts, ends = Delaunay(vertices @ _metric(vertices.shape[1])).vertex_neighbor_vertices
    edges = np.stack([np.repeat(np.arange(len(vertices)), np.diff(starts)), ends], axis=1)
    return edges[edges[:, 0] < edges[:, 1]].astype(int)


def _metric(axes: int) -> np.ndarray:
    """Return the matrix by which rows of indices are multiplied; as in `freudenthal`, the last axis runs backwards."""
    backwards = np.ones(axes)
    backwards[-1] = -1
    form = np.eye(axes) - (np.ones((axes, axes)) - np.eye(axes)) / axes
    metric: np.ndarray = np.linalg.cholesky(form * np.outer(backwards, backwards))
    return metric


def edges_below(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return the (e, 2) edges of a mesh of samples on which the field does not rise above both ends.

    A long edge may cross a wall that its ends do not show. The lowest spanning tree of the mesh is always among the
    edges, so that no sample is cut off and every minimum keeps its lowest pass.

    Args:
        values: The field on the whole lattice, one axis for each of the lattice's.
        index: (m, d) indices of the samples.
    """
    from scipy.sparse.csgraph import minimum_spanning_tree

    edges = triangulation(index)
    tops, ends = _tops(values, index[edges]), values[tuple(index[edges].T)].max(axis=0)
    # Ranks, because a weight of 0 would be no edge, and an infinite one none.
    ranks = np.argsort(np.lexsort([ends, tops])) + 1.0
    graph = edge_graph(ranks, (edges[:, 0], edges[:, 1]), len(index))
    spanning = np.isin(ranks, minimum_spanning_tree(graph).data)
    chosen: np.ndarray = edges[spanning | (tops <= ends)]
    return chosen


def _tops(values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return the highest value along each of (e, 2, d) edges, at a vertex for each of its lattice steps."""
    steps = np.abs(ends[:, 1] - ends[:, 0]).max(axis=1)
    tops = np.empty(len(ends))
    for count in np.unique(steps):
        chosen = steps == count
        shares = np.linspace(0, 1, int(count) + 1)[:, None, None]
        along = np.rint(ends[chosen, 0] * (1 - shares) + ends[chosen, 1] * shares).astype(int)
        tops[chosen] = values[tuple(np.moveaxis(along, -1, 0))].max(axis=0)
    return tops
