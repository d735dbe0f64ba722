"""A spec's file → `Spec`, or a `SpecError` that lists all of its problems."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from attrs import fields

from globscope.errors import SpecError, near
from globscope.registry import Registry, installed_registry
from globscope.spec.document import parse
from globscope.spec.each import number_tables, take_apart
from globscope.spec.entries import USUAL, Entries, clashes
from globscope.spec.overrides import override
from globscope.spec.pattern import mismatches, problems, unknown_words
from globscope.spec.plugins import disabled_in, with_disabled
from globscope.spec.structure import converter, option
from globscope.spec.study_spec import Spec
from globscope.spec.words import bare, name_of, toml

SINGLE = ("task", "evaluator")
LISTS = ("reducer", "sampler", "topology", "aligner", "analysis")
# Defaults of the tables that a spec may omit.
DEFAULTS: Mapping[str, Any] = {
    "evaluator": {**USUAL["evaluator"]},
    "fidelity": {},
    "sampler": [{"use": "grid"}],
    "topology": [{"use": "gudhi"}],
    "aligner": [],
    "analysis": [],
}
# Keys that are not components, declared by `Spec`.
PLAIN = ("title", "seed", "population", "zoo", "plugins", "report")
REQUIRED = {"task": "a table [task]", "population": "a table [population]", "reducer": "at least one [[reducer]]"}
TABLES = (*PLAIN, *SINGLE, *LISTS, "fidelity", "run", "sweep", "relations")
# Tables that a single study cannot have, and why.
OF_SWEEPS = {"sweep": "asks for several studies, where one is wanted", "relations": "goes with [sweep]"}
ORIGIN = "needs exactly one of 'checkpoints' (or 'table') and [{}.train]"
# Keys that choose among files.
OF_FILES = ("key", "rename", "columns", "figures", "where", "every", "last")
NETWORKS = ("population", "zoo")


def read_spec(
    path: Path, overrides: Sequence[str] = (), registry: Registry | None = None, disable: Sequence[str] = ()
) -> Spec:
    """Return the spec in a TOML file, with `key=value` overrides applied.

    Args:
        path: The file.
        overrides: Keys and values, as `--set` takes them.
        registry: The components to choose from; if unset, all installed ones but those that are switched off.
        disable: Names of distributions to switch off, besides those of the file.

    Raises:
        SpecError: The file has problems; all are listed.
    """
    document, typed = read_document(path, overrides, disable)
    return build(document, path, registry or installed_registry(disabled_in(document)), typed)


def read_document(
    path: Path, overrides: Sequence[str] = (), disable: Sequence[str] = ()
) -> tuple[dict[str, Any], list[str]]:
    """Return the document of a TOML file with `key=value` overrides applied, and the overridden keys.

    Distributions to switch off are added to those of the file.

    Raises:
        SpecError: The file is not TOML, or an override's place does not exist; all problems are listed.
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
    return with_disabled(document, disable), typed


def build(
    document: Mapping[str, Any], path: Path, registry: Registry, typed: Sequence[str] = (), swept: Sequence[str] = ()
) -> Spec:
    """Return the spec of a document.

    Args:
        document: The TOML document.
        path: The file that it was read from.
        registry: The components to choose from.
        typed: The keys that were set on the command line.
        swept: The keys that a sweep has set.

    Raises:
        SpecError: The document has problems; all are listed.
    """
    document = {**DEFAULTS, **document}
    problems = [(bare(key), f"there is no such key; {near(key, TABLES)}") for key in document if key not in TABLES]
    problems += [(key, text) for key, text in OF_SWEEPS.items() if key in document]
    problems += [(key, f"is required: {what}") for key, what in REQUIRED.items() if key not in document]
    strict = converter(path.resolve().parent)
    entries = Entries(registry, strict, problems)
    parts: dict[str, Any] = {"fidelity": entries.fidelity(document["fidelity"])}
    for key in (key for key in PLAIN if key in document):
        parts |= entries.attempt("", partial(option, strict, document, getattr(fields(Spec), key))) or {}
    for role in (role for role in SINGLE if role in document):
        parts[role] = entries.entry(role, document[role], role)
    for role in (role for role in LISTS if role in document):
        parts[role] = entries.several(role, document[role])
    if "run" in document:
        parts["run"] = entries.pool(document["run"])
    problems += problems_across_keys(parts, document)
    if problems:
        raise SpecError(f"{_source(place, path, typed, swept)}{place}: {text}" for place, text in problems)
    return Spec(**parts, source=path)


def _source(place: str, path: Path, typed: Sequence[str], swept: Sequence[str]) -> str:
    """Return the source of a problem's place: the sweep, the command line, or elsewhere in the file."""
    if any(f"{place}.".startswith(f"{key}.") for key in swept):
        return f"{path}: sweep: "
    return "--set " if any(f"{place}.".startswith(f"{key}.") for key in typed) else f"{path}: "


def problems_across_keys(sound_parts: Mapping[str, Any], document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the problems that involve several keys; a problem in one of them hides none of the others."""
    networks = [key for key in NETWORKS if key in document]
    problems = [problem for key in networks for problem in _of_networks(key, document[key], sound=key in sound_parts)]
    return [*problems, *dict.fromkeys(_of_samplers(document))]


def _of_networks(place: str, table: Any, *, sound: bool) -> Iterator[tuple[str, str]]:
    """Yield the problems of networks' sources; unless `sound`, a missing key may be a misspelt one."""
    origins = [key for key in ("checkpoints", "table", "train") if isinstance(table, dict) and key in table]
    if ("train" in origins and len(origins) > 1) or (sound and not origins):
        yield place, f"{ORIGIN.format(place)}, has {'both' if origins else 'neither'}"
    if "train" not in origins and origins:
        yield from _of_files(place, table)
    for name in OF_FILES if origins == ["train"] else ():
        if table.get(name):
            yield f"{place}.{name}", "goes with 'checkpoints' or 'table'; networks trained here need none"
    if "train" in origins and isinstance(table.get("variant"), str):
        yield f"{place}.variant", f"names the runs of 'checkpoints'; runs trained here are tables [[{place}.variant]]"
    elif "train" in origins:
        names = [name_of(variant) for variant in _list(table, "variant")]
        yield from clashes([f"{place}.variant.{number}" for number in range(len(names))], names)
    if sound and origins == ["train"] and not table.get("variant", []):
        yield place, f"needs at least one [[{place}.variant]] to train"


def _of_files(place: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    origin = "checkpoints" if "checkpoints" in table else "table"
    for name in ("variant", "parent"):
        is_template = name == "variant" and isinstance(table.get(name), str)
        if table.get(name, []) != [] and not is_template:
            yield f"{place}.{name}", f"goes with [{place}.train], not with {origin!r}"
        elif is_template and origin == "table":
            yield f"{place}.{name}", "names the runs of 'checkpoints'; a table has them in its column 'run'"
    if origin == "checkpoints":
        yield from _of_checkpoints(place, table)
    for name in ("columns", "figures") if "table" not in table else ():
        if table.get(name):
            yield f"{place}.{name}", "goes with 'table'"


def _of_checkpoints(place: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    template = table.get("variant") if isinstance(table.get("variant"), str) else None
    checkpoints = table["checkpoints"]
    for number, entry in enumerate([checkpoints] if isinstance(checkpoints, str) else _list(table, "checkpoints")):
        below = place if isinstance(checkpoints, str) else f"{place}.checkpoints.{number}"
        if isinstance(entry, str):
            yield from _of_pattern((f"{place}.checkpoints", f"{place}.variant"), entry, template)
        elif (
            isinstance(entry, dict) and isinstance(entry.get("pattern"), str) and isinstance(entry.get("variant"), str)
        ):
            yield from _of_pattern((f"{below}.pattern", f"{below}.variant"), entry["pattern"], entry["variant"])
    if template is not None and any(isinstance(entry, dict) for entry in _list(table, "checkpoints")):
        yield f"{place}.variant", f"each table of [[{place}.checkpoints]] has its own"


def _of_pattern(places: tuple[str, str], pattern: str, template: str | None) -> Iterator[tuple[str, str]]:
    """Yield the conflicts between a pattern and a template, unless the pattern has problems of its own."""
    if not pattern or [*problems(pattern)]:
        return
    yield from ((places[0], text) for text in mismatches(pattern, template))
    yield from ((places[1], text) for text in unknown_words(template or "", pattern))


def _list(table: Mapping[str, Any], key: str) -> list[Any]:
    return table[key] if isinstance(table.get(key), list) else []


def _of_samplers(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the problems of reducers' `sampler`; a sampler with problems counts as present."""
    known = [name for table in _list(document, "sampler") if (name := name_of(table))]
    for reducer in take_apart(number_tables("reducer", _list(document, "reducer")), []):
        names = Counter(_samplers(reducer.table) if known else [])
        for name, times in names.items():
            if name not in known:
                yield reducer.place.of("sampler"), f"there is no sampler named {toml(name)}; {near(name, known)}"
            if times > 1:
                yield reducer.place.of("sampler"), f"names {toml(name)} twice"


def _samplers(reducer: Any) -> list[str]:
    chosen = reducer.get("sampler") if isinstance(reducer, dict) else None
    return [name for name in (chosen if isinstance(chosen, list) else [chosen]) if isinstance(name, str)]
