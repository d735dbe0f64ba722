"""A spec's file → `Spec`, or a `SpecError` with all of its problems."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from attrs import fields

from globscope.errors import SpecError, near
from globscope.registry import Registry, installed
from globscope.spec.document import parse
from globscope.spec.entries import Entries
from globscope.spec.model import PopulationSpec, Spec
from globscope.spec.overrides import override
from globscope.spec.structure import converter, option
from globscope.spec.words import bare, toml

SINGLE = ("task", "evaluator")
LISTS = ("reducer", "sampler", "topology", "analysis")
# What a spec may leave out.
DEFAULTS: Mapping[str, Any] = {
    "evaluator": {"use": "torch"},
    "fidelity": {},
    "sampler": [{"use": "grid"}],
    "topology": [{"use": "gudhi"}],
    "analysis": [],
}
# Keys that are no components, as `Spec` declares them.
PLAIN = ("title", "seed", "population")
REQUIRED = {"task": "a table [task]", "population": "a table [population]", "reducer": "at least one [[reducer]]"}
TABLES = (*PLAIN, *SINGLE, *LISTS, "fidelity", "sweep")


def read(path: Path, overrides: Sequence[str] = (), registry: Registry | None = None) -> Spec:
    """Return the spec in a TOML file, with `key=value` overrides applied.

    Raises:
        SpecError: With every problem of the file.
    """
    document = {**deepcopy(dict(DEFAULTS)), **parse(path)}
    typed, problems = list[str](), list[str]()
    for text in overrides:
        try:
            typed.append(override(document, text))
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    return build(document, path, registry or installed(), typed)


def build(document: Mapping[str, Any], path: Path, registry: Registry, typed: Sequence[str] = ()) -> Spec:
    """Return the spec that a document says; `typed` are the keys that came from the command line.

    Raises:
        SpecError: With every problem.
    """
    document = {**DEFAULTS, **document}
    problems = [(bare(key), f"there is no such key; {near(key, TABLES)}") for key in document if key not in TABLES]
    if "sweep" in document:
        problems.append(("sweep", "is reserved for sweeps, which this version cannot run yet"))
    problems += [(key, f"is required: {what}") for key, what in REQUIRED.items() if key not in document]
    strict = converter(path.resolve().parent)
    entries = Entries(registry, strict, problems)
    found: dict[str, Any] = {"fidelity": entries.fidelity(document["fidelity"])}
    for key in (key for key in PLAIN if key in document):
        found |= entries.attempt("", partial(option, strict, document, getattr(fields(Spec), key))) or {}
    for role in (role for role in SINGLE if role in document):
        found[role] = entries.entry(role, document[role], role)
    for role in (role for role in LISTS if role in document):
        found[role] = entries.several(role, document[role])
    problems += across(found, document)
    if problems:
        raise SpecError(f"{_source(place, path, typed)}{place}: {text}" for place, text in problems)
    return Spec(**found, source=path)


def _source(place: str, path: Path, typed: Sequence[str]) -> str:
    """Return where a problem's place is to be found: on the command line or in the file."""
    return "--set " if any(f"{place}.".startswith(f"{key}.") for key in typed) else f"{path}: "


def across(found: Mapping[str, Any], document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the problems that show only across tables."""
    population = found.get("population")
    return (_of_population(population) if population else []) + _samplers(found, document)


def _of_population(population: PopulationSpec) -> list[tuple[str, str]]:
    if (population.checkpoints is None) == (population.train is None):
        which = "neither" if population.train is None else "both"
        return [("population", f"needs exactly one of 'checkpoints' and [population.train], has {which}")]
    if population.checkpoints is not None:
        return _of_checkpoints(population)
    names = [variant.name for variant in population.variant]
    problems = [
        (f"population.variant.{at}.name", f"{toml(name)} is the name of population.variant.{names.index(name)} too")
        for at, name in enumerate(names)
        if names.index(name) < at
    ]
    return problems or ([] if names else [("population", "needs at least one [[population.variant]] to train")])


def _of_checkpoints(population: PopulationSpec) -> list[tuple[str, str]]:
    given = {"variant": population.variant, "parent": population.parent}
    return [
        (f"population.{name}", "goes with [population.train], not with 'checkpoints'")
        for name, value in given.items()
        if value
    ]


def _samplers(found: Mapping[str, Any], document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the problems of reducers' `sampler`; a sampler that is wrong itself is there nevertheless."""
    tables = document["sampler"] if isinstance(document["sampler"], list) else []
    named = [table.get("name", table.get("use")) for table in tables if isinstance(table, dict)]
    known = [name for name in named if isinstance(name, str)]
    problems = []
    for at, entry in enumerate(found.get("reducer", ())):
        names = entry.sampler if entry else ()
        texts = [f"there is no sampler named {toml(name)}; {near(name, known)}" for name in names if name not in known]
        texts += [f"names {toml(name)} twice" for name in dict.fromkeys(names) if names.count(name) > 1]
        problems += [(f"reducer.{at}.sampler", text) for text in texts]
    return problems
