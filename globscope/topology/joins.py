"""The heights at which a merge tree joins samples, and with them the training runs of a map."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from attrs import define, field as attribute

from globscope.topology.membership import depiction, membership
from globscope.values.chart import Chart
from globscope.values.findings import Map
from globscope.values.known_path import KnownPath
from globscope.values.landscape import Landscape
from globscope.values.topology import MergeTree, Topology

# A sample is at a network's point within this share of the members' extent on the map.
SAME_POINT = 1e-9


def join_heights(tree: MergeTree, values: np.ndarray, samples: np.ndarray) -> np.ndarray:
    """Return the (k, k) heights at which k samples are joined: of two, the lowest highest value on any path.

    Infinite where no path joins them, and for samples that the tree leaves out. A sample and itself: its own value.

    Args:
        tree: The tree of every pair.
        values: (n,) values of the field at all samples.
        samples: (k,) numbers of samples.
    """
    heights = np.full((len(samples), len(samples)), np.inf)
    below = _by_node(tree, samples)
    for group in below:
        heights[np.ix_(group, group)] = -np.inf  # on one arc: whichever is higher
    # Nodes stand by rising value, so all that lies below an arc's lower end has met there already.
    for low, high in sorted(tree.arcs.tolist()):
        for pair in (np.ix_(below[low], below[high]), np.ix_(below[high], below[low])):
            heights[pair] = tree.values[high]
        below[high] = below[high] + below[low]
    own = np.where(tree.basin[samples] >= 0, values[samples], np.inf)
    joined: np.ndarray = np.maximum(heights, np.maximum.outer(own, own))
    return joined


def nearest_samples(landscape: Landscape, chart: Chart, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the (k,) numbers of the samples nearest to k members on the map, and whether they lie at their points."""
    points = chart.latents[list(rows)]
    samples = landscape.nearest(points)
    gaps = np.linalg.norm(landscape.samples.points[samples] - points, axis=1)
    return samples, gaps <= SAME_POINT * np.linalg.norm(np.ptp(chart.latents, axis=0))


def _by_node(tree: MergeTree, samples: np.ndarray) -> list[list[int]]:
    """Return, for each node, the rows of the samples on the arc that leads up from it."""
    below: list[list[int]] = [[] for _ in tree.nodes]
    node_of = {int(vertex): row for row, vertex in enumerate(tree.nodes)}
    for row, vertex in enumerate(samples.tolist()):
        if tree.basin[vertex] >= 0:
            arc = int(tree.arc[vertex])
            below[node_of[vertex] if vertex in node_of else int(tree.arcs[arc, 0])].append(row)
    return below


@define(frozen=True, kw_only=True, slots=False)
class RunPasses:
    """The passes between the final networks of every two runs on one merge tree of a map.

    A run stands where its final network was decoded and measured; if no sample lies there, at the minimum of the basin
    in which the map shows it.

    Attributes:
        map: Name of the map.
        sampler: Name of the sampler.
        field: Key of the tree's field.
        threshold: The tree's persistence threshold.
        variants: Names of the k runs.
        heights: (k, k) heights of the passes; NaN where there is none, or one minimum stands for both.
        walls: (k, k) whether two runs lie in two basins of the simplified tree.
        ends: (k, k) distances from the ends of a pass to the final networks, as `KnownPath` has them; NaN if unknown.
    """

    map: str
    sampler: str
    field: str
    threshold: float
    variants: tuple[str, ...]
    heights: np.ndarray = attribute(eq=False, repr=False)
    walls: np.ndarray = attribute(eq=False, repr=False)
    ends: np.ndarray = attribute(eq=False, repr=False)

    @classmethod
    def of(cls, map_: Map, sampler: str, topology: Topology) -> "RunPasses":
        """Return the passes on one of a map's merge trees."""
        landscape, rows = map_.landscapes[sampler], np.array(map_.population.finals, int)
        samples, away = _stand_ins(map_, landscape, topology, rows)
        standing = np.flatnonzero(samples >= 0)
        heights, basins = np.full((len(rows), len(rows)), np.nan), np.full(len(rows), -1)
        found = join_heights(topology.full, np.asarray(landscape.fields[topology.field], float), samples[standing])
        heights[np.ix_(standing, standing)] = np.where(np.isfinite(found), found, np.nan)
        heights[(samples[:, None] == samples) & (samples >= 0)] = np.nan
        basins[standing] = topology.tree.basin[samples[standing]]
        return cls(
            map=map_.name,
            sampler=sampler,
            field=topology.field,
            threshold=topology.threshold,
            variants=map_.population.variants,
            heights=heights,
            walls=(basins[:, None] != basins) & np.isfinite(heights),
            ends=np.maximum.outer(away, away) / _apart(map_, rows),
        )

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        return {variant: row for row, variant in enumerate(self.variants)}

    def place(self, one: str, other: str) -> tuple[int, int] | None:
        """Return the rows of two runs, the earlier one first; None where one is not among them."""
        first, second = self._rows.get(one), self._rows.get(other)
        return None if first is None or second is None else (min(first, second), max(first, second))

    def height(self, one: str, other: str) -> float | None:
        """Return the height of the pass between two runs; None where there is none."""
        place = self.place(one, other)
        return None if place is None or not np.isfinite(self.heights[place]) else float(self.heights[place])

    @property
    def paths(self) -> Iterator[KnownPath]:
        """The passes whose ends are known to lie so near to the two networks that they join these."""
        for a, b in np.argwhere(np.triu(np.isfinite(self.heights) & np.isfinite(self.ends), 1)).tolist():
            yield KnownPath(
                one=self.variants[a],
                other=self.variants[b],
                field=self.field,
                worst=float(self.heights[a, b]),
                found_by=f"pass on {self.map} ({self.sampler})",
                map=self.map,
                ends=float(self.ends[a, b]),
            )


def pass_sample(map_: Map, landscape: Landscape, topology: Topology, rows: Sequence[int]) -> int | None:
    """Return the sample at the top of the lowest path between two members of a map; None where there is none.

    A member stands where `RunPasses` puts it.
    """
    first, second = _stand_ins(map_, landscape, topology, np.array(rows, int))[0].tolist()
    if min(first, second) < 0 or first == second:
        return None
    basins, values = topology.full.basin, np.asarray(landscape.fields[topology.field], float)
    found = topology.full.minimax(int(basins[first]), int(basins[second]))
    # In one basin of the tree of every pair nothing lies between two samples that is higher than both.
    return None if found is None else max((found[0], first, second), key=lambda sample: values[sample])


def _stand_ins(map_: Map, landscape: Landscape, topology: Topology, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the (k,) samples that stand for members, −1 for none, and their (k,) distances; NaN if unknown."""
    if not len(landscape.samples.points) or not len(rows):
        return np.full(len(rows), -1), np.full(len(rows), np.nan)
    samples, met = nearest_samples(landscape, map_.chart, rows.tolist())
    shown = depiction(map_, topology.field, rows.tolist())
    met &= (topology.full.basin[samples] >= 0) & map_.is_near(shown.distance) & ~shown.elsewhere
    basins = membership(map_, landscape, topology, shown).basins if not met.all() else samples
    return np.where(met, samples, basins), np.where(met, shown.distance, np.nan)


def _apart(map_: Map, rows: np.ndarray) -> np.ndarray:
    """Return the (k, k) distances between members in weight space: at least as far apart as these."""
    from scipy.spatial.distance import cdist

    inside, outside = map_.coordinates[rows], map_.outside[rows]
    apart = np.sqrt(cdist(inside, inside, "sqeuclidean") + np.subtract.outer(outside, outside) ** 2)
    np.fill_diagonal(apart, np.inf)
    return np.where(apart > 0, apart, np.nan)
