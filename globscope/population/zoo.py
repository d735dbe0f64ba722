"""Networks of tables as checkpoint files, and the figures that tables have of networks found by a pattern."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve

from globscope.errors import PopulationError, near
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.folder_walk import file_problem
from globscope.population.recorded_scores import EXACT
from globscope.population.state_dict import StateDictChoice
from globscope.population.zoo_rows import ZooRow
from globscope.spec.network_source import NetworkSource
from globscope.spec.paths import suggestion
from globscope.visible import few, visible


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
