"""A sweep from Python: `globscope.load(path).run()`, where the spec has a table [sweep]."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import tomli_w
from attrs import define, evolve, field

from globscope.errors import GlobscopeError, SpecError
from globscope.pipeline.built_task import TaskCache
from globscope.pipeline.observer import Observer
from globscope.pipeline.plan.check import check
from globscope.pipeline.plan.estimate import estimate
from globscope.pipeline.plan.planned_workers import PlannedWorkers
from globscope.pipeline.plan.timing import Before
from globscope.pipeline.pool import workers_of
from globscope.pipeline.worker_files import workers_on_files
from globscope.pipeline.workshop import Workshop
from globscope.registry import Registry, installed_registry
from globscope.roles import Workers
from globscope.session.run_folder import CELLS, SWEEP, begin, results_folder
from globscope.session.study import Study, load as load_study
from globscope.spec.cells import Cell, SweepSpec, for_each_cell, read_sweep
from globscope.spec.describe import plain
from globscope.spec.plugins import disabled_in
from globscope.spec.read import read_document
from globscope.store import LOCK, hold_lock, lock_unless_held, own_folder, write_bytes
from globscope.sweep.cell_key import cell_key
from globscope.sweep.estimate import SweepEstimate
from globscope.sweep.outcome import CellOutcome, SweepResult
from globscope.sweep.run_cell import CellJob, cell_runner
from globscope.values.chart import Progress


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
        begin(self.folder, "sweep", self.spec.source, self.registry.missing, observer)

    def cell_keys(self, cache: TaskCache | None = None) -> tuple[str, ...]:
        """Return every cell's key, after checking that all of them can run.

        Args:
            cache: The task that was built last, which is updated.

        Raises:
            SpecError: Cells have problems; all are listed.
        """
        cache, cells = cache or TaskCache(), {cell.name: cell for cell in self.spec.cells}
        return for_each_cell(cells, lambda name: cell_key(self._checked_workshop(cells[name], cache)))

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
