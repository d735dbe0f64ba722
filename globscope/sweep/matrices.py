"""Pictures side by side: for every merge tree, the runs in rows and columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from globscope.report.map.tree_scene import TreeScene
from globscope.report.page.gallery import Place, Shown
from globscope.report.pictures.depict import depict_alone
from globscope.report.pictures.matrix import Content, Matrix, Tile, alt_text, caption, plot_matrix
from globscope.report.style.text import Names
from globscope.report.style.theme import save
from globscope.report.topology.landscape_profile import ProfileScales
from globscope.spec.axes import SweepAxis
from globscope.store import own_folder
from globscope.sweep.table import ComparedRuns
from globscope.values.pictures import HeatMap, Plot

CONTENTS: tuple[Content, ...] = ("landscapes", "profiles")
Tiles = dict[str, dict[str, Tile]]


def tiles_by_tree(runs: ComparedRuns) -> Tiles:
    """Return the tiles of runs by the name of the merge tree and its field, then by the run's name."""
    tiles: Tiles = {}
    for run in runs.finished:
        for names in run.trees:
            landscape, topology = run.topology(names)
            tree = TreeScene.of(runs.tree(names), topology, landscape.fields[topology.field])
            tiles.setdefault(f"{tree.title}: {tree.field.name}", {})[run.name] = Tile(landscape=landscape, tree=tree)
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
    """Yield the matrices of runs that form no grid, one for every merge tree."""
    absent = {run.name: "failed" if run.failed else "no landscape" for run in runs.runs}
    for tree, tree_tiles in tiles.items():
        yield Matrix.in_rows(tree, {name: tree_tiles.get(name, why) for name, why in absent.items()})


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
