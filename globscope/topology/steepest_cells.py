"""The Morse–Smale cells of a field: samples whose steepest ways lead to the same minimum and the same maximum."""

import numpy as np
from attrs import define, field

from globscope.topology.adjacency import edge_ends
from globscope.topology.elder_rule import ElderPairs
from globscope.topology.passes import tree_neighbours
from globscope.topology.tree import sweep_order
from globscope.values.arrays import read_only
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology


@define(frozen=True, kw_only=True)
class SteepestCells:
    """The cells of a field's n samples.

    Attributes:
        minima: (n,) vertex of the minimum to which each sample descends; −1 where it is left out.
        maxima: (n,) vertex of the maximum to which it ascends; −1 where it is left out.
    """

    minima: np.ndarray = field(converter=read_only, eq=False, repr=lambda minima: f"<{len(minima)}>")
    maxima: np.ndarray = field(converter=read_only, eq=False, repr=False)

    @property
    def sizes(self) -> dict[tuple[int, int], int]:
        """Number of samples in each cell, by its minimum and maximum; the largest cell first."""
        held = self.minima >= 0
        pairs, counts = np.unique(np.stack([self.minima, self.maxima])[:, held], axis=1, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return {
            (low, high): count
            for low, high, count in zip(*pairs[:, order].tolist(), counts[order].tolist(), strict=True)
        }


def steepest_cells(landscape: Landscape, topology: Topology, persistence: float | None = None) -> SteepestCells:
    """Return the Morse–Smale cells of the field of a merge tree, over the same samples and neighbours.

    Each sample goes to its lowest neighbour, and on, until a minimum; and to its highest neighbour, until a maximum.
    Minima and maxima whose pairs have at most this persistence are cancelled: what leads to them leads on to the
    extremum of the branch that goes on. This segments the samples as a Morse–Smale complex does, without its lines
    between saddles and extrema. Equal values are ordered by the number of the sample.

    Source: Gerber, Bremer, Pascucci, Whitaker, "Visual exploration of high dimensional scalar functions", IEEE TVCG
    16(6), 2010.

    Args:
        landscape: Landscape of the samples.
        topology: A merge tree of it.
        persistence: Pairs of at most this persistence are cancelled, in the field's unit; the topology's threshold if
            unset, and none is cancelled below 0.
    """
    threshold = topology.threshold if persistence is None else persistence
    values = np.asarray(landscape.fields[topology.field], float)
    swept = sweep_order(values, topology.full.basin >= 0)
    low, high = edge_ends(tree_neighbours(landscape.samples, swept, topology))
    minima, maxima = np.full((2, len(values)), -1)
    minima[swept] = swept[ElderPairs.of(len(swept), low, high).lasting_minima(values[swept], threshold)]
    turned = ElderPairs.from_above(len(swept), low, high)
    maxima[swept[::-1]] = swept[::-1][turned.lasting_minima(-values[swept[::-1]], threshold)]
    return SteepestCells(minima=minima, maxima=maxima)
