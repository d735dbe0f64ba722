"""A spec's file → `Spec`, or a `SpecError` with all of its problems."""

import tomllib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from globscope.errors import SpecError, near
from globscope.registry import Registry, installed
from globscope.spec.entries import Entries
from globscope.spec.model import PopulationSpec, Spec
from globscope.spec.overrides import override
from globscope.spec.structure import converter

SINGLE = ("task", "evaluator", "fidelity")
LISTS = ("reducer", "sampler", "topology", "analysis")
# What a spec may leave out.
DEFAULTS: Mapping[str, Any] = {
    "evaluator": {"use": "torch"},
    "fidelity": {},
    "sampler": [{"use": "grid"}],
    "topology": [{"use": "gudhi"}],
    "analysis": [],
}
KINDS: Mapping[str, Any] = {"title": str, "seed": int, "population": PopulationSpec}
TABLES = (*KINDS, *SINGLE, *LISTS, "sweep")


def read(path: Path, overrides: Sequence[str] = (), registry: Registry | None = None) -> Spec:
    """Return the spec in a TOML file, with `key=value` overrides applied.

    Raises:
        SpecError: With every problem of the file.
    """
    document = parse(path)
    for text in overrides:
        override(document, text)
    return build(document, path, registry or installed())


def parse(path: Path) -> dict[str, Any]:
    """Return the TOML document of a file.

    Raises:
        SpecError: No such file, not UTF-8 or not TOML, with the line.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SpecError([_unreadable(path, error)]) from error
    try:
        return tomllib.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise SpecError([f"{path}: not UTF-8 text: byte 0x{raw[error.start]:02x} on line {line}"]) from error
    except tomllib.TOMLDecodeError as error:
        raise SpecError([f"{path}: not TOML: {str(error)[0].lower()}{str(error)[1:]}"]) from error


def _unreadable(path: Path, error: OSError) -> str:
    if path.is_dir():
        return f"{path}: is a folder, not a spec"
    if not path.exists():
        found = [p.name for p in path.parent.glob("*.toml")] if path.parent.is_dir() else []
        hint = near(path.name, found)
        return f"{path}: no such file" + (f"; {hint}" if found else "; `globscope init` writes a starter spec")
    return f"{path}: cannot be read: {error.strerror}"


def build(document: Mapping[str, Any], path: Path, registry: Registry) -> Spec:
    """Return the spec that a document says.

    Raises:
        SpecError: With every problem.
    """
    problems = [(key, f"there is no such key; {near(key, TABLES)}") for key in document if key not in TABLES]
    if "sweep" in document:
        problems.append(("sweep", "is reserved for sweeps, which this version cannot run yet"))
    strict = converter(path.resolve().parent)
    entries = Entries(registry, strict, problems)
    found: dict[str, Any] = {}
    for key, kind in KINDS.items():
        if key in document:
            found[key] = entries.attempt(key, partial(strict.structure, document[key], kind))
    problems += [(key, "is required") for key in ("task", "population", "reducer") if key not in document]
    for role in SINGLE:
        if role in document or role in DEFAULTS:
            found[role] = entries.single(role, document.get(role, DEFAULTS.get(role)))
    for role in LISTS:
        found[role] = entries.several(role, document.get(role, DEFAULTS.get(role, [])))
    problems += across(found, document)
    if problems:
        raise SpecError(f"{path}: {place}: {text}" for place, text in problems)
    return Spec(**found, source=path)


def across(found: Mapping[str, Any], document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the problems that show only across tables."""
    problems = []
    if isinstance(found.get("seed"), int) and found["seed"] < 0:
        problems.append(("seed", f"must be >= 0, got {found['seed']}"))
    if document.get("reducer") == []:
        problems.append(("reducer", "needs at least one [[reducer]]"))
    if isinstance(found.get("population"), PopulationSpec):
        problems += _of_population(found["population"])
    return problems + _samplers(found)


def _of_population(population: PopulationSpec) -> list[tuple[str, str]]:
    if (population.checkpoints is None) == (population.train is None):
        which = "neither" if population.train is None else "both"
        return [("population", f"needs exactly one of 'checkpoints' and [population.train], has {which}")]
    if population.checkpoints is not None:
        return _of_checkpoints(population)
    names = [variant.name for variant in population.variant]
    problems = [
        (f"population.variant.{at}.name", f"{name!r} is taken by variant {names.index(name)}")
        for at, name in enumerate(names)
        if names.index(name) < at
    ]
    return problems or ([] if names else [("population", "needs at least one [[population.variant]] to train")])


def _of_checkpoints(population: PopulationSpec) -> list[tuple[str, str]]:
    given = {"variant": population.variant, "parent": population.parent}
    problems = [
        (f"population.{name}", "goes with [population.train], not with 'checkpoints'")
        for name, value in given.items()
        if value
    ]
    pattern = population.checkpoints or ""
    missing = [mark for mark in ("{variant}", "{step}") if mark not in pattern]
    return problems + [("population.checkpoints", f"needs {mark} in {pattern!r}") for mark in missing]


def _samplers(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    known = [entry.name for entry in found.get("sampler", ()) if entry]
    return [
        (f"reducer.{at}.sampler", f"there is no sampler named {name!r}; {near(name, known)}")
        for at, entry in enumerate(found.get("reducer", ()))
        if entry
        for name in entry.sampler
        if name not in known
    ]
