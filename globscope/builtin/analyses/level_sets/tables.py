"""The tables of the analysis `level-sets`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from globscope.api import (
    MULTI_SADDLE,
    CriticalPoints,
    EvaluationError,
    LevelSetTree,
    Table,
    Topology,
    TreeKind,
    critical_points,
    finite_or_none,
    persistence_pairs,
)
from globscope.builtin.analyses.formatting import place
from globscope.builtin.analyses.map_trees import TREE, MapTree

Row = dict[str, Any]
TREES = (
    "Numbers of leaves and saddles of three trees of each field, simplified at the topology's threshold and before "
    "(unsimplified). join: the merge tree, of the sublevel sets; split: that of the superlevel sets, whose leaves are "
    "maxima; contour: that of the level sets, which has the leaves of both. A saddle where several meet counts once."
)
PEAKS = (
    "Maxima of the simplified split trees, the most persistent first. dies_at: the value of the saddle at which the "
    "peak meets a higher one as the level falls, a lower bound of the best pass in weight space; empty where it never "
    "does."
)
CRITICAL = (
    "Critical points of each field on a lattice of up to three axes, by the parts of a sample's neighbours that lie "
    "lower and higher, without any threshold. The index counts the directions in which the field falls: minima 0, "
    "saddles_1 1, saddles_2 2 (in three axes), maxima as many as there are axes; multi_saddles join more parts than a "
    "simple saddle. on_boundary: how many of them lie on the rim, or beside a sample that was left out, where the "
    "box decides. euler: Σ (1 − χ(lower link)) over all samples, the Euler characteristic of the triangulated "
    "samples: 1 for a whole lattice."
)
CELLS = (
    "Morse–Smale cells: samples whose steepest descent and ascent lead to the same minimum and the same maximum, "
    "where pairs of at most the topology's threshold are cancelled. Largest first; share: of the samples in the tree."
)
TREE_COLUMNS = (
    *TREE, "tree", "minima", "maxima", "saddles", "minima_unsimplified", "maxima_unsimplified", "saddles_unsimplified",
    "threshold",
)  # fmt: skip
PEAK_COLUMNS = (*TREE, "maximum", "place", "value", "dies_at", "persistence")
COUNTS = {
    "minima": ("minimum",),
    "saddles_1": ("saddle", "1-saddle"),
    "saddles_2": ("2-saddle",),
    "multi_saddles": (MULTI_SADDLE,),
    "maxima": ("maximum",),
}
CRITICAL_COLUMNS = (*TREE, "axes", *COUNTS, "on_boundary", "euler")
CELL_COLUMNS = (*TREE, "minimum", "maximum", "lowest", "highest", "samples", "share")


def tree_table(
    rows: Sequence[tuple[Row, Topology, Mapping[TreeKind, LevelSetTree], Mapping[TreeKind, LevelSetTree]]],
) -> Table:
    """Return the table of the trees: of each its names, and its trees by kind, simplified and whole."""
    cells = tuple(
        names
        | {"tree": kind, "threshold": topology.threshold}
        | _counts(simple[kind])
        | {f"{name}_unsimplified": count for name, count in _counts(whole[kind]).items()}
        for names, topology, simple, whole in rows
        for kind in simple
    )
    return Table(name="trees", caption=TREES, columns=TREE_COLUMNS, rows=cells)


def _counts(tree: LevelSetTree) -> Row:
    counts = {"minima": len(tree.minima), "maxima": len(tree.maxima)}
    absent = {"join": "maxima", "split": "minima"}.get(tree.kind)
    return {name: None if name == absent else count for name, count in counts.items()} | {"saddles": len(tree.saddles)}


def peak_table(rows: Sequence[Row]) -> Table:
    """Return the table of the maxima."""
    return Table(name="peaks", caption=PEAKS, columns=PEAK_COLUMNS, rows=tuple(rows))


def peaks(one: MapTree, split: LevelSetTree) -> Iterator[Row]:
    """Yield a row for each maximum of a simplified split tree."""
    for (top, end), never in zip(*(part.tolist() for part in persistence_pairs(split)), strict=True):
        value, death = float(split.values[top]), float(split.values[end])
        yield one.names | {
            "maximum": int(split.nodes[top]),
            "place": place(one.landscape.samples.points[split.nodes[top]]),
            "value": value,
            "dies_at": None if never else death,
            "persistence": None if never else finite_or_none(value - death),
        }


def critical_table(rows: Sequence[Row]) -> Table:
    """Return the table of the critical points."""
    return Table(name="critical_points", caption=CRITICAL, columns=CRITICAL_COLUMNS, rows=tuple(rows))


def critical_counts(one: MapTree) -> Iterator[Row]:
    """Yield the numbers of critical points, if the samples are a lattice of up to three axes."""
    try:
        found: CriticalPoints = critical_points(one.landscape, one.topology)
    except EvaluationError:
        return
    counts = {name: sum(kind in kinds for kind in found.kinds) for name, kinds in COUNTS.items()}
    boundary = int(found.on_boundary.sum())
    yield one.names | {"axes": found.axes} | counts | {"on_boundary": boundary, "euler": found.euler}


def cell_table(rows: Sequence[Row]) -> Table:
    """Return the table of the Morse–Smale cells."""
    return Table(name="cells", caption=CELLS, columns=CELL_COLUMNS, rows=tuple(rows))


def cells(one: MapTree, sizes: Mapping[tuple[int, int], int]) -> Iterator[Row]:
    """Yield a row for each cell, given their sizes by minimum and maximum."""
    values, held = one.landscape.fields[one.topology.field], sum(sizes.values())
    for (low, high), count in sizes.items():
        lowest, highest = float(values[low]), float(values[high])
        about = {"minimum": low, "maximum": high, "lowest": lowest, "highest": highest}
        yield one.names | about | {"samples": count, "share": count / held}
