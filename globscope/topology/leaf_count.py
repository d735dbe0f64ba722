"""How many leaves a merge tree has under each rule by which samples of a lattice are neighbours."""

from collections.abc import Mapping

import numpy as np

from globscope.topology.adjacency import LATTICE, edge_ends
from globscope.topology.neighbour_rules import lattice_neighbours
from globscope.topology.tree import sweep_order
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology


def leaves_by_neighbours(landscape: Landscape, topology: Topology) -> Mapping[str, int]:
    """Return the number of leaves at a topology's threshold, by the rule that makes samples neighbours.

    The rules are those of a lattice, `freudenthal` and `full`; nothing for samples that form none. Which of them the
    tree itself has is the choice of its method: neither is nearer to the truth, so a count on which they disagree is
    not settled by the samples.
    """
    samples = landscape.samples
    if samples.index is None or samples.shape is None:
        return {}
    values = np.asarray(landscape.fields[topology.field], float)
    swept = sweep_order(values, topology.full.basin >= 0)
    index, level = samples.index[swept], values[swept]
    return {
        kind: leaf_count(level, *edge_ends(lattice_neighbours(index, samples.shape, kind)), topology.threshold)
        for kind in LATTICE
    }


def leaf_count(values: np.ndarray, low: np.ndarray, high: np.ndarray, threshold: float) -> int:
    """Return how many branches of a sweep never die, or persist for more than a threshold.

    Args:
        values: (m,) rising values of the swept vertices.
        low: (e,) lower ends of the edges between them.
        high: (e,) higher ends, rising.
        threshold: Persistence of a branch that is no leaf, at most.
    """
    home = _descent(len(values), low, high)
    ends = np.sort(np.stack([home[low], home[high]]), axis=0)
    meets = np.flatnonzero(ends[0] != ends[1])
    # Edges stand by rising higher end, so the first between two basins of descent is the lowest.
    first = meets[np.sort(np.unique(ends[0, meets] * len(values) + ends[1, meets], return_index=True)[1])]
    minima = np.unique(home).tolist()
    parents, leaves = dict(zip(minima, minima, strict=True)), len(minima)
    for one, other, top in zip(*ends[:, first].tolist(), values[high[first]].tolist(), strict=True):
        elder, younger = sorted((_root(parents, one), _root(parents, other)))
        if elder != younger:
            parents[younger] = elder
            leaves -= bool(top - values[younger] <= threshold)
    return leaves


def _descent(count: int, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the minimum at which each vertex' steepest descent ends."""
    down = np.arange(count)
    np.minimum.at(down, high, low)
    while (down != (further := down[down])).any():
        down = further
    return down


def _root(parents: dict[int, int], vertex: int) -> int:
    """Return the lowest minimum of a vertex' component, and shorten the way to it."""
    while parents[vertex] != vertex:
        parents[vertex] = parents[parents[vertex]]
        vertex = parents[vertex]
    return vertex
