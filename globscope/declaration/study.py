"""`globscope.study(...)`: the declarations of a spec as arguments, with functions, arrays and networks in memory."""

from collections.abc import Mapping, Sequence
from inspect import signature
from os import PathLike
from pathlib import Path
from typing import Any

import tomli_w

from globscope.declaration.components import component_class, component_table, component_tables, plain_value
from globscope.declaration.data import data_options
from globscope.declaration.inputs import Inputs
from globscope.declaration.networks import checkpoints_of
from globscope.declaration.places import with_absolute_paths
from globscope.errors import SpecError, near
from globscope.registry import Registry, installed_registry
from globscope.report.style.text import slug
from globscope.session.run_folder import RUNS
from globscope.session.study import Study, load
from globscope.spec.network_source import Zoo
from globscope.spec.plugins import disabled_in
from globscope.spec.population import PopulationSpec
from globscope.spec.read import build
from globscope.spec.words import keys_of, value_in_words
from globscope.store import claim, write_bytes

# The spec that a declaration stands for, in the run folder; spec.toml beside it has every default written out.
DECLARED = "study.toml"
Component = Any


def study(
    *,
    model: Any = None,
    data: Any = None,
    checkpoints: Any = None,
    reducers: Sequence[Component] | Component,
    samplers: Sequence[Component] | Component = (),
    topologies: Sequence[Component] | Component = (),
    analyses: Sequence[Component] | Component = (),
    aligners: Sequence[Component] | Component = (),
    task: Component = "classification",
    evaluator: Component = None,
    population: Mapping[str, Any] | None = None,
    train: Any = None,
    variants: Sequence[Any] = (),
    zoo: Mapping[str, Any] | None = None,
    fidelity: Mapping[str, Any] | None = None,
    run: Mapping[str, Any] | None = None,
    plugins: Mapping[str, Any] | None = None,
    report: Mapping[str, Any] | None = None,
    title: str = "",
    seed: int = 0,
    folder: str | Path | None = None,
    **task_options: Any,
) -> Study:
    """Return a study that is declared in Python, without a spec of your own.

    It is written into its run folder as the spec for which it stands, `study.toml`, with what it holds in memory beside
    it in `inputs/`: `globscope study` repeats it from there, with the same stage keys.

    Wherever a spec has `file.py:name`, a function or a class will do. One of a file or of an installed package is
    referred to; of one that was defined in a notebook or a script, the source is written into `inputs/`, with all that
    it uses. Relative paths start from the current folder.

    A component is the name of one, a table of its options with `use`, or an instance of its class.

    Args:
        model: Name of a model, or a function or class that returns a torch module with fresh weights.
        data: Name of a data set, a function that loads the data, a path, the arrays or tensors `(x_train, y_train,
            x_test, y_test)`, or two torch datasets.
        checkpoints: A pattern such as `runs/{variant}/epoch{step}.pt`, a list of patterns, paths or tables, or what
            each run has, by its name: a path, a state dict or a module, a list of these, or these by their step.
        reducers: Maps.
        samplers: Which points of a map are decoded; `grid` if empty.
        topologies: Which fields are condensed into merge trees; `gudhi` if empty.
        analyses: Further analyses.
        aligners: How units of networks are matched.
        task: The task of which model and data are options.
        evaluator: How decoded networks are scored; `torch` if unset.
        population: Further keys of the table [population], such as `rename` or `align`.
        train: How to train the variants here: keys of [population.train].
        variants: The training runs: tables of keys of [[population.variant]], or their names.
        zoo: Keys of the table [zoo].
        fidelity: Options of the analysis that every study runs.
        run: Keys of the table [run].
        plugins: Keys of the table [plugins].
        report: Keys of the table [report].
        title: Title of the report.
        seed: Every stage's generator is spawned from it.
        folder: The run folder; by default `runs/<title>`.
        task_options: Further options of the task, such as `loss` or `metrics`.

    Raises:
        SpecError: The declarations have problems; all are listed.
        UserCodeError: A function cannot be referred to, and its source cannot be written.
        RunError: The folder holds other files.
    """
    place = _run_folder(folder, title)
    inputs = Inputs(folder=place)
    without = {"plugins": plain_value(plugins, inputs)}
    registry = installed_registry(disabled_in(without))
    _require_known(task, task_options, registry)
    own = {"model": model, **data_options(task, data, inputs, registry), **task_options}
    tables: dict[str, Any] = {
        "title": title or None,
        "seed": seed or None,
        "task": component_table("task", task, inputs, registry, own),
        "population": _population(checkpoints, train, variants, population, inputs),
        "zoo": None if zoo is None else _source("zoo", Zoo, zoo, inputs),
        "evaluator": None if evaluator is None else component_table("evaluator", evaluator, inputs, registry),
        "fidelity": plain_value(fidelity, inputs),
        "run": plain_value(run, inputs),
        **without,
        "report": plain_value(report, inputs),
    }
    several = {
        "reducer": reducers,
        "sampler": samplers,
        "topology": topologies,
        "aligner": aligners,
        "analysis": analyses,
    }
    tables |= {role: component_tables(role, given, inputs, registry) for role, given in several.items()}
    document = {name: table for name, table in tables.items() if table is not None and table != []}
    return _write_study(document, place, inputs, registry)


def _require_known(task: Component, given: Mapping[str, Any], registry: Registry) -> None:
    """Refuse what is neither an argument of `study` nor an option of a known task.

    Raises:
        SpecError: With all such names, and what is similar among both.
    """
    cls = component_class("task", task, registry)
    if cls is None:
        return  # the task itself is refused later
    options = {key.name for key in keys_of(cls)}
    arguments = {name for name, one in signature(study).parameters.items() if one.kind is one.KEYWORD_ONLY}
    unknown = [name for name in given if name not in options]
    if unknown:
        what = "is no argument of globscope.study and no option of its task"
        raise SpecError([f"{name}: {what}; {near(name, options | arguments)}" for name in unknown])


def _run_folder(folder: Any, title: Any) -> Path:
    """Return the run folder.

    Raises:
        SpecError: The folder is no path, or the title no text.
    """
    if not isinstance(folder, str | PathLike | None):
        raise SpecError([f"folder: expected a path, got {value_in_words(folder)}"])
    if not isinstance(title, str):
        raise SpecError([f"title: expected text, got {value_in_words(title)}"])
    return Path(folder) if folder is not None else Path(RUNS) / slug(title or "study")


def _write_study(document: Mapping[str, Any], place: Path, inputs: Inputs, registry: Registry) -> Study:
    """Return the study of a document, which is written into its run folder with its inputs."""
    claim(place, "study")
    inputs.write()
    path = place / DECLARED
    build(document, path, registry)  # first, so that no spec with problems is left
    write_bytes(path, tomli_w.dumps(dict(document)).encode())
    return load(path, folder=place)


def _population(
    checkpoints: Any, train: Any, variants: Sequence[Any], more: Mapping[str, Any] | None, inputs: Inputs
) -> dict[str, Any]:
    table = _source("population", PopulationSpec, {} if more is None else more, inputs)
    if checkpoints is not None:
        table["checkpoints"] = checkpoints_of(checkpoints, inputs)
    if train is not None or variants:
        table["train"] = plain_value({} if train is None else train, inputs)
        table["variant"] = _variants(variants, inputs)
    return table


def _variants(variants: Any, inputs: Inputs) -> Any:
    """Return the value of `population.variant`; what is no list is left for the spec to judge."""
    if not isinstance(variants, list | tuple):
        return plain_value(variants, inputs)
    return [{"name": one} if isinstance(one, str) else plain_value(one, inputs) for one in variants]


def _source(name: str, cls: type, table: Any, inputs: Inputs) -> dict[str, Any]:
    """Return the table of a source of networks, whose checkpoints may be in memory.

    Raises:
        SpecError: It is no table.
    """
    if not isinstance(table, Mapping):
        raise SpecError([f"{name}: expected a table, got {value_in_words(table)}"])
    others = {name: value for name, value in table.items() if name != "checkpoints"}
    found: dict[str, Any] = plain_value(with_absolute_paths(cls, others), inputs)
    return found | ({"checkpoints": checkpoints_of(table["checkpoints"], inputs)} if "checkpoints" in table else {})
