"""The passes between the runs' final networks on one map: heights at which its merge tree joins them."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import (
    JOINED,
    Landscape,
    Map,
    MergeTree,
    Topology,
    depiction,
    finite_or_none,
    join_heights,
    last_networks,
    nearest_samples,
)
from globscope.builtin.analyses.reconstruction import reconstruction


@define(frozen=True, kw_only=True)
class RunPasses:
    """What one map says of n runs' final networks.

    Attributes:
        map: The map, with its landscapes and merge trees.
        passes: (n, n) lowest passes between the runs' networks, in the field's unit; infinite where its samples never
            join the two, NaN where a network is not on a slice or its sample in no tree. On the diagonal, the floors of
            the networks.
        basins: The runs' basins at the topology's threshold, by the sample at the minimum; -1 where there is none.
        ends: (n,) distances in weight space from the runs' networks to those that the map decodes at their points; NaN
            where no sample lies there.
        unexplained: Share of the members' squared distances from their mean that the map loses; None where unknown.
    """

    map: Map = field(repr=False)
    passes: np.ndarray = field(eq=False, repr=False)
    basins: tuple[int, ...]
    ends: np.ndarray = field(eq=False, repr=False)
    unexplained: float | None

    @property
    def axes(self) -> int:
        """Number of the map's axes."""
        return self.map.chart.dimension

    @property
    def topology(self) -> Topology:
        """Its first merge tree."""
        assert self.map.topology is not None
        return self.map.topology

    @property
    def pairs(self) -> np.ndarray:
        """(n (n - 1) / 2,) passes, in the order of the pairs of runs."""
        pairs: np.ndarray = self.passes[np.triu_indices(len(self.passes), 1)]
        return pairs

    @property
    def certain_pairs(self) -> np.ndarray:
        """(k,) passes of the pairs whose networks were sampled; NaN for others, whose path ends at other networks.

        A network counts as sampled if a sample at its point misses it by at most a hundredth of its distance to the
        other one.
        """
        from scipy.spatial.distance import pdist

        finals = self.map.population.finals
        distances = pdist(self.map.coordinates[finals])
        one, other = np.triu_indices(len(finals), 1)
        missed = np.maximum(self.ends[one], self.ends[other])
        certain: np.ndarray = np.where(missed <= JOINED * distances, self.pairs, np.nan)
        return certain

    @property
    def persistences(self) -> np.ndarray:
        """(m - 1,) persistences between the m runs that have passes, largest first.

        They are those of a merge tree whose only leaves are the runs' networks.
        """
        known = ~np.isnan(np.diag(self.passes))
        return merge_persistences(self.passes[np.ix_(known, known)])


def run_passes(map_: Map) -> RunPasses | None:
    """Return the passes between the runs on a map's first merge tree; None where it has none."""
    landscape, topology = map_.landscape, map_.topology
    if landscape is None or topology is None:
        return None
    finals = map_.population.finals
    samples, at_them = nearest_samples(landscape, map_.chart, finals)
    return RunPasses(
        map=map_,
        ends=np.where(at_them, depiction(map_, topology.field, finals).distance, np.nan),
        passes=_passes(map_, landscape, topology, samples),
        basins=tuple(last_networks(map_, landscape, topology).basins.tolist()),
        unexplained=reconstruction(map_)["unexplained_variance"],
    )


def _passes(map_: Map, landscape: Landscape, topology: Topology, samples: np.ndarray) -> np.ndarray:
    """Return the (n, n) passes between the samples nearest to the networks, none below the networks' own values.

    A search begins at the networks' own points, so there the nearest samples are the networks as the map decodes them.
    """
    finals = map_.population.finals
    passes = join_heights(topology.full, np.asarray(landscape.fields[topology.field], float), samples)
    own = map_.truth.get(topology.field, np.full(len(map_.population.members), np.nan))[finals]
    floored: np.ndarray = np.fmax(passes, np.fmax.outer(own, own))
    lacking = (topology.full.basin[samples] < 0) | map_.elsewhere[finals]
    floored[lacking] = floored[:, lacking] = np.nan
    return floored


def merge_persistences(passes: np.ndarray) -> np.ndarray:
    """Return the (n - 1,) persistences of n networks by (n, n) passes, largest first, with floors on the diagonal.

    Where two groups of networks meet, the branch with the higher floor ends (the elder rule).
    """
    floors, groups = np.diag(passes), list(range(len(passes)))
    deaths = []
    pairs = sorted(combinations(range(len(passes)), 2), key=lambda pair: float(passes[pair]))
    for i, j in pairs:
        elder, younger = sorted((groups[i], groups[j]), key=lambda root: (floors[root], root))
        if elder != younger:
            deaths.append(passes[i, j] - floors[younger])
            groups = [elder if root == younger else root for root in groups]
    return np.sort(np.array(deaths, float))[::-1]


def persistence_text(tree: MergeTree, most: int = 20) -> str:
    """Return the finite persistences of a tree, largest first."""
    finite = np.sort(tree.persistences[np.isfinite(tree.persistences)])[::-1]
    more = " …" if len(finite) > most else ""
    return " ".join(f"{value:.3g}" for value in finite[:most].tolist()) + more


def known_figure(figure: Callable[[np.ndarray], Any], values: np.ndarray) -> float | None:
    """Return a figure, such as a maximum, of the values that are known; None where none is, or it is not finite."""
    known = values[~np.isnan(values)]
    return finite_or_none(figure(known)) if len(known) else None
