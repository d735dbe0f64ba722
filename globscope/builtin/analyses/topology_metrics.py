"""Figures of merge trees, their basins, and the distances between maps' diagrams."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any

import attrs
import numpy as np
from attrs.validators import ge

from globscope.api import (  # fmt: skip
    Atlas,
    Bench,
    Finding,
    Landscape,
    Map,
    MergeTree,
    Table,
    Topology,
    bottleneck,
    finite_or_none,
    runs_by_basin,
    smad,
    value_range,
    wasserstein,
)
from globscope.builtin.analyses.formatting import place

METRICS = (
    "Figures of every merge tree, simplified at the topology's threshold and before (unsimplified). saddles: where "
    "branches meet, counted once where several meet; components: parts of the landscape that never meet; "
    "average_persistence: mean of death − birth over the pairs that die; smad: mean height of the arcs from a "
    "minimum to a saddle (Chen et al., 2026); smad_weighted: the same with each height multiplied by its basin's "
    "share of the samples; smad_relative: smad over the field's range; largest_basin_share: largest share of the "
    "samples in one basin. Heights of saddles are upper bounds of the passes in weight space, and so are the figures "
    "made of them."
)
BASINS = (
    "Basins of the simplified trees, deepest first, by the sample at their minimum. dies_at: the value of the saddle "
    "at which the basin meets a lower one, an upper bound of the pass in weight space; merges_into: the minimum of "
    "that one; empty where it never dies. samples: number of samples in the basin, where those above a saddle belong "
    "to the lower basin; runs: training runs whose final network the map shows in it."
)
DISTANCES = (
    "Distances between two maps' persistence diagrams, for every sampler and topology; 0 where the diagrams are equal. "
    "bottleneck: the largest move of a birth or a death in the best matching; wasserstein: (Σ moves^order)^(1/order) "
    "over all pairs; both on the simplified trees; bottleneck_unsimplified: on the trees before simplification. A pair "
    "may stay unmatched at the cost of half its persistence; pairs that never die are matched by birth. There is no "
    "distance between landscapes with different numbers of components."
)
TREE = ("name", "sampler", "topology")
SIMPLIFIED = ("minima", "saddles", "average_persistence", "smad")
FIGURES = (
    *SIMPLIFIED, "smad_weighted", "smad_relative", "components", "largest_basin_share", "value_range",
    *(f"{name}_unsimplified" for name in SIMPLIFIED),
)  # fmt: skip
BASIN = ("minimum", "place", "value", "dies_at", "persistence", "merges_into", "samples", "share", "runs")
DISTANCE = ("one", "other", "sampler", "topology", "bottleneck", "wasserstein", "bottleneck_unsimplified")
# Whether the depth of a basin may be due to the random numbers of scoring.
NOISY = "within_noise"
NOISE = (
    " within_noise: whether its persistence is below the standard deviation of one network's scores with different "
    "random numbers, so that the basin may be chance."
)
Row = dict[str, Any]


@attrs.define(frozen=True, kw_only=True)
class TopologyMetrics:
    """Count and measure minima, saddles and basins of every merge tree, and compare the maps' diagrams.

    Definitions are in the tables' captions and in the explanation of the merge tree. SMAD is from Chen et al.,
    "Landscaper", arXiv:2602.07135, 2026; average persistence from Xie et al., "Evaluating Loss Landscapes from a
    Topology Perspective", arXiv:2411.09807, 2024, except for a factor: they measure the distance of a pair to the
    diagonal, which is its persistence over √2.

    Attributes:
        order: Order of the Wasserstein distance: 1 adds up all differences, large orders measure only the largest.
    """

    order: float = attrs.field(default=2.0, validator=ge(1))

    @classmethod
    def quick_examples(cls) -> "tuple[TopologyMetrics, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(order=1.0),
        )

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the tables of figures, basins and distances."""
        del bench, rng  # nothing is computed again or drawn
        trees = [(map_, *tree) for map_ in atlas.maps for tree in _trees(map_)]
        metrics = [names | _figures(topology) for _, names, _, topology in trees]
        basins = [
            names | row for map_, names, landscape, topology in trees for row in _basins(map_, landscape, topology)
        ]
        distances = [row for pair in combinations(atlas.maps, 2) for row in self._distances(*pair)]
        tables = (
            Table(name="metrics", caption=METRICS, columns=(*TREE, *FIGURES), rows=tuple(metrics)),
            _basin_table(basins, noisy=any(topology.noise for *_, topology in trees)),
            Table(name="distances", caption=DISTANCES, columns=DISTANCE, rows=tuple(distances)),
        )
        records = {map_.name: _analysis_figures(map_.topology) for map_ in atlas.maps if map_.topology}
        return Finding(tables=tables, records=records)

    def _distances(self, first: Map, second: Map) -> Iterator[Row]:
        """Yield the distances of two maps' diagrams, where both have the sampler and the topology."""
        trees = {(names["sampler"], names["topology"]): topology for names, _, topology in _trees(second)}
        for names, _, topology in _trees(first):
            other = trees.get((names["sampler"], names["topology"]))
            if other is not None:
                yield {
                    "one": first.name,
                    "other": second.name,
                    "sampler": names["sampler"],
                    "topology": names["topology"],
                    "bottleneck": finite_or_none(bottleneck(topology.tree, other.tree)),
                    "wasserstein": finite_or_none(wasserstein(topology.tree, other.tree, order=self.order)),
                    "bottleneck_unsimplified": finite_or_none(bottleneck(topology.full, other.full)),
                }


def _basin_table(rows: Sequence[Row], *, noisy: bool) -> Table:
    """Return the table of basins, with a column for those that may be chance where scores are drawn."""
    columns, caption = (*BASIN, NOISY) if noisy else BASIN, BASINS + NOISE if noisy else BASINS
    kept = tuple({name: row[name] for name in (*TREE, *columns)} for row in rows)
    return Table(name="basins", caption=caption, columns=(*TREE, *columns), rows=kept)


def _trees(map_: Map) -> Iterator[tuple[Row, Landscape, Topology]]:
    """Yield the names, landscape and topology of each of a map's merge trees."""
    for sampler, topologies in map_.topologies.items():
        for name, topology in topologies.items():
            yield {"name": map_.name, "sampler": sampler, "topology": name}, map_.landscapes[sampler], topology


def _figures(topology: Topology) -> Row:
    tree, sizes = topology.tree, topology.tree.basin_sizes
    unsimplified = {f"{name}_unsimplified": value for name, value in _counts(topology.full).items()}
    return {
        **_counts(tree),
        "smad_weighted": smad(tree, weighted=True),
        "smad_relative": smad(tree, relative=True),
        "components": int(np.isinf(tree.deaths).sum()),
        "largest_basin_share": float(sizes.max() / sizes.sum()) if len(sizes) else None,
        "value_range": value_range(tree),
        **unsimplified,
    }


def _analysis_figures(topology: Topology) -> Row:
    """Return the figures that a map's record does not have already."""
    return {name: value for name, value in _figures(topology).items() if name not in SIMPLIFIED}


def _counts(tree: MergeTree) -> Row:
    return {
        "minima": len(tree.minima),
        "saddles": len(tree.saddles),
        "average_persistence": tree.average_persistence,
        "smad": smad(tree),
    }


def _basins(map_: Map, landscape: Landscape, topology: Topology) -> Iterator[Row]:
    tree, sizes = topology.tree, topology.tree.basin_sizes
    runs, within = runs_by_basin(map_, landscape, topology), topology.within_noise
    for row, (minimum, saddle) in enumerate(tree.pairs.tolist()):
        yield {
            "minimum": minimum,
            "place": place(landscape.samples.points[minimum]),
            "value": float(tree.births[row]),
            "dies_at": finite_or_none(tree.deaths[row]),
            "persistence": finite_or_none(tree.persistences[row]),
            "merges_into": None if saddle < 0 else int(tree.pairs[tree.elders[row], 0]),
            "samples": int(sizes[row]),
            "share": float(sizes[row] / sizes.sum()),
            "runs": ", ".join(runs[minimum]),
            NOISY: "yes" if within[row] else "no",
        }
