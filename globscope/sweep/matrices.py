"""Merge trees of several runs: pictures with the runs in rows and columns, and distances of their diagrams."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

from attrs import evolve

from globscope.report.map.tree_scene import TreeScene
from globscope.report.page.gallery import Place, Shown
from globscope.report.pictures.depict import depict_alone
from globscope.report.pictures.matrix import Content, Matrix, Tile, alt_text, caption, plot_matrix
from globscope.report.style.text import Names
from globscope.report.style.theme import save
from globscope.report.topology.landscape_profile import ProfileScales
from globscope.spec.axes import SweepAxis
from globscope.spec.style import AUTO, Style
from globscope.store import own_folder
from globscope.sweep.table import ComparedRuns
from globscope.topology.distance import bottleneck, wasserstein
from globscope.values.findings import Table
from globscope.values.finite import finite_or_none
from globscope.values.pictures import HeatMap, Number, Plot

CONTENTS: tuple[Content, ...] = ("landscapes", "profiles")
Tiles = dict[str, dict[str, Tile]]


def tiles_by_tree(runs: ComparedRuns, style: Style = AUTO) -> Tiles:
    """Return the tiles of runs by the name of the merge tree and its field, then by the run's name.

    Of a style, the kind of scale and the colours count: limits and sizes are those of one run's pictures.
    """
    kept = evolve(AUTO, scale=style.scale, colours=style.colours)
    tiles: Tiles = {}
    for run in runs.finished:
        for names in run.trees:
            landscape, topology = run.topology(names)
            tree = TreeScene.of(runs.tree(names), topology, landscape.fields[topology.field], kept)
            name = ": ".join(filter(None, (tree.title, tree.field.name)))
            tiles.setdefault(name, {})[run.name] = Tile(landscape=landscape, tree=tree)
    return tiles


def sweep_matrices(runs: ComparedRuns, axes: Sequence[SweepAxis], tiles: Tiles) -> Iterator[Matrix]:
    """Yield the matrices of a sweep: two keys are rows and columns, with a matrix for each choice of the others."""
    if len(axes) < 2:
        yield from run_matrices(runs, tiles)
        return
    rows, columns = (tuple(f"{axis.label}={name}" for name in axis.names) for axis in axes[:2])
    for tree, tree_tiles in tiles.items():
        for others in product(*(range(len(axis.values)) for axis in axes[2:])):
            cells = {(run.places[0], run.places[1]): run for run in runs.runs if run.places[2:] == others}
            chosen = [f"{axis.label}={axis.names[index]}" for axis, index in zip(axes[2:], others, strict=True)]
            yield Matrix(
                title=", ".join([tree, *chosen]),
                rows=rows,
                columns=columns,
                tiles={place: tree_tiles[run.name] for place, run in cells.items() if run.name in tree_tiles},
                absent={place: "failed" for place, run in cells.items() if run.failed},
            )


def run_matrices(runs: ComparedRuns, tiles: Tiles) -> Iterator[Matrix]:
    """Yield the matrices of runs that form no grid, one for every merge tree, of the runs that have it or failed."""
    failed = {run.name for run in runs.runs if run.failed}
    for tree, tree_tiles in tiles.items():
        shown = [run.name for run in runs.runs if run.name in failed or run.name in tree_tiles]
        yield Matrix.in_rows(tree, {name: tree_tiles.get(name, "failed") for name in shown})


def _field(tiles: Mapping[Any, Tile]) -> str:
    return next(iter(tiles.values())).tree.field.key


def draw_pictures(pictures: Iterable[Plot | HeatMap], folder: Path) -> Iterator[Shown]:
    """Draw pictures without maps into a folder's `figures/`."""
    own_folder(folder, "figures")
    names = Names()
    for picture in pictures:
        depiction, stem = depict_alone(picture), names.unique(picture.name)
        save(depiction.figure, folder / "figures", stem)
        text = " ".join((picture.caption, *depiction.missing))
        place: Place = "wide" if depiction.figure.get_figwidth() > 8 else "beside"
        yield Shown(path=f"figures/{stem}", caption=text, alt=f"{depiction.alt_text} {text}", place=place)


def draw_matrices(matrices: Iterable[Matrix], tiles: Tiles, folder: Path) -> Iterator[Shown]:
    """Draw matrices into a folder's `figures/`; those of the same field share a scale."""
    own_folder(folder, "figures")
    trees_by_field: dict[str, list[TreeScene]] = {}
    for tree_tiles in tiles.values():
        trees_by_field.setdefault(_field(tree_tiles), []).extend(tile.tree for tile in tree_tiles.values())
    scales, names = {field: ProfileScales.of(trees) for field, trees in trees_by_field.items()}, Names()
    for matrix in (matrix for matrix in matrices if matrix.tiles):
        scale = scales[_field(matrix.tiles)]
        for content in CONTENTS:
            stem = names.unique(content, matrix.title)
            save(plot_matrix(matrix, scale, content), folder / "figures", stem)
            text = caption(matrix, scale, content)
            yield Shown(path=f"figures/{stem}", caption=text, alt=f"{text} {alt_text(matrix)}", place="wide")


CAPTION = (
    "How far apart the persistence diagrams of two runs are, for merge trees of one name and field, simplified as each "
    "run says; 0 where they are equal. bottleneck: the farthest that a birth or a death moves in the best matching; "
    "wasserstein: (Σ moves²)^(1/2) over all pairs. A pair may be matched with none for half its persistence; "
    "those that never die are matched among themselves by birth, and where two landscapes have different numbers of "
    "components there is no distance."
)
COLUMNS = ("topology", "one", "other", "bottleneck", "wasserstein")
MEASURES = {"bottleneck": bottleneck, "wasserstein": wasserstein}


def distances(tiles: Tiles) -> Table:
    """Return the distances of all pairs of runs that have a merge tree with the same name and field."""
    rows = [row for tree, tree_tiles in tiles.items() for row in _rows(tree, tree_tiles)]
    return Table(name="distances", caption=CAPTION, columns=COLUMNS, rows=tuple(rows))


def _rows(tree: str, tiles: Mapping[str, Tile]) -> Iterator[dict[str, str | Number]]:
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
                title=f"{measure.capitalize()} distance of diagrams, {tree}",
                caption=f"The {measure} distance of the runs' persistence diagrams, {tree}.",
                rows=tuple(names),
                columns=tuple(names),
                values=tuple(tuple(_number(known[one, other]) for other in names) for one in names),
                label=f"{measure} distance, in the field's unit",
            )


def _number(value: object) -> Number:
    return float(value) if isinstance(value, int | float) else None
