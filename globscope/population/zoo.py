"""Networks of tables: their files, runs and steps, and the figures that the tables have of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, evolve

from globscope.errors import PopulationError, near
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.folder_walk import Match, file_problem, files_matching
from globscope.population.no_match import no_match
from globscope.population.recorded_scores import EXACT
from globscope.population.saved_folder import checkpoint_in
from globscope.population.state_dict import StateDictChoice
from globscope.population.zoo_table import KINDS, Table, read_table
from globscope.references import Pattern
from globscope.spec.model import NetworkSource
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
        path=None if path is None else checkpoint_in(table.path.parent / str(path)),
        figures={name: v for name, v in values.items() if name not in (columns.path, columns.run, columns.step)},
        place=table.place(number),
    )


def _step(values: Mapping[str, Any], column: str, table: Table) -> int | None:
    if column not in table.columns:
        return None
    step = values.get(column)
    if isinstance(step, bool) or not isinstance(step, int | float) or step != step // 1 or step < 0:
        raise _RowError(f"{column} must be a whole number from 0, got {'nothing' if step is None else repr(step)}")
    return int(step)


def listed_files(rows: Sequence[ZooRow], source: NetworkSource) -> list[CheckpointFile]:
    """Return the files of a table's rows, whether they are there or not: many may not be chosen."""
    choice = StateDictChoice(key=source.key, rename=source.rename)
    return [
        CheckpointFile(path=r.path, variant=r.run, step=r.step or 0, choice=choice, figures=r.figures, place=r.place)
        for r in rows
        if r.path is not None
    ]


def require_readable(files: Sequence[CheckpointFile]) -> None:
    """Refuse files that tables name and that are not there, or are no files.

    Raises:
        PopulationError: With the first of them.
    """
    problems = [f"{file.place}: {problem}" for file in files if file.place and (problem := _missing(file.path))]
    if problems:
        raise PopulationError("\n".join(few(problems, "rows name files that cannot be read")))


def _missing(path: Path) -> str:
    problem = file_problem(path)
    beside = [] if path.exists() or not path.parent.is_dir() else [entry.name for entry in path.parent.iterdir()]
    return problem and f"{visible(str(path))} {problem}{suggestion(path.name, beside)}"


def with_figures(files: Sequence[CheckpointFile], rows: Sequence[ZooRow]) -> list[CheckpointFile]:
    """Return files with the figures of their runs and steps.

    Raises:
        PopulationError: No row is of any of their runs, or two are of one run where the table has no steps.
    """
    runs, known = {file.variant for file in files}, _figures_by_run(rows)
    if runs.isdisjoint(run for run, _ in known):
        raise PopulationError(f"{rows[0].place}: no checkpoint is of a run {rows[0].run!r}; {near(rows[0].run, runs)}")
    return [
        evolve(file, figures={**known.get((file.variant, None), {}), **known.get((file.variant, file.step), {})})
        for file in files
    ]


def _figures_by_run(rows: Sequence[ZooRow]) -> dict[tuple[str, int | None], dict[str, Any]]:
    """Return the figures of runs and of their steps; of a step that a log has twice, the later ones."""
    known = dict[tuple[str, int | None], dict[str, Any]]()
    for row in rows:
        figures = known.setdefault((row.run, row.step), {})
        if row.step is None and (twice := figures.keys() & row.figures.keys()):
            raise PopulationError(
                f"{row.place}: has {sorted(twice)[0]!r} of run {row.run!r} again; if rows are of steps of the run, "
                'columns = { step = "…" } names the column of steps'
            )
        figures |= row.figures
    return known


def chosen_figures(figures: Mapping[str, Any], names: Sequence[str]) -> dict[str, float | str]:
    """Return those figures that a spec names, all if it names none, as numbers that are exact, or as text."""
    return {name: _figure(figures[name]) for name in names or figures if name in figures}


def _figure(value: Any) -> float | str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) and abs(value) > EXACT else value
