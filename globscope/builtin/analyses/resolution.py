"""Whether the lattices are fine enough: every merge tree again, with a sample between every two."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

import attrs
import numpy as np
from attrs import define, evolve, field

from globscope.api import Atlas, Bench, Finding, Landscape, Map, Samples, Table, Topology, bottleneck, finite_or_none
from globscope.builtin.analyses.formatting import place, size


@define(frozen=True, kw_only=True)
class RefinedLattice:
    """A lattice of n samples per axis turned into one of 2 n − 1, over the same bounds.

    Attributes:
        samples: The fine lattice, in C order.
        old: (n,) rows at which the samples of the coarse lattice lie, at the same points.
    """

    samples: Samples
    old: np.ndarray = field(eq=False, repr=False)

    @property
    def new(self) -> np.ndarray:
        """Rows of the samples that are not in the coarse lattice."""
        lacking: np.ndarray = np.setdiff1d(np.arange(len(self.samples.points)), self.old)
        return lacking

    def merge(self, coarse: Landscape, between: Landscape) -> Landscape:
        """Return the landscape of the coarse samples and of the new ones, in order."""

        def interleave(old: np.ndarray, new: np.ndarray) -> np.ndarray:
            whole = np.empty(len(self.samples.points), old.dtype)
            whole[self.old], whole[self.new] = old, new
            return whole

        cycles = None
        if coarse.cycle_error is not None and between.cycle_error is not None:
            cycles = interleave(coarse.cycle_error, between.cycle_error)
        return evolve(
            between,
            samples=self.samples,
            fields={name: interleave(values, between.fields[name]) for name, values in coarse.fields.items()},
            distance_to_member=interleave(coarse.distance_to_member, between.distance_to_member),
            cycle_error=cycles,
            trusted=interleave(coarse.trusted, between.trusted),
        )


def refine(samples: Samples) -> RefinedLattice | None:
    """Return the finer lattice; None where the samples do not fill a lattice along all latent axes."""
    index, shape = samples.index, samples.shape
    if index is None or shape is None or len(shape) != samples.points.shape[1] or len(index) != np.prod(shape):
        return None
    points = np.empty((*shape, len(shape)))
    points[tuple(index.T)] = samples.points
    for axis in range(len(shape)):
        points = _with_middles(points, axis)
    fine = points.shape[:-1]
    steps = np.ascontiguousarray(np.indices(fine).reshape(len(fine), -1).T)
    old = np.ravel_multi_index(tuple(2 * index.T), fine)
    return RefinedLattice(samples=Samples(points=points.reshape(-1, len(fine)), index=steps, shape=fine), old=old)


def _with_middles(points: np.ndarray, axis: int) -> np.ndarray:
    """Return points with the middle of every two along one axis."""
    ahead = np.moveaxis(points, axis, 0)
    both = np.empty((2 * len(ahead) - 1, *ahead.shape[1:]))
    both[::2], both[1::2] = ahead, (ahead[:-1] + ahead[1:]) / 2
    return np.moveaxis(both, 0, axis)


CAPTION = (
    "Every map's lattice of n samples per axis, compared with one of 2 n − 1 over the same bounds, which contains its "
    "samples. leaves, leaves_fine: basins deeper than the threshold, whose minima are the trees' "
    "leaves; bottleneck: distance of the two diagrams "
    "before simplification, the largest move of a birth or a death in the best matching (empty where the lattices have "
    "different numbers of components, because losses are not finite); new_networks: number of networks decoded and "
    "evaluated for this table; decoded: `between` where the map decodes each point by itself, so that the old samples "
    "were kept; `afresh` where it does not, so that all samples were decoded again as one batch."
)
LEAVES = (
    "Every leaf, that is the minimum of a basin. value: its loss; persistence: "
    "how much higher the pass out of it is on the map, an upper bound, "
    "empty where there is none. A leaf of the coarse lattice is matched with the fine leaf in whose basin its sample "
    "lies, lower leaves first. Where the figures of the fine lattice are empty, it has no such leaf; where the "
    "others are, only the fine lattice has it."
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

    Where a map decodes each point by itself, only the new samples between the old ones are decoded and evaluated, about
    2^axes − 1 times as many as the lattice has; otherwise (UMAP) all samples of the finer lattice. Samples that form no
    lattice along all latent axes (a path, scattered samples) are skipped.
    """

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do, for so many maps with an inverse."""
        del variants
        return f"resolution of the lattices of {maps} map{'s' * (maps != 1)}, with a sample between every two"

    def evaluations(self, lattices: Sequence[tuple[int, ...]], maps: int, variants: int) -> int:
        """Return the largest number of networks to score: all samples of every finer lattice."""
        del maps, variants
        return sum(prod(2 * steps - 1 for steps in shape) for shape in lattices)

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return both tables, and a warning for every count of leaves that changes."""
        del rng  # nothing is drawn
        rows, leaves, records = list[Row](), list[Row](), dict[str, Row]()
        for map_ in atlas.maps:
            for row, matched in _refined_trees(map_, bench):
                rows.append(row)
                leaves += matched
                records.setdefault(map_.name, {f"resolution_{key}": row[key] for key in ("leaves_fine", "bottleneck")})
        tables = (
            Table(name="lattices", caption=CAPTION, columns=COLUMNS, rows=tuple(rows)),
            Table(name="leaves", caption=LEAVES, columns=MATCHED, rows=tuple(leaves)),
        )
        return Finding(tables=tables, warnings=tuple(_warnings(rows)), records=records)


def _warnings(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        if row["leaves"] != row["leaves_fine"]:
            yield (
                f"{row['name']}, {row['sampler']}, {row['topology']}: the number of basins depends on the lattice: "
                f"{row['leaves']} on {row['coarse']} samples, {row['leaves_fine']} on {row['fine']}; raise the "
                "sampler's resolution until it stays the same"
            )


def _refined_trees(map_: Map, bench: Bench) -> Iterator[tuple[Row, list[Row]]]:
    """Yield the row of every lattice and topology of a map, with the rows of its leaves."""
    for sampler, coarse in map_.landscapes.items():
        finer = refine(coarse.samples)
        if finer is None or coarse.samples.shape is None or finer.samples.shape is None:
            continue
        landscape, decoded = _landscape(map_, coarse, finer, bench)
        for name, topology in map_.topologies.get(sampler, {}).items():
            fine_topology = bench.topology(name, landscape)
            names = {"name": map_.name, "sampler": sampler, "topology": name}
            row = names | {
                "coarse": size(coarse.samples.shape),
                "fine": size(finer.samples.shape),
                "leaves": len(topology.tree.minima),
                "leaves_fine": len(fine_topology.tree.minima),
                "bottleneck": finite_or_none(bottleneck(topology.full, fine_topology.full)),
                "decoded": "between" if map_.chart.pointwise else "afresh",
                "new_networks": decoded,
            }
            pairs = _match_leaves(topology, fine_topology, finer.old)
            yield row, [names | _leaf_cells(pair, coarse, topology, landscape, fine_topology) for pair in pairs]


def _landscape(map_: Map, coarse: Landscape, finer: RefinedLattice, bench: Bench) -> tuple[Landscape, int]:
    """Return the landscape on the finer lattice, and the number of networks decoded for it."""
    if not map_.chart.pointwise:
        return bench.sample(map_, finer.samples), len(finer.samples.points)
    new = finer.new
    between = bench.sample(map_, Samples(points=finer.samples.points[new]))
    return finer.merge(coarse, between), len(new)


def _match_leaves(coarse: Topology, fine: Topology, old: np.ndarray) -> list[tuple[int | None, int | None]]:
    """Return the rows of the same leaf in the coarse and in the fine tree; None where one has no such leaf."""
    fine_rows = {int(vertex): row for row, vertex in enumerate(fine.tree.pairs[:, 0])}
    matched, taken = list[tuple[int | None, int | None]](), set[int]()
    for row, vertex in enumerate(coarse.tree.pairs[:, 0].tolist()):
        fine_row = fine_rows.get(int(fine.tree.basin[old[vertex]]))
        if fine_row is None or fine_row in taken:
            matched.append((row, None))
            continue
        taken.add(fine_row)
        matched.append((row, fine_row))
    return matched + [(None, row) for row in fine_rows.values() if row not in taken]


def _leaf_cells(
    rows: tuple[int | None, int | None], coarse: Landscape, tree: Topology, fine: Landscape, fine_tree: Topology
) -> Row:
    """Return the cells of one leaf."""
    cells = dict.fromkeys(MATCHED[3:])
    for suffix, row, landscape, topology in (("", rows[0], coarse, tree), ("_fine", rows[1], fine, fine_tree)):
        if row is not None:
            cells[f"place{suffix}"] = place(landscape.samples.points[topology.tree.pairs[row, 0]])
            cells[f"value{suffix}"] = float(topology.tree.births[row])
            cells[f"persistence{suffix}"] = finite_or_none(topology.tree.persistences[row])
    return cells
