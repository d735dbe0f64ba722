"""Split and contour trees beside the merge trees, with barcodes, peaks, critical points and Morse–Smale cells."""

from collections.abc import Iterator, Mapping

import attrs
import numpy as np

from globscope.api import (
    Atlas,
    Bench,
    Finding,
    LevelSetTree,
    Plot,
    Table,
    TreeKind,
    barcode_plot,
    level_set_tree,
    prune_tree,
    steepest_cells,
    tree_plot,
)
from globscope.builtin.analyses.level_sets import tables
from globscope.builtin.analyses.map_trees import MapTree, map_trees

KINDS: tuple[TreeKind, ...] = ("join", "split", "contour")


@attrs.define(frozen=True, kw_only=True)
class LevelSets:
    """Follow the superlevel and level sets of every merge tree's field, and count its critical points.

    Each field of a merge tree is looked at over the same samples and neighbours, at the same threshold: by its split
    tree (maxima and where they meet), its contour tree (minima and maxima), its barcodes, on lattices of up to three
    axes by its critical points and their index, and by its Morse–Smale cells.

    Attributes:
        cells: Whether there is a table of the Morse–Smale cells.
    """

    cells: bool = True

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the tables and pictures; nothing is computed again or drawn."""
        del bench, rng
        known = list(map_trees(atlas.maps))
        whole = [{kind: level_set_tree(one.landscape, one.topology, kind, -1.0) for kind in KINDS} for one in known]
        simple = [
            {kind: prune_tree(tree, one.topology.threshold) for kind, tree in trees.items()}
            for one, trees in zip(known, whole, strict=True)
        ]
        both = list(zip(known, simple, whole, strict=True))
        found = [
            tables.tree_table([(one.names, one.topology, own, every) for one, own, every in both]),
            tables.peak_table([row for one, trees, _ in both for row in tables.peaks(one, trees["split"])]),
            tables.critical_table([row for one in known for row in tables.critical_counts(one)]),
        ]
        return Finding(
            tables=(*found, *self._cell_tables(known)),
            pictures=tuple(picture for row in both for picture in _pictures(atlas, *row)),
        )

    def _cell_tables(self, known: list[MapTree]) -> Iterator[Table]:
        if self.cells:
            rows = [
                row for one in known for row in tables.cells(one, steepest_cells(one.landscape, one.topology).sizes)
            ]
            yield tables.cell_table(rows)


def _pictures(
    atlas: Atlas, one: MapTree, simple: Mapping[TreeKind, LevelSetTree], whole: Mapping[TreeKind, LevelSetTree]
) -> Iterator[Plot]:
    field, threshold = atlas.field_of(one.topology.field), one.topology.threshold
    yield tree_plot([simple[kind] for kind in KINDS], field, threshold, one.where)
    yield barcode_plot(whole["join"], whole["split"], field, threshold, one.where)
