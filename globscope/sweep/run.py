"""A sweep from Python: `globscope.load(path).run()`, where the spec has a table [sweep]."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import tomli_w
from attrs import define, evolve, field

from globscope.errors import GlobscopeError, RunError, SpecError, near
from globscope.population.find import find_checkpoints
from globscope.registry import Registry, installed
from globscope.session import CELLS, RUNS, SWEEP, TABLE, Study, begin
from globscope.session import load as load_study
from globscope.session import results as results_of_study
from globscope.spec.cells import Cell, SweepSpec, for_each_cell, read_sweep
from globscope.spec.describe import as_toml, plain
from globscope.spec.read import read_document
from globscope.store import (
    LOCK,
    is_as_written,
    key,
    lock_unless_held,
    locked,
    own_folder,
    read_written,
    write_bytes,
    write_json,
)
from globscope.study.check import check
from globscope.study.context import Context, Latest
from globscope.study.estimate import estimate
from globscope.study.observer import Observer
from globscope.study.trial import Before
from globscope.sweep.estimate import SweepEstimate

# Of a finished cell's run folder: what its results were made from.
DONE = "cell.json"


@define(frozen=True, kw_only=True)
class Outcome:
    """What became of one cell.

    Attributes:
        name: Such as `beta=10,seed=1`.
        values: What it has of every swept key, by the key.
        study: Its study; `study.run()` gives its `Result` again, with nothing computed anew.
        failed: Why it has no results; empty where it has.
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
        cells: In the order of the grid.
        record: The table as one JSON object, as `globscope show --json` prints it.
        report: Path of `sweep.html`.
    """

    cells: tuple[Outcome, ...]
    record: Mapping[str, Any] = field(repr=False)
    report: Path

    def cell(self, name: str) -> Outcome:
        """Return one cell.

        Raises:
            RunError: There is none of this name.
        """
        known = {one.name: one for one in self.cells}
        if name not in known:
            raise RunError(f"this sweep has no cell {name!r}; {near(name, known)}")
        return known[name]

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The cells without results."""
        return tuple(one for one in self.cells if one.failed)


@define(frozen=True, kw_only=True)
class Sweep:
    """A spec with [sweep], with the folder of its results.

    Attributes:
        spec: What is asked.
        folder: Where results go; all cells share its stages.
        registry: Where components come from.
        trust_store: As of a study.
    """

    spec: SweepSpec
    folder: Path
    registry: Registry = field(factory=installed, repr=False)
    trust_store: bool = False

    def study(self, cell: Cell) -> Study:
        """Return one cell's study."""
        folder = self.folder / CELLS / cell.name
        return Study(spec=cell.spec, folder=folder, registry=self.registry, trust_store=self.trust_store)

    def run(self, observer: Observer | None = None) -> SweepResult:
        """Return what became of all cells; one that fails does not stop the others, and finished ones are kept.

        Raises:
            SpecError: With the problems of all cells; nothing has been run.
            GlobscopeError: With what to mend.
        """
        from globscope.sweep.write import write_sweep

        observer = observer or Observer()
        self.begin(observer)
        write_bytes(self.folder / SWEEP, tomli_w.dumps(plain(self.spec.document)).encode())
        latest = Latest()
        outcomes = self._outcomes(self.checked(latest), observer, latest)
        with locked(self.folder / LOCK, lambda: observer.waiting("report of the sweep")):
            observer.stage("report of the sweep")
            record, page = write_sweep(self.folder, self.spec, {one.name: one.failed for one in outcomes if one.failed})
        return SweepResult(cells=outcomes, record=record, report=page)

    def _outcomes(self, keys: Sequence[str], observer: Observer, latest: Latest) -> tuple[Outcome, ...]:
        """Return what becomes of all cells; those that another process has at work come last."""
        found, cells = dict[str, Outcome](), list(zip(self.spec.cells, keys, strict=True))
        for number, (cell, identity) in enumerate(cells, 1):
            with lock_unless_held(self._lock(cell)) as is_held:
                if is_held:
                    observer.cell(cell.name, number, len(cells))
                    found[cell.name] = self._outcome(cell, identity, observer, latest)
        for number, (cell, identity) in enumerate(cells, 1):
            if cell.name not in found:
                observer.cell(cell.name, number, len(cells))
                with locked(self._lock(cell), partial(observer.waiting, f"cell {cell.name}")):
                    found[cell.name] = self._outcome(cell, identity, observer, latest)
        return tuple(found[cell.name] for cell, _ in cells)

    def _lock(self, cell: Cell) -> Path:
        """Return the file of a cell's lock."""
        return own_folder(self.folder, CELLS) / f".{cell.name}{LOCK}"

    def begin(self, observer: Observer) -> None:
        """Claim the sweep's folder, and let the observer hear of it.

        Raises:
            RunError: It is somebody else's, or of another kind, or the spec would be written over.
        """
        begin(self.folder, "sweep", self.spec.source, observer)

    def checked(self, latest: Latest | None = None) -> tuple[str, ...]:
        """Return every cell's key, after all of them are found fit to run.

        Args:
            latest: The task that was built last, here as well.

        Raises:
            SpecError: With the problems of all cells.
        """
        latest, cells = latest or Latest(), {cell.name: cell for cell in self.spec.cells}
        return for_each_cell(cells, lambda name: _identity(self._checked(cells[name], latest)))

    def evaluations(self) -> int:
        """Return how many networks all cells score at most."""
        return sum(self.study(cell).evaluations() for cell in self.spec.cells)

    def estimate(self) -> SweepEstimate:
        """Return what a run would take, without running it.

        Raises:
            SpecError: With the problems of all cells.
        """
        before, latest, cells = Before(), Latest(), {cell.name: cell for cell in self.spec.cells}
        found = for_each_cell(cells, lambda name: estimate(self._checked(cells[name], latest), before))
        return SweepEstimate(cells=dict(zip(cells, found, strict=True)), trained=len(before.trained))

    def _checked(self, cell: Cell, latest: Latest) -> Context:
        """Return a cell's study at work, fit to run."""
        try:
            context = self.study(cell).context(latest=latest)
            check(context)
        except SpecError:
            raise
        except GlobscopeError as error:
            raise SpecError(str(error).splitlines()) from error
        return context

    def _outcome(self, cell: Cell, identity: str, observer: Observer, latest: Latest) -> Outcome:
        """Return what becomes of a cell, run unless its results are there already."""
        study = self.study(cell)
        done, values = study.folder / DONE, dict(zip(self.keys, self.values(cell), strict=True))
        outcome = Outcome(name=cell.name, values=values, study=study)
        if _key_of(study.folder) == identity and is_as_written(study.folder):
            observer.reused("all of it")
            return outcome
        done.unlink(missing_ok=True)
        try:
            study.finish(study.context(observer, latest))
        except GlobscopeError as error:
            observer.warning(f"cell {cell.name} failed: {error}")
            return evolve(outcome, failed=str(error))
        write_json(done, {"key": identity, "values": plain(values)})
        return outcome

    @property
    def keys(self) -> tuple[str, ...]:
        """The swept keys."""
        return tuple(axis.key for axis in self.spec.axes)

    def values(self, cell: Cell) -> tuple[Any, ...]:
        """Return what a cell has of each of them."""
        return tuple(axis.values[at] for axis, at in zip(self.spec.axes, cell.places, strict=True))


def _key_of(folder: Path) -> str | None:
    """Return the key of what a cell's results were made from; None where there are none, or the file is damaged."""
    try:
        key_of: str = read_written(folder, DONE)["key"]
    except GlobscopeError:
        return None
    return key_of


def _identity(context: Context) -> str:
    """Return the key of all that a cell's results and report are made from."""
    spec = context.spec
    entries = [spec.evaluator, spec.fidelity, *spec.sampler, *spec.topology, *spec.aligner, *spec.analysis]
    who = [context.identity(entry.component) for entry in [*entries, *spec.reducer]]
    pattern = spec.population.checkpoints
    found = [] if pattern is None else find_checkpoints(spec.population, spec.source.resolve().parent)
    members = [one.identity for one in found]
    return key("cell", as_toml(spec), context.task_key, who, members)


def results(folder: Path) -> dict[str, Any]:
    """Return the JSON object of a finished run, or the table of a sweep.

    Raises:
        RunError: There is neither in the folder, or it is damaged.
    """
    if not (folder / TABLE).is_file():
        return results_of_study(folder)
    found: dict[str, Any] = read_written(folder, TABLE)
    return found


def load(
    path: str | Path, overrides: Sequence[str] = (), folder: str | Path | None = None, *, trust_store: bool = False
) -> Study | Sweep:
    """Return the study of a spec's file, or the sweep where it has a table [sweep].

    Results go to `runs/<stem>/` unless `folder` says otherwise. With `trust_store`, stored stages that are damaged or
    were edited are used as they are.

    Raises:
        SpecError: With every problem of the file.
    """
    document, typed = read_document(Path(path), overrides)
    if "sweep" not in document:
        return load_study(path, overrides, folder, trust_store=trust_store)
    where, registry = Path(folder) if folder else Path(RUNS) / Path(path).stem, installed()
    spec = read_sweep(document, Path(path), registry, typed)
    return Sweep(spec=spec, folder=where, registry=registry, trust_store=trust_store)
