"""Which pictures stand side by side: for every merge tree, the runs in rows and columns."""

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
from globscope.spec.axes import Axis
from globscope.store import own_folder
from globscope.sweep.table import Runs
from globscope.values.pictures import HeatMap, Plot

CONTENTS: tuple[Content, ...] = ("landscapes", "profiles")
Tiles = dict[str, dict[str, Tile]]


def tiles(runs: Runs) -> Tiles:
    """Return, by what a merge tree and its field are called, the tiles of the runs that have it, by the runs' names."""
    found: Tiles = {}
    for run in runs.finished:
        for names in run.trees:
            landscape, topology = run.topology(names)
            tree = TreeScene.of(runs.tree(names), topology, landscape.fields[topology.field])
            found.setdefault(f"{tree.title}: {tree.field.name}", {})[run.name] = Tile(landscape=landscape, tree=tree)
    return found


def of_sweep(runs: Runs, axes: Sequence[Axis], found: Tiles) -> Iterator[Matrix]:
    """Yield the matrices of a sweep: two keys are rows and columns, and each choice of the others has its own."""
    if len(axes) < 2:
        yield from of_runs(runs, found)
        return
    rows, columns = (tuple(f"{axis.label}={name}" for name in axis.names) for axis in axes[:2])
    for tree, own in found.items():
        for others in product(*(range(len(axis.values)) for axis in axes[2:])):
            cells = {(run.places[0], run.places[1]): run for run in runs.runs if run.places[2:] == others}
            chosen = [f"{axis.label}={axis.names[at]}" for axis, at in zip(axes[2:], others, strict=True)]
            yield Matrix(
                title=", ".join([tree, *chosen]),
                rows=rows,
                columns=columns,
                tiles={place: own[run.name] for place, run in cells.items() if run.name in own},
                absent={place: "failed" for place, run in cells.items() if run.failed},
            )


def of_runs(runs: Runs, found: Tiles) -> Iterator[Matrix]:
    """Yield the matrices of runs that are no grid: for every merge tree, one after another."""
    absent = {run.name: "failed" if run.failed else "no landscape" for run in runs.runs}
    for tree, own in found.items():
        yield Matrix.wrapped(tree, {name: own.get(name, why) for name, why in absent.items()})


def _field(own: Mapping[Any, Tile]) -> str:
    return next(iter(own.values())).tree.field.key


def depicted(pictures: Iterable[Plot | HeatMap], folder: Path) -> Iterator[Shown]:
    """Draw pictures that lie over no map into a folder's `figures/`."""
    own_folder(folder, "figures")
    names = Names()
    for picture in pictures:
        found, stem = depict_alone(picture), names.unique(picture.name)
        save(found.figure, folder / "figures", stem)
        says = " ".join((picture.caption, *found.missing))
        place: Place = "wide" if found.figure.get_figwidth() > 8 else "beside"
        yield Shown(path=f"figures/{stem}", caption=says, alt=f"{found.alt_text} {says}", place=place)


def drawn(matrices: Iterable[Matrix], found: Tiles, folder: Path) -> Iterator[Shown]:
    """Draw matrices into a folder's `figures/`, those of one field on one scale."""
    own_folder(folder, "figures")
    every: dict[str, list[TreeScene]] = {}
    for own in found.values():
        every.setdefault(_field(own), []).extend(tile.tree for tile in own.values())
    scales, names = {field: ProfileScales.of(trees) for field, trees in every.items()}, Names()
    for matrix in (one for one in matrices if one.tiles):
        scale = scales[_field(matrix.tiles)]
        for content in CONTENTS:
            stem = names.unique(content, matrix.title)
            save(plot_matrix(matrix, scale, content), folder / "figures", stem)
            text = caption(matrix, scale, content)
            yield Shown(path=f"figures/{stem}", caption=text, alt=f"{text} {alt_text(matrix)}", place="wide")
