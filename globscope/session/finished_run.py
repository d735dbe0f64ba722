"""Finished runs, read from their folders: results, maps, and where other networks lie on these."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve

from globscope.boundary import component_errors
from globscope.errors import RunError, near
from globscope.pipeline.extent import NOTHING, PausedError
from globscope.pipeline.observer import Observer
from globscope.pipeline.run import members_alone, run
from globscope.pipeline.workshop import Workshop
from globscope.session.prepared_parts import why_unfinished
from globscope.session.result import Result
from globscope.session.run_folder import CELLS, RESULTS, SPEC, STAGES, TABLE
from globscope.session.study import Study, load
from globscope.store import read_written, written_file

Read = TypeVar("Read")


def results(folder: Path) -> dict[str, Any]:
    """Return the JSON object of a finished run.

    Raises:
        RunError: There is no finished run in the folder, or its results are damaged.
    """
    if (folder / RESULTS).exists():
        record: dict[str, Any] = read_written(folder, RESULTS)
        return record
    if (folder / TABLE).exists():
        raise RunError(f"{folder}: is a sweep, whose cells are the runs: {folder / CELLS}/…")
    if any((folder / name).exists() for name in (STAGES, SPEC)):
        raise RunError(why_unfinished(folder))
    runs = [p.parent.name for p in folder.parent.glob(f"*/{RESULTS}")]
    hint = near(folder.name, runs) if runs else "`globscope study SPEC` makes one"
    raise RunError(f"{folder}: there is no run here; {hint}")


def finished_result(
    folder: str | Path,
    overrides: Sequence[str] = (),
    observer: Observer | None = None,
    *,
    disable: Sequence[str] = (),
) -> Result:
    """Return the result of a finished run from its folder. Everything is read from its stages; nothing is computed.

    Args:
        folder: The run folder.
        overrides: Keys of the table [report], as `--set` takes them.
        observer: Hears of what is read.
        disable: Names of installed distributions of which nothing is imported, besides those of the run's spec.

    Raises:
        RunError: There is no finished run in the folder, or a stage of it is missing.
    """
    record, study = results(Path(folder)), load(written_file(Path(folder), SPEC), overrides, folder, disable=disable)
    workshop, outcome = _read_stages(study, run, observer)
    return Result(
        atlas=outcome.atlas,
        findings=outcome.findings,
        learned=outcome.learned,
        record=record,
        report=study.folder / "report.html",
        style=study.spec.report,
        workshop=workshop,
    )


def finished_members(folder: str | Path, observer: Observer | None = None, *, disable: Sequence[str] = ()) -> Result:
    """Return the result of a finished run without maps and findings: its networks, for which their own stages suffice.

    Args:
        folder: The run folder.
        observer: Hears of what is read.
        disable: Names of installed distributions of which nothing is imported, besides those of the run's spec.

    Raises:
        RunError: There is no finished run in the folder, or a stage of its networks is missing.
    """
    record, study = results(Path(folder)), load(written_file(Path(folder), SPEC), folder=folder, disable=disable)
    workshop, atlas = _read_stages(study, members_alone, observer)
    report = study.folder / "report.html"
    return Result(atlas=atlas, findings={}, record=record, report=report, style=study.spec.report, workshop=workshop)


def _read_stages(study: Study, read: Callable[[Workshop], Read], observer: Observer | None) -> tuple[Workshop, Read]:
    """Return what is read from the stages of a study, and the workshop in which nothing is computed.

    Raises:
        RunError: Stages are missing.
    """
    workshop = evolve(study.workshop(observer), extent=NOTHING)
    try:
        with component_errors(workshop.registry):
            return workshop, read(workshop)
    except PausedError as paused:
        missing = ", ".join(dict.fromkeys(one.label for one in paused.stages))
        again = "the same `globscope study` command computes them again"
        missing = f"stages of this run are missing or were made with other code: {missing}"
        raise RunError(f"{study.folder}: {missing}; {again}") from paused


def project(
    folder: str | Path,
    files: Sequence[str | Path],
    observer: Observer | None = None,
    *,
    disable: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """Return the points of checkpoints on a finished run's maps, without a new fit; see `globscope.pipeline.project`.

    Nothing is imported of the installed distributions that `disable` or the run's spec names.

    Raises:
        RunError: There is no finished run in the folder.
        PopulationError: A file holds no network of this model.
    """
    from globscope.pipeline.project import project as project_files

    results(Path(folder))  # an unfinished run would be continued here
    workshop = load(written_file(Path(folder), SPEC), folder=folder, disable=disable).workshop(observer)
    with component_errors(workshop.registry):
        return project_files(workshop, [Path(file) for file in files])
