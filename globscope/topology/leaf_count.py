"""How many leaves a merge tree has under each rule by which samples of a lattice are neighbours."""

from collections.abc import Mapping

import numpy as np

from globscope.topology.adjacency import LATTICE, edge_ends
from globscope.topology.elder_rule import ElderPairs
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
    return ElderPairs.of(len(values), low, high).lasting_count(values, threshold)
