"""`[sweep]`: one spec → the specs of all combinations of the values of some keys."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from functools import partial
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from attrs import define, field
from attrs.validators import and_, deep_iterable, ge, min_len

from globscope.bounds import DRAWS
from globscope.errors import SpecError
from globscope.registry import Registry
from globscope.spec.axes import WHOLE, Axis, axes
from globscope.spec.model import Spec
from globscope.spec.overrides import assign, steps
from globscope.spec.paths import InvalidError
from globscope.spec.read import build
from globscope.spec.structure import converter, placed

# Beyond so many cells a sweep is a slip of the pen.
MOST = 1000


@define(frozen=True, kw_only=True)
class Relations:
    """Which figures of the cells are set against which, with Spearman's rank correlation.

    Attributes:
        of: Names of figures, as columns of `sweep.csv`: the horizontal axes.
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
    """One combination.

    Attributes:
        name: Such as `beta=10,seed=1`; also its folder's.
        places: Of each axis, which of its values.
        spec: The study.
    """

    name: str
    places: tuple[int, ...]
    spec: Spec = field(repr=False)


@define(frozen=True, kw_only=True)
class SweepSpec:
    """A sweep as its file asks for it.

    Attributes:
        title: Of its report.
        axes: The keys, in the file's order.
        cells: All combinations, the last axis varying fastest.
        relations: Between the cells' figures.
        document: As it was read.
        source: The file.
    """

    title: str
    axes: tuple[Axis, ...]
    cells: tuple[Cell, ...] = field(repr=False)
    relations: Relations
    document: Mapping[str, Any] = field(repr=False)
    source: Path


def swept(document: Mapping[str, Any], path: Path, registry: Registry, typed: Sequence[str] = ()) -> SweepSpec:
    """Return the sweep that a document with a table [sweep] says; `typed` are the keys from the command line.

    Raises:
        SpecError: With every problem of the sweep, or else of all of its cells.
    """
    relations, problems = _relations(document, path)
    found = axes(document["sweep"], problems)
    count = prod(len(axis.values) for axis in found)
    if count > MOST:
        problems.append(("sweep", f"makes {count:,} cells; at most {MOST:,} are run at once"))
    if problems:
        raise SpecError(f"{path}: {place}: {text}" for place, text in problems)
    base = {key: value for key, value in document.items() if key not in WHOLE}
    made = partial(build, path=path, registry=registry, typed=typed)
    places = {_name(found, one): one for one in product(*(range(len(axis.values)) for axis in found))}

    def cell(name: str) -> Cell:
        chosen = [(axis, axis.values[at]) for axis, at in zip(found, places[name], strict=True)]
        return Cell(name=name, places=places[name], spec=_spec(base, chosen, name, path, made))

    return SweepSpec(
        title=document.get("title") or path.stem,
        axes=found,
        cells=each(places, cell),
        relations=relations,
        document=document,
        source=path,
    )


def each(names: Iterable[str], made: Callable[[str], Any]) -> tuple[Any, ...]:
    """Return what is made of every cell.

    Raises:
        SpecError: With the problems of all cells, each with the cells that have it, unless all do.
    """
    found, problems, asked = [], dict[str, list[str]](), list(names)
    for name in asked:
        try:
            found.append(made(name))
        except SpecError as error:
            for text in error.problems:
                problems.setdefault(text, []).append(name)
    if problems:
        raise SpecError(text + _whose(who, len(asked)) for text, who in problems.items())
    return tuple(found)


def _whose(who: Sequence[str], count: int) -> str:
    if len(who) == count > 1:
        return ""
    return f" (cell {who[0]}{f' and {len(who) - 1} more' if len(who) > 1 else ''})"


def _relations(document: Mapping[str, Any], path: Path) -> tuple[Relations, list[tuple[str, str]]]:
    try:
        strict = converter(path.resolve().parent)
        return strict.structure(document.get("relations", {}), Relations), []
    except InvalidError as invalid:
        return Relations(), [*placed("relations", invalid.problems)]


def _name(axes: Sequence[Axis], places: Sequence[int]) -> str:
    return ",".join(f"{axis.label}={axis.names[at]}" for axis, at in zip(axes, places, strict=True))


def _spec(
    base: Mapping[str, Any], chosen: Sequence[tuple[Axis, Any]], name: str, path: Path, made: Callable[..., Spec]
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
    return made(document, swept=keys)
