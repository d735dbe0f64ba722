"""`[sweep]`: one spec → the specs of all combinations of the values of some keys."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from attrs import define, evolve, field
from attrs.validators import and_, deep_iterable, ge, min_len

from globscope.bounds import DRAWS
from globscope.errors import SpecError
from globscope.registry import Registry
from globscope.spec.axes import WHOLE, SweepAxis, sweep_axes
from globscope.spec.overrides import assign, steps
from globscope.spec.paths import InvalidError
from globscope.spec.read import build
from globscope.spec.structure import below_place, converter
from globscope.spec.study_spec import Spec

# A sweep with more cells is taken for a mistake.
MOST = 1000
# Tables of which no result depends, and which are those of all cells.
OF_ALL_CELLS = {
    "run": "the pool in [run] does the work of all cells",
    "plugins": "[plugins] is of the sweep as a whole",
}


@define(frozen=True, kw_only=True)
class Relations:
    """Which figures of the cells are set against which, with Spearman's rank correlation.

    Attributes:
        of: Names of figures, as columns of `sweep.csv`: the horizontal axes. The name of the map or analysis in front
            may be left out, and may be written where there is only one map.
        against: Names of figures: the vertical axes. Figures that no cell has are omitted; you get a warning if you
            asked for one by name.
        draws: Number of bootstrap samples of the cells for the interval of a correlation.
        seed: Seed of the bootstrap.
    """

    of: tuple[str, ...] = field(
        default=("saddles", "minima", "average_persistence", "smad"), validator=deep_iterable(min_len(1))
    )
    against: tuple[str, ...] = field(
        default=("test_accuracy", "test_error", "test_loss", "train_loss", "top_eigenvalue", "trace"),
        validator=and_(min_len(1), deep_iterable(min_len(1))),
    )
    draws: int = field(default=2000, validator=and_(ge(100), DRAWS))
    seed: int = field(default=0, validator=ge(0))


@define(frozen=True, kw_only=True)
class Cell:
    """One combination of values.

    Attributes:
        name: Name of the cell and of its folder, such as `beta=10,seed=1`.
        places: For each axis, the index of its value.
        spec: The spec of its study.
    """

    name: str
    places: tuple[int, ...]
    spec: Spec = field(repr=False)


@define(frozen=True, kw_only=True)
class SweepSpec:
    """A sweep, as its file describes it.

    Attributes:
        title: Title of the sweep's report.
        axes: The keys, in the file's order.
        cells: All combinations, the last axis varying fastest.
        relations: Which figures of the cells are related to which.
        document: The TOML document, as it was read.
        source: The file that it was read from.
    """

    title: str
    axes: tuple[SweepAxis, ...]
    cells: tuple[Cell, ...] = field(repr=False)
    relations: Relations
    document: Mapping[str, Any] = field(repr=False)
    source: Path


def read_sweep(document: Mapping[str, Any], path: Path, registry: Registry, typed: Sequence[str] = ()) -> SweepSpec:
    """Return the sweep of a document with a table [sweep]; `typed` are the keys from the command line.

    Raises:
        SpecError: The sweep, or else any of its cells, has problems; all are listed.
    """
    relations, problems = _relations(document, path)
    axes = sweep_axes(document["sweep"], problems)
    count = prod(len(axis.values) for axis in axes)
    if count > MOST:
        problems.append(("sweep", f"makes {count:,} cells; at most {MOST:,} are run at once"))
    tables = {a.key: a.key.partition(".")[0] for a in axes}
    problems += [
        (f"sweep.{key}", f"is not part of any result; {OF_ALL_CELLS[table]}")
        for key, table in tables.items()
        if table in OF_ALL_CELLS
    ]
    if problems:
        raise SpecError(f"{path}: {place}: {text}" for place, text in problems)
    base = {key: value for key, value in document.items() if key not in WHOLE}
    build_spec = partial(build, path=path, registry=registry, typed=typed)
    places = {_name(axes, indices): indices for indices in product(*(range(len(axis.values)) for axis in axes))}

    def cell(name: str) -> Cell:
        chosen = [(axis, axis.values[i]) for axis, i in zip(axes, places[name], strict=True)]
        return Cell(name=name, places=places[name], spec=_spec(base, chosen, name, path, build_spec))

    cells: tuple[Cell, ...] = for_each_cell(places, cell)
    return SweepSpec(
        title=document.get("title") or path.stem,
        axes=axes,
        cells=cells,
        relations=_without_only_map(relations, cells),
        document=document,
        source=path,
    )


def for_each_cell(names: Iterable[str], make: Callable[[str], Any]) -> tuple[Any, ...]:
    """Return the result of a function for every cell.

    Raises:
        SpecError: Cells have problems; each is listed with the cells that have it, unless all do.
    """
    results, problems, cells = [], dict[str, list[str]](), list(names)
    for name in cells:
        try:
            results.append(make(name))
        except SpecError as error:
            for text in error.problems:
                problems.setdefault(text, []).append(name)
    if problems:
        raise SpecError(text + _cells_with_problem(names, len(cells)) for text, names in problems.items())
    return tuple(results)


def _cells_with_problem(names: Sequence[str], count: int) -> str:
    if len(names) == count > 1:
        return ""
    return f" (cell {names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''})"


def _relations(document: Mapping[str, Any], path: Path) -> tuple[Relations, list[tuple[str, str]]]:
    try:
        strict = converter(path.resolve().parent)
        return strict.structure(document.get("relations", {}), Relations), []
    except InvalidError as invalid:
        return Relations(), [*below_place("relations", invalid.problems)]


def _without_only_map(relations: Relations, cells: Sequence[Cell]) -> Relations:
    """Return relations as the table names figures: without their map, where all cells have one map of one name."""
    maps = {tuple(entry.name for entry in cell.spec.reducer) for cell in cells}
    only = next(iter(maps))
    if len(maps) > 1 or len(only) > 1 or any(entry.name == only[0] for entry in cells[0].spec.analysis):
        return relations
    of, against = (
        tuple(name.removeprefix(f"{only[0]}.") for name in side) for side in (relations.of, relations.against)
    )
    return evolve(relations, of=of, against=against)


def _name(axes: Sequence[SweepAxis], places: Sequence[int]) -> str:
    return ",".join(f"{axis.label}={axis.names[i]}" for axis, i in zip(axes, places, strict=True))


def _spec(
    base: Mapping[str, Any],
    chosen: Sequence[tuple[SweepAxis, Any]],
    name: str,
    path: Path,
    build_spec: Callable[..., Spec],
) -> Spec:
    """Return the spec of one cell."""
    document, keys, problems = deepcopy(dict(base)), list[str](), list[str]()
    for axis, value in chosen:
        try:
            keys.append(assign(document, steps(axis.key), deepcopy(value), f"{path}: sweep.{axis.key}"))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    if isinstance(document.get("title", ""), str):
        document["title"] = f"{document.get('title') or path.stem}: {name}"
    return build_spec(document, swept=keys)
