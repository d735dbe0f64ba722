"""What a merge tree amounts to: its figures, its basins, and how far it is from another map's."""

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
    "Figures of every merge tree, simplified at the topology's threshold, and before that (unsimplified). saddles: "
    "where branches meet, one where several meet; components: parts of the landscape that never meet; "
    "average_persistence: mean of death − birth over the pairs that die; smad: mean height of the arcs from a minimum "
    "to a saddle (Chen et al., 2026); smad_weighted: the same with each height multiplied by its basin's share of the "
    "samples; smad_relative: smad over the field's range; largest_basin_share: of the samples in the tree."
)
BASINS = (
    "Basins of the simplified trees, deepest first, by the sample at their minimum. dies_at: the value of the saddle "
    "at which it meets a lower basin, merges_into: that one's minimum; empty where it never dies. samples: those in "
    "it, saddles' surroundings counted to the lower basin; runs: the variants whose last network the map shows in it."
)
DISTANCES = (
    "How far apart two maps' persistence diagrams are, sampler by sampler and topology by topology; 0 where they are "
    "equal. bottleneck: the farthest that a birth or a death moves in the best matching; wasserstein: (Σ moves^order)^"
    "(1/order) over all pairs; both on the simplified trees, bottleneck_unsimplified on the others. Pairs may be "
    "matched with none at the cost of half their persistence; those that never die are matched among themselves by "
    "birth, and where two landscapes have different numbers of components there is no distance."
)
WHO = ("name", "sampler", "topology")
SIMPLIFIED = ("minima", "saddles", "average_persistence", "smad")
FIGURES = (
    *SIMPLIFIED, "smad_weighted", "smad_relative", "components", "largest_basin_share", "value_range",
    *(f"{name}_unsimplified" for name in SIMPLIFIED),
)  # fmt: skip
BASIN = ("minimum", "place", "value", "dies_at", "persistence", "merges_into", "samples", "share", "runs")
DISTANCE = ("one", "other", "sampler", "topology", "bottleneck", "wasserstein", "bottleneck_unsimplified")
# Of a basin whose depth may be due to what scoring draws.
NOISY = "within_noise"
NOISE = (
    " within_noise: whether its persistence lies below the standard deviation between draws of one network's score, so "
    "that it may be chance."
)
Row = dict[str, Any]


@attrs.define(frozen=True, kw_only=True)
class TopologyMetrics:
    """Count and measure minima, saddles and basins of every merge tree, and compare the maps' diagrams.

    Definitions are in the tables' captions and in the explanation of the merge tree. SMAD is of Chen et al.,
    "Landscaper", arXiv:2602.07135, 2026; average persistence as in Xie et al., "Evaluating Loss Landscapes from a
    Topology Perspective", arXiv:2411.09807, 2024, but for their factor: they measure a pair's distance to the
    diagonal, which is the persistence over √2.

    Attributes:
        order: Of the Wasserstein distance: 1 adds up all differences, large orders see the largest alone.
    """

    order: float = attrs.field(default=2.0, validator=ge(1))

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the tables of figures, basins and distances."""
        del bench, rng  # nothing is computed again, nothing drawn
        metrics = [who | _figures(tree) for one in atlas.maps for who, _, tree in _trees(one)]
        basins = [
            who | row for one in atlas.maps for who, scape, tree in _trees(one) for row in _basins(one, scape, tree)
        ]
        distances = [row for one, other in combinations(atlas.maps, 2) for row in self._distances(one, other)]
        tables = (
            Table(name="metrics", caption=METRICS, columns=(*WHO, *FIGURES), rows=tuple(metrics)),
            _of_basins(basins, noisy=any(topology.noise for one in atlas.maps for _, _, topology in _trees(one))),
            Table(name="distances", caption=DISTANCES, columns=DISTANCE, rows=tuple(distances)),
        )
        records = {one.name: _further(one.topology) for one in atlas.maps if one.topology is not None}
        return Finding(tables=tables, records=records)

    def _distances(self, one: Map, other: Map) -> Iterator[Row]:
        """Yield the distances of two maps' diagrams, where both have the sampler and the topology."""
        trees = {tuple(who.values())[1:]: tree for who, _, tree in _trees(other)}
        for who, _, mine in _trees(one):
            its = trees.get((who["sampler"], who["topology"]))
            if its is not None:
                yield {
                    "one": one.name,
                    "other": other.name,
                    "sampler": who["sampler"],
                    "topology": who["topology"],
                    "bottleneck": finite_or_none(bottleneck(mine.tree, its.tree)),
                    "wasserstein": finite_or_none(wasserstein(mine.tree, its.tree, order=self.order)),
                    "bottleneck_unsimplified": finite_or_none(bottleneck(mine.full, its.full)),
                }


def _of_basins(rows: Sequence[Row], *, noisy: bool) -> Table:
    """Return the table of basins, with a column for those that may be chance where scores are drawn."""
    columns, caption = (*BASIN, NOISY) if noisy else BASIN, BASINS + NOISE if noisy else BASINS
    kept = tuple({name: row[name] for name in (*WHO, *columns)} for row in rows)
    return Table(name="basins", caption=caption, columns=(*WHO, *columns), rows=kept)


def _trees(one: Map) -> Iterator[tuple[Row, Landscape, Topology]]:
    """Yield a map's topologies with their names and landscapes."""
    for sampler, by_name in one.topologies.items():
        for name, topology in by_name.items():
            yield {"name": one.name, "sampler": sampler, "topology": name}, one.landscapes[sampler], topology


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


def _further(topology: Topology) -> Row:
    """Return the figures that a map's record does not have anyway."""
    return {name: value for name, value in _figures(topology).items() if name not in SIMPLIFIED}


def _counts(tree: MergeTree) -> Row:
    return {
        "minima": len(tree.minima),
        "saddles": len(tree.saddles),
        "average_persistence": tree.average_persistence,
        "smad": smad(tree),
    }


def _basins(one: Map, landscape: Landscape, topology: Topology) -> Iterator[Row]:
    tree, sizes = topology.tree, topology.tree.basin_sizes
    runs, within = runs_by_basin(one, landscape, topology), topology.within_noise
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
