"""Is the grid fine enough? The merge tree again, with a sample between every two."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import attrs
import numpy as np

from globscope.api import Atlas, Bench, Finding, Landscape, Map, Samples, Table, Topology, bottleneck, finite_or_none
from globscope.builtin.analyses.formatting import place, size
from globscope.builtin.analyses.resolution.refined_lattice import Refined, refined

CAPTION = (
    "Every map's lattice of n samples per axis against one of 2 n − 1 over the same bounds, which holds its samples. "
    "leaves, leaves_fine: minima of persistence above the threshold; bottleneck: distance of the two diagrams before "
    "simplification, how far a pair's birth or death moved in the best matching (empty where the lattices fall into "
    "different numbers of components, because losses are not finite); new_networks: decoded and evaluated for this "
    "table; decoded: `between` where the map decodes each point by itself, so that the old samples are kept, `afresh` "
    "where it does not, so that all samples are decoded again as one batch."
)
LEAVES = (
    "Leaf by leaf: value is its loss, persistence how high the pass out of it lies above that, empty where there is "
    "none. A leaf of the coarse lattice is matched with the fine leaf in whose basin its sample lies, the lower first. "
    "Without figures under fine, the finer lattice has no such leaf; without those before, only the finer one has it."
)
COLUMNS = (
    "name", "sampler", "topology", "coarse", "fine", "leaves", "leaves_fine", "bottleneck", "decoded", "new_networks",
)  # fmt: skip
MATCHED = (
    "name", "sampler", "topology", "place", "value", "persistence", "place_fine", "value_fine", "persistence_fine",
)  # fmt: skip
Row = dict[str, Any]


@attrs.define(frozen=True, kw_only=True)
class Resolution:
    """Compare leaves and persistences at n and at 2n − 1 samples per axis of every lattice.

    Where a map decodes each point by itself, only the samples between those at hand are decoded and evaluated, about
    2^axes − 1 times as many as the lattice has; else (UMAP) all of the finer lattice. Samples that form no lattice
    along all latent axes (a path, scattered samples) are passed over.
    """

    def plan(self, maps: int, variants: int) -> str:
        """Return what it will do, for a study of so many maps with an inverse."""
        del variants
        return f"resolution of the lattices of {maps} map{'s' * (maps != 1)}, with a sample between every two"

    def evaluations(self, lattices: Sequence[tuple[int, ...]], maps: int, variants: int) -> int:
        """Return how many networks it scores at most: all of every finer lattice."""
        del maps, variants
        return sum(prod(2 * steps - 1 for steps in shape) for shape in lattices)

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return both tables, and a warning for every count of leaves that changes."""
        del rng  # nothing is drawn
        rows, leaves, records = list[Row](), list[Row](), dict[str, Row]()
        for one in atlas.maps:
            for row, matched in _compared(one, bench):
                rows.append(row)
                leaves += matched
                records.setdefault(one.name, {key: row[key] for key in ("leaves_fine", "bottleneck")})
        tables = (
            Table(name="lattices", caption=CAPTION, columns=COLUMNS, rows=tuple(rows)),
            Table(name="leaves", caption=LEAVES, columns=MATCHED, rows=tuple(leaves)),
        )
        told = {name: {f"resolution_{key}": cell for key, cell in row.items()} for name, row in records.items()}
        return Finding(tables=tables, warnings=tuple(_warnings(rows)), records=told)


def _warnings(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row["leaves"] != row["leaves_fine"]:
            yield (
                f"{row['name']}, {row['sampler']}, {row['topology']}: the count of leaves depends on the lattice: "
                f"{row['leaves']} on {row['coarse']} samples, {row['leaves_fine']} on {row['fine']}; raise the "
                "sampler's resolution until it stays"
            )


def _compared(one: Map, bench: Bench) -> Iterator[tuple[Row, list[Row]]]:
    """Yield the row of every lattice and topology of a map, with the rows of its leaves."""
    for sampler, coarse in one.landscapes.items():
        finer = refined(coarse.samples)
        if finer is None or coarse.samples.shape is None or finer.samples.shape is None:
            continue
        landscape, new = _landscape(one, coarse, finer, bench)
        for name, topology in one.topologies.get(sampler, {}).items():
            again = bench.topology(name, landscape)
            who = {"name": one.name, "sampler": sampler, "topology": name}
            row = who | {
                "coarse": size(coarse.samples.shape),
                "fine": size(finer.samples.shape),
                "leaves": len(topology.tree.minima),
                "leaves_fine": len(again.tree.minima),
                "bottleneck": finite_or_none(bottleneck(topology.full, again.full)),
                "decoded": "between" if one.chart.pointwise else "afresh",
                "new_networks": new,
            }
            matched = _matched(topology, again, finer.old)
            yield row, [who | _leaf(pair, coarse, topology, landscape, again) for pair in matched]


def _landscape(one: Map, coarse: Landscape, finer: Refined, bench: Bench) -> tuple[Landscape, int]:
    """Return the landscape on the finer lattice, and how many networks were decoded for it."""
    if not one.chart.pointwise:
        return bench.sample(one, finer.samples), len(finer.samples.points)
    new = finer.new
    found = bench.sample(one, Samples(points=finer.samples.points[new]))
    return finer.joined(coarse, found), len(new)


def _matched(coarse: Topology, fine: Topology, old: np.ndarray) -> list[tuple[int | None, int | None]]:
    """Return rows of simplified pairs that are one leaf, in both trees or in one."""
    at = {int(vertex): row for row, vertex in enumerate(fine.tree.pairs[:, 0])}
    matched, taken = list[tuple[int | None, int | None]](), set[int]()
    for row, vertex in enumerate(coarse.tree.pairs[:, 0].tolist()):
        found = at.get(int(fine.tree.basin[old[vertex]]))
        if found is None or found in taken:
            matched.append((row, None))
            continue
        taken.add(found)
        matched.append((row, found))
    return matched + [(None, row) for row in at.values() if row not in taken]


def _leaf(
    rows: tuple[int | None, int | None], coarse: Landscape, tree: Topology, fine: Landscape, again: Topology
) -> Row:
    """Return the cells of one leaf."""
    cells = dict.fromkeys(MATCHED[3:])
    for suffix, row, landscape, topology in (("", rows[0], coarse, tree), ("_fine", rows[1], fine, again)):
        if row is not None:
            cells[f"place{suffix}"] = place(landscape.samples.points[topology.tree.pairs[row, 0]])
            cells[f"value{suffix}"] = float(topology.tree.births[row])
            cells[f"persistence{suffix}"] = finite_or_none(topology.tree.persistences[row])
    return cells
