"""A sweep from Python: `globscope.load(path).run()`, where the spec has a table [sweep]."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import tomli_w
from attrs import define, evolve, field

from globscope.errors import GlobscopeError, RunError, SpecError, near
from globscope.pipeline.built_task import TaskCache
from globscope.pipeline.observer import Observer
from globscope.pipeline.plan.check import check
from globscope.pipeline.plan.estimate import estimate
from globscope.pipeline.plan.planned_workers import PlannedWorkers
from globscope.pipeline.plan.timing import Before
from globscope.pipeline.pool import workers_of
from globscope.pipeline.worker_files import workers_on_files
from globscope.pipeline.workshop import Workshop
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.find import find_checkpoints
from globscope.registry import Registry, installed_registry
from globscope.roles import Workers
from globscope.session.finished_run import results as results_of_study
from globscope.session.run_folder import CELLS, SWEEP, TABLE, begin, results_folder
from globscope.session.study import Study, load as load_study
from globscope.spec.cells import Cell, SweepSpec, for_each_cell, read_sweep
from globscope.spec.describe import as_toml, plain
from globscope.spec.network_source import NetworkSource
from globscope.spec.plugins import disabled_in
from globscope.spec.read import read_document
from globscope.store import LOCK, hold_lock, key, lock_unless_held, own_folder, read_written, write_bytes
from globscope.sweep.estimate import SweepEstimate
from globscope.sweep.run_cell import CellJob, cell_runner
from globscope.values.chart import Progress


@define(frozen=True, kw_only=True)
class CellOutcome:
    """The outcome of one cell.

    Attributes:
        name: Name of the cell, such as `beta=10,seed=1`.
        values: Its value of every swept key, by the key.
        study: Its study; `study.run()` returns its `Result` again without computing anything.
        failed: Why it has no results; empty where it has results.
    """

    name: str
    values: Mapping[str, Any]
    study: Study = field(repr=False)
    failed: str = ""

    @property
    def record(self) -> dict[str, Any]:
        """The results as one JSON object, as `globscope show --json` prints it.

        Raises:
            RunError: The cell has failed.
        """
        if self.failed:
            raise RunError(f"cell {self.name} has no results: {self.failed}")
        return results_of_study(self.study.folder)


@define(frozen=True, kw_only=True)
class SweepResult:
    """A sweep that has run.

    Attributes:
        cells: The outcomes of all cells, in the order of the grid.
        record: The table as one JSON object, as `globscope show --json` prints it.
        report: Path of `sweep.html`.
    """

    cells: tuple[CellOutcome, ...]
    record: Mapping[str, Any] = field(repr=False)
    report: Path

    def cell(self, name: str) -> CellOutcome:
        """Return one cell.

        Raises:
            RunError: There is no cell of this name.
        """
        known = {cell.name: cell for cell in self.cells}
        if name not in known:
            raise RunError(f"this sweep has no cell {name!r}; {near(name, known)}")
        return known[name]

    @property
    def failed(self) -> tuple[CellOutcome, ...]:
        """The cells without results."""
        return tuple(cell for cell in self.cells if cell.failed)


@define(frozen=True, kw_only=True)
class Sweep:
    """A spec with [sweep], with the folder of its results.

    Attributes:
        spec: The spec of the sweep.
        folder: The folder for results; all cells share its stages.
        registry: The components to choose from.
        trust_store: Whether stored stages are used even if they were damaged or edited.
    """

    spec: SweepSpec
    folder: Path
    registry: Registry = field(repr=False)
    trust_store: bool = False

    def study(self, cell: Cell) -> Study:
        """Return one cell's study."""
        folder = self.folder / CELLS / cell.name
        return Study(spec=cell.spec, folder=folder, registry=self.registry, trust_store=self.trust_store)

    def run(self, observer: Observer | None = None) -> SweepResult:
        """Run all cells and return their outcomes; a failed cell does not stop the others, and finished cells are kept.

        Raises:
            SpecError: Cells have problems; all are listed, and nothing has been run.
            GlobscopeError: The sweep cannot run; the message says what to change.
        """
        from globscope.sweep.write import write_sweep

        observer = observer or Observer()
        self.begin(observer)
        write_bytes(self.folder / SWEEP, tomli_w.dumps(plain(self.spec.document)).encode())
        cache = TaskCache()
        keys = self.cell_keys(cache)
        jobs = [self._job(*numbered) for numbered in zip(range(1, len(keys) + 1), self.spec.cells, keys, strict=True)]
        with workers_of(self.spec.cells[0].spec, self.registry, observer) as workers:
            failures = self._failures(jobs, observer, cache, workers)
        with hold_lock(self.folder / LOCK, lambda: observer.waiting("report of the sweep")):
            observer.stage("report of the sweep")
            record, page = write_sweep(self.folder, self.spec, {name: text for name, text in failures.items() if text})
        outcomes = [CellOutcome(name=j.name, values=j.values, study=j.study, failed=failures[j.name]) for j in jobs]
        return SweepResult(cells=tuple(outcomes), record=record, report=page)

    def _failures(
        self, jobs: Sequence[CellJob], observer: Observer, cache: TaskCache, workers: Workers
    ) -> dict[str, str]:
        """Run all cells, and return by name why they failed; those on which another process works come last."""
        failures = dict[str, str]()
        side_by_side = workers_on_files(self.spec.cells[0].spec, workers)
        if side_by_side.count > 1 and sum(not job.is_finished for job in jobs) > 1:
            failures = _side_by_side(jobs, observer, side_by_side)
        run = partial(_run_here, observer=observer, cache=cache, workers=workers, count=len(jobs))
        for job in (job for job in jobs if job.name not in failures):
            with lock_unless_held(job.lock) as is_held:
                failures |= {job.name: run(job)} if is_held else {}
        for job in (job for job in jobs if job.name not in failures):
            with hold_lock(job.lock, partial(observer.waiting, str(job))):
                failures[job.name] = run(job)
        return failures

    def _job(self, number: int, cell: Cell, key: str) -> CellJob:
        return CellJob(
            name=cell.name,
            number=number,
            study=self.study(cell),
            key=key,
            values=dict(zip(self.keys, self.values(cell), strict=True)),
            lock=own_folder(self.folder, CELLS) / f".{cell.name}{LOCK}",
        )

    def begin(self, observer: Observer) -> None:
        """Claim the sweep's folder, and report it to the observer.

        Raises:
            RunError: It holds other files, is of another kind, or the spec would be overwritten.
        """
        begin(self.folder, "sweep", self.spec.source, observer)
        for text in self.registry.missing:
            observer.warning(text)

    def cell_keys(self, cache: TaskCache | None = None) -> tuple[str, ...]:
        """Return every cell's key, after checking that all of them can run.

        Args:
            cache: The task that was built last, which is updated.

        Raises:
            SpecError: Cells have problems; all are listed.
        """
        cache, cells = cache or TaskCache(), {cell.name: cell for cell in self.spec.cells}
        return for_each_cell(cells, lambda name: _cell_key(self._checked_workshop(cells[name], cache)))

    def evaluations(self) -> int:
        """Return how many networks all cells score at most."""
        return sum(self.study(cell).evaluations() for cell in self.spec.cells)

    def estimate(self) -> SweepEstimate:
        """Return what a run would take, without running it.

        Raises:
            SpecError: Cells have problems; all are listed.
        """
        before, cache, cells = Before(), TaskCache(), {cell.name: cell for cell in self.spec.cells}
        pool = PlannedWorkers.of(self.spec.cells[0].spec)
        own = evolve(pool, count=1) if len(cells) > 1 else pool  # a cell's work is done by the worker that has the cell
        estimates = for_each_cell(cells, lambda name: estimate(self._checked_workshop(cells[name], cache), before, own))
        return SweepEstimate(
            cells=dict(zip(cells, estimates, strict=True)),
            trained=len(before.trained),
            at_once=min(len(cells), *(pool.at_once(place) for one in estimates for place in one.devices.values())),
        )

    def _checked_workshop(self, cell: Cell, cache: TaskCache) -> Workshop:
        """Return the workshop of a cell's study, after checking that it can run."""
        try:
            workshop = self.study(cell).workshop(cache=cache)
            check(workshop)
        except SpecError:
            raise
        except GlobscopeError as error:
            raise SpecError(str(error).splitlines()) from error
        return workshop

    @property
    def keys(self) -> tuple[str, ...]:
        """The swept keys."""
        return tuple(axis.key for axis in self.spec.axes)

    def values(self, cell: Cell) -> tuple[Any, ...]:
        """Return a cell's value of each swept key."""
        return tuple(axis.values[i] for axis, i in zip(self.spec.axes, cell.places, strict=True))


def _side_by_side(jobs: Sequence[CellJob], observer: Observer, workers: Workers) -> dict[str, str]:
    """Let the workers run cells, and return why these failed; nothing of those on which another process works."""
    failures = dict[str, str]()

    def begin(job: CellJob) -> Progress:
        observer.cell(job.name, job.number, len(jobs))
        return Progress()

    for job, end in workers.map(cell_runner, None, jobs, begin):
        for text in () if end is None else end.warnings:
            observer.warning(text if text.startswith(str(job)) else f"{job}: {text}")
        failures |= {} if end is None else {job.name: end.failed}
    return failures


def _run_here(job: CellJob, observer: Observer, cache: TaskCache, workers: Workers, count: int) -> str:
    observer.cell(job.name, job.number, count)
    if job.is_finished:
        observer.reuse("all of it")
        return ""
    return job.run(observer, cache, workers)


def _cell_key(workshop: Workshop) -> str:
    """Return the key of everything that a cell's results and report depend on."""
    spec = workshop.spec
    entries = [spec.evaluator, spec.fidelity, *spec.sampler, *spec.topology, *spec.aligner, *spec.analysis]
    components = [workshop.key_of(entry.component) for entry in [*entries, *spec.reducer]]
    files, zoo = (_files_of(source, spec.folder) for source in (spec.population, spec.zoo))
    members, figures = [one.key for one in files], [dict(one.figures) for one in files]
    # What few cells have is named only there, so that those of earlier versions stay finished.
    more = [*([figures] if any(figures) else []), *([[one.key for one in zoo]] if zoo else [])]
    return key("cell", as_toml(evolve(spec, run=None)), workshop.task.key, components, members, *more)


def _files_of(source: NetworkSource | None, folder: Path) -> list[CheckpointFile]:
    """Return the checkpoints that a source reads; none where it trains networks, or is none."""
    return [] if source is None or not source.reads_files else find_checkpoints(source, folder)


def results(folder: Path) -> dict[str, Any]:
    """Return the JSON object of a finished run, or the table of a sweep.

    Raises:
        RunError: The folder has neither, or it is damaged.
    """
    if not (folder / TABLE).is_file():
        return results_of_study(folder)
    record: dict[str, Any] = read_written(folder, TABLE)
    return record


def load(
    path: str | Path,
    overrides: Sequence[str] = (),
    folder: str | Path | None = None,
    *,
    trust_store: bool = False,
    disable: Sequence[str] = (),
) -> Study | Sweep:
    """Return the study of a spec's file, or the sweep if it has a table [sweep].

    Results go to `folder`, by default `runs/<stem>/`. With `trust_store`, stored stages are used even if they were
    damaged or edited. Nothing is imported of the installed distributions that `disable` or the spec names.

    Raises:
        SpecError: The file has problems; all are listed.
    """
    document, typed = read_document(Path(path), overrides, disable)
    if "sweep" not in document:
        return load_study(path, overrides, folder, trust_store=trust_store, disable=disable)
    registry = installed_registry(disabled_in(document))
    spec = read_sweep(document, Path(path), registry, typed)
    return Sweep(spec=spec, folder=results_folder(path, folder), registry=registry, trust_store=trust_store)
