"""Whether a finished run would end as it did if it ran again, decided without building its task."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import define, fields, has

import globscope
from globscope.distributions import OWN
from globscope.errors import GlobscopeError
from globscope.pipeline.results import libraries
from globscope.references import Code
from globscope.registry import Registry
from globscope.spec.describe import as_toml
from globscope.spec.study_spec import Spec
from globscope.store import Store, is_as_written, key, made_from, read_written

# Files of GlobScope whose change may change a report.
SOURCES = (".py", ".j2", ".css", ".js")


@define(frozen=True, kw_only=True)
class FinishedRun:
    """A run of which nothing has changed since it was finished.

    Attributes:
        record: Its results as one JSON object.
        report: Path of `report.html`.
    """

    record: Mapping[str, Any]
    report: Path


def run_key(spec: Spec, registry: Registry) -> str:
    """Return the hash of all that a run is made from; empty where that cannot be known before its task is built.

    It is unknown where networks are read, since files may come and go, and where a user's or a stranger's task is
    called, which may return other data than before.
    """
    reads = spec.population.reads_files or (spec.zoo is not None and spec.zoo.reads_files)
    task = spec.task.component
    if reads or _names_code(task) or registry.of(task).distribution != OWN:
        return ""
    plugins = sorted({f"{one.distribution} {one.version}" for one in registry.components})
    return key("run", spec, as_toml(spec), spec.source.stem, plugins, libraries(), _source())


def _names_code(value: Any) -> bool:
    """Whether options name code of the user."""
    if isinstance(value, Code):
        return True
    if has(type(value)):
        value = [getattr(value, option.name) for option in fields(type(value))]
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return any(map(_names_code, items))


def unchanged_run(folder: Path, results: str, spec: Spec, registry: Registry, store: Store) -> FinishedRun | None:
    """Return the finished run of a spec in a folder, where the same command would compute and write nothing.

    That is so if spec, files that it names, code and libraries are the same, and all files and stages are as written.

    Args:
        folder: The run folder.
        results: Name of the file of its results.
        spec: The spec of the study.
        registry: Where its components come from.
        store: Where its stages are.
    """
    try:
        known = made_from(folder, results)
        if not known or known != run_key(spec, registry) or not is_as_written(folder):
            return None
        record = read_written(folder, results)
        report = folder / "report.html"
        if (
            "changes" in record
            or not report.is_file()
            or not all(store.is_finished(*stage) for stage in _stages(record))
        ):
            return None
    except (GlobscopeError, OSError):  # the run itself reports what is wrong
        return None
    return FinishedRun(record=record, report=report)


def stage_labels(record: Mapping[str, Any]) -> list[str]:
    """Return the names of the stages of a run, for observers."""
    return list(dict.fromkeys(stage["stage"] for stage in record["manifest"]["stages"]))


def _stages(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for stage in record["manifest"]["stages"]:
        kind, _, stage_key = stage["key"].partition("/")
        yield kind, stage_key


def _source() -> str:
    """Return the hash of GlobScope's own code."""
    content = hashlib.sha256()
    root = Path(globscope.__file__).parent
    for file in sorted(path for path in root.rglob("*") if path.suffix in SOURCES):
        content.update(file.read_bytes())
    return content.hexdigest()
