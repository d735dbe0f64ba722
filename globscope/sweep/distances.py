"""Distances between the persistence diagrams of several runs."""

from collections.abc import Iterator, Mapping
from itertools import combinations

from globscope.report.pictures.matrix import Tile
from globscope.topology.distance import bottleneck, wasserstein
from globscope.values.findings import Table, finite_or_none
from globscope.values.pictures import HeatMap, Number

CAPTION = (
    "How far apart the persistence diagrams of two runs are, for merge trees of one name and field, simplified as each "
    "run says; 0 where they are equal. bottleneck: the farthest that a birth or a death moves in the best matching; "
    "wasserstein: (Σ moves²)^(1/2) over all pairs. A pair may be matched with none for half its persistence; "
    "those that never die are matched among themselves by birth, and where two landscapes have different numbers of "
    "components there is no distance."
)
COLUMNS = ("topology", "one", "other", "bottleneck", "wasserstein")
MEASURES = {"bottleneck": bottleneck, "wasserstein": wasserstein}
Row = dict[str, str | Number]


def distances(tiles: Mapping[str, Mapping[str, Tile]]) -> Table:
    """Return the distances of all pairs of runs that have a merge tree with the same name and field."""
    rows = [row for tree, tree_tiles in tiles.items() for row in _rows(tree, tree_tiles)]
    return Table(name="distances", caption=CAPTION, columns=COLUMNS, rows=tuple(rows))


def _rows(tree: str, tiles: Mapping[str, Tile]) -> Iterator[Row]:
    for first, second in combinations(tiles, 2):
        pair = tiles[first].tree.topology.tree, tiles[second].tree.topology.tree
        yield {
            "topology": tree,
            "one": first,
            "other": second,
            **{name: finite_or_none(measure(*pair)) for name, measure in MEASURES.items()},
        }


def heat_maps(table: Table) -> Iterator[HeatMap]:
    """Yield both distances of every merge tree as matrices."""
    for tree in dict.fromkeys(str(row["topology"]) for row in table.rows):
        rows = [row for row in table.rows if row["topology"] == tree]
        names = list(dict.fromkeys(str(row[side]) for row in rows for side in ("one", "other")))
        for measure in MEASURES:
            known = {(row["one"], row["other"]): row[measure] for row in rows}
            known |= {(other, one): value for (one, other), value in known.items()} | {(n, n): 0.0 for n in names}
            yield HeatMap(
                name=f"{measure} {tree}",
                caption=f"The {measure} distance of the runs' persistence diagrams, {tree}.",
                rows=tuple(names),
                columns=tuple(names),
                values=tuple(tuple(_number(known[one, other]) for other in names) for one in names),
                label=f"{measure} distance, in the field's unit",
            )


def _number(value: object) -> Number:
    return float(value) if isinstance(value, int | float) else None
