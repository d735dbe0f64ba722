"""The rows of tables of networks: the file, run and step that each names, and its figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define

from globscope.errors import PopulationError, near
from globscope.population.folder_walk import Match, files_matching
from globscope.population.no_match import no_match
from globscope.population.saved_folder import checkpoint_in
from globscope.population.zoo_table import KINDS, Table, read_table
from globscope.references import Pattern
from globscope.spec.network_source import NetworkSource
from globscope.spec.paths import suggestion
from globscope.spec.pattern import VARIANT, absolute, fill_template, words
from globscope.visible import HIDDEN, few, visible


@define(frozen=True, kw_only=True)
class ZooRow:
    """A row of a table of networks.

    Attributes:
        run: Name of the training run.
        step: Step of the run; None where the table has none.
        path: The network's file; None where the table has none.
        figures: The row's values by column, without path, run and step.
        place: Where the row is, for messages.
    """

    run: str
    step: int | None
    path: Path | None
    figures: Mapping[str, Any]
    place: str


class _RowError(ValueError):
    """Why a row names no network."""


def zoo_rows(source: NetworkSource, folder: Path) -> list[ZooRow]:
    """Return the rows of a source's tables; relative patterns of tables start at `folder`.

    Raises:
        PopulationError: There is no such table, it lacks a column, or a row has no path, run or step.
    """
    rows, problems = list[ZooRow](), list[str]()
    for match in (match for pattern in source.tables for match in _tables(pattern, folder)):
        table = read_table(match.path)
        _require_columns(table, source, match)
        for number, values in enumerate(table.rows):
            try:
                rows.append(_row(table, number, values, source, match))
            except _RowError as error:
                problems.append(f"{table.place(number)}: {error}")
    if problems:
        raise PopulationError("\n".join(few(problems, "rows name no network")))
    _require_figures(rows, source)
    return rows


def _tables(pattern: Pattern, folder: Path) -> list[Match]:
    absolute_pattern = absolute(pattern, folder)
    matches = files_matching(absolute_pattern)
    if not matches:
        raise PopulationError(no_match(absolute_pattern, KINDS))
    for match in matches:
        if match.problem:
            raise PopulationError(f"{visible(str(match.path))} {match.problem}")
    return matches


def _run_by_path(source: NetworkSource, match: Match) -> str | None:
    """Return the run that a table's own path names; None where it names none."""
    name = source.template or f"{{{VARIANT}}}"
    return fill_template(name, match.words) if words(name) and set(words(name)) <= set(match.words) else None


def _require_columns(table: Table, source: NetworkSource, match: Match) -> None:
    """Refuse a table without a column that is needed, or that is only there under a similar name."""
    lists_files = source.checkpoints is None
    needs_run = not lists_files and _run_by_path(source, match) is None
    for option, needed in (("path", lists_files), ("run", needs_run), ("step", False)):
        name = getattr(source.column_names, option)
        # Of tables beside a pattern, one may have steps and another figures of whole runs.
        is_meant = (lists_files and name != option) or suggestion(name, [*table.columns])
        if name not in table.columns and (needed or is_meant):
            table.require(name, option)


def _require_figures(rows: Sequence[ZooRow], source: NetworkSource) -> None:
    known = dict.fromkeys(name for row in rows for name in row.figures)
    for name in source.figures:
        if name not in known:
            raise PopulationError(f"has no values in a column {name!r}, which `figures` names; {near(name, known)}")


def _row(table: Table, number: int, values: Mapping[str, Any], source: NetworkSource, match: Match) -> ZooRow:
    columns = source.column_names
    path = values.get(columns.path) if source.checkpoints is None else None
    if source.checkpoints is None and path is None:
        raise _RowError(f"has no {columns.path!r}")
    file = None if path is None else _file(table, columns.path, str(path))
    run = _run_by_path(source, match) or values.get(columns.run)
    if run is None:
        if columns.run in table.columns:
            raise _RowError(f"has no {columns.run!r}")
        run = str(Path(str(path)).with_suffix(""))
    if HIDDEN.search(str(run)):
        raise _RowError(f"the name {visible(str(run))!r} of its run has characters that are not shown")
    return ZooRow(
        run=str(run),
        step=_step(values, columns.step, table),
        path=file,
        figures={name: v for name, v in values.items() if name not in (columns.path, columns.run, columns.step)},
        place=table.place(number),
    )


def _file(table: Table, column: str, path: str) -> Path:
    """Return the file that a row names, from the table's folder."""
    try:
        if not Path(path).name:
            raise _RowError(f"{column} {path!r} is no file")
        return checkpoint_in(table.path.parent / path)
    except OSError as error:
        raise _RowError(f"{column} {path!r:.80} cannot be looked for: {error.strerror}") from error


def _step(values: Mapping[str, Any], column: str, table: Table) -> int | None:
    if column not in table.columns:
        return None
    step = values.get(column)
    if isinstance(step, bool) or not isinstance(step, int | float) or step != step // 1 or step < 0:
        raise _RowError(f"{column} must be a whole number from 0, got {'nothing' if step is None else repr(step)}")
    return int(step)
