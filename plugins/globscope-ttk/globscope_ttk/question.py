"""What TTK is asked: a field of ranks on a lattice, or a graph."""

import numpy as np
from attrs import define, field

from globscope.api import Adjacency, Neighbours, Samples, edge_ends, neighbours, resolve_adjacency


@define(frozen=True, kw_only=True)
class Question:
    """One connected domain, for `join_tree.py`.

    Attributes:
        arrays: `ranks` on a lattice, or the `edges` of a graph.
        places: (v,) place in the sweep of each vertex that TTK is shown; beyond the samples' on the ridge.
    """

    arrays: dict[str, np.ndarray] = field(eq=False)
    places: np.ndarray = field(eq=False)


def question(samples: Samples, swept: np.ndarray, adjacency: Adjacency, k: int | None) -> Question:
    """Return the question about samples that are swept in this order, at least one."""
    ranks = _ranks(samples, swept) if resolve_adjacency(samples, adjacency) == "freudenthal" else None
    if ranks is not None:
        return Question(arrays={"ranks": ranks.astype(float)}, places=ranks.ravel())
    edges = _below_a_ridge(_edges(neighbours(samples, swept, adjacency, k)), len(swept))
    return Question(arrays={"edges": edges}, places=np.arange(edges.max() + 1))


def _ranks(samples: Samples, swept: np.ndarray) -> np.ndarray | None:
    """Return each lattice vertex's place in the sweep, if TTK triangulates such lattices: whole, of 2 or 3 axes."""
    assert samples.index is not None
    assert samples.shape is not None
    if len(samples.shape) not in (2, 3) or min(samples.shape) < 2 or len(swept) != np.prod(samples.shape):
        return None
    index = samples.index[swept]
    if np.any((index < 0) | (index >= samples.shape)):
        return None
    ranks = np.full(samples.shape, -1)
    ranks[tuple(index.T)] = np.arange(len(swept))
    return ranks if ranks.min() >= 0 else None


def _edges(joined: Neighbours) -> np.ndarray:
    """Return the (m, 2) edges, each once, its earlier vertex first."""
    low, high = edge_ends(joined)
    codes = np.unique(high * len(joined) + low)
    return np.stack([codes % len(joined), codes // len(joined)], axis=1)


def _below_a_ridge(edges: np.ndarray, count: int) -> np.ndarray:
    """Return the edges, those from every local maximum to a vertex of its own above all, and a path through these.

    No component below changes by it, but the graph is connected, no vertex is without an edge, and wherever branches
    meet there is a way on: a meeting place without one, be it the highest vertex or not, is what TTK crashes on. A
    component's branch that never dies now dies on the ridge, at `count` or above. (One summit for all would do as
    well, but TTK's memory grows with the square of a vertex's edges.)
    """
    maximal = np.ones(count, bool)
    maximal[edges[:, 0]] = False
    tops = np.flatnonzero(maximal)
    ridge = count + np.arange(len(tops) + 1)
    up, along = np.stack([tops, ridge[:-1]], axis=1), np.stack([ridge[:-1], ridge[1:]], axis=1)
    return np.concatenate([edges, up, along])
