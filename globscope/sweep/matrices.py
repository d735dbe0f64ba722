"""Which pictures stand side by side: for every merge tree, the runs in rows and columns."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from globscope.report.gallery import Shown
from globscope.report.look import save
from globscope.report.matrix import Look, Matrix, Scales, Tile, plot_matrix, seen, told
from globscope.report.text import Names
from globscope.spec.axes import Axis
from globscope.sweep.table import Run, Runs

LOOKS: tuple[Look, ...] = ("landscapes", "profiles")
Tiles = dict[str, dict[str, Tile]]


def tiles(runs: Runs) -> Tiles:
    """Return, by what a merge tree and its field are called, the tiles of the runs that have it, by the runs' names."""
    found: Tiles = {}
    for run in runs.finished:
        for names in run.trees:
            landscape, topology = run.topology(names)
            called = f"{runs.tree(names)}: {topology.field}"
            found.setdefault(called, {})[run.name] = Tile.of(landscape, topology)
    return found


def of_sweep(runs: Runs, axes: Sequence[Axis], found: Tiles) -> Iterator[Matrix]:
    """Yield the matrices of a sweep: two keys are rows and columns, and each choice of the others has its own."""
    sides = axes[:2] if len(axes) > 1 else [None, *axes]
    rows, columns = (("",) if axis is None else tuple(f"{axis.label}={name}" for name in axis.names) for axis in sides)
    for tree, own in found.items():
        for others in product(*(range(len(axis.values)) for axis in axes[2:])):
            cells = {_place(run): run for run in runs.runs if run.places[2:] == others}
            chosen = [f"{axis.label}={axis.names[at]}" for axis, at in zip(axes[2:], others, strict=True)]
            yield Matrix(
                title=", ".join([tree, *chosen]),
                rows=rows,
                columns=columns,
                tiles={place: own[run.name] for place, run in cells.items() if run.name in own},
                absent={place: "failed" for place, run in cells.items() if run.failed},
            )


def _place(run: Run) -> tuple[int, int]:
    row, column, *_ = run.places if len(run.places) > 1 else (0, *run.places)
    return row, column


def of_runs(runs: Runs, found: Tiles) -> Iterator[Matrix]:
    """Yield the matrices of runs that are no grid: by field, a row for every merge tree, a column for each run."""
    by_field: dict[str, list[str]] = {}
    for tree, own in found.items():
        by_field.setdefault(_field(own), []).append(tree)
    names = [run.name for run in runs.runs]
    for field, trees in by_field.items():
        tiles_at = {
            (row, names.index(name)): tile for row, tree in enumerate(trees) for name, tile in found[tree].items()
        }
        yield Matrix(title=field, rows=tuple(trees), columns=tuple(names), tiles=tiles_at)


def _field(own: Mapping[Any, Tile]) -> str:
    return next(iter(own.values())).topology.field


def drawn(matrices: Iterable[Matrix], found: Tiles, folder: Path) -> Iterator[Shown]:
    """Draw matrices into a folder's `figures/`, those of one field on one scale."""
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    every: dict[str, list[Tile]] = {}
    for own in found.values():
        every.setdefault(_field(own), []).extend(own.values())
    scales, names = {field: Scales.of(shown) for field, shown in every.items()}, Names()
    for matrix in (one for one in matrices if one.tiles):
        scale = scales[_field(matrix.tiles)]
        for look in LOOKS:
            stem = names.unique(look, matrix.title)
            save(plot_matrix(matrix, scale, look), folder / "figures", stem)
            caption = told(matrix, scale, look)
            yield Shown(path=f"figures/{stem}", caption=caption, alt=f"{caption} {seen(matrix)}", place="wide")
