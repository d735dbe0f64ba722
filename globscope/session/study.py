"""A study that can run: a spec with the folder of its runs."""

from collections.abc import Sequence
from pathlib import Path

from attrs import Factory, define, evolve, field

from globscope.boundary import within_boundary
from globscope.errors import SpecError
from globscope.pipeline.built_task import TaskCache, build_task
from globscope.pipeline.changes import Changes, changes
from globscope.pipeline.compile_ahead import compiling_ahead
from globscope.pipeline.extent import Extent, OpenStage, PausedError
from globscope.pipeline.observer import Observer
from globscope.pipeline.plan.check import check
from globscope.pipeline.plan.estimate import Estimate, estimate
from globscope.pipeline.plan.network_counts import evaluations
from globscope.pipeline.pool import workers_of
from globscope.pipeline.run import run
from globscope.pipeline.stages.align.pairs import learners
from globscope.pipeline.unchanged import FinishedRun, run_key, stage_labels, unchanged_run
from globscope.pipeline.workshop import Workshop
from globscope.registry import Registry, installed_registry
from globscope.roles import Workers
from globscope.session.result import Result
from globscope.session.run_folder import RESULTS, begin, results_folder, stages_root
from globscope.session.write_results import with_changes, write_learned, write_results, write_spec
from globscope.spec.read import read_spec
from globscope.spec.study_spec import Spec
from globscope.store import LOCK, Store, claim, hold_lock, is_claimed
from globscope.values.findings import Finding
from globscope.workers import ThisProcess


@define(frozen=True, kw_only=True, repr=False)
class Study:
    """A spec with the folder of its runs.

    Attributes:
        spec: The spec of the study.
        folder: The run folder, for results.
        registry: The components to choose from.
        trust_store: Whether stored stages are used even if they were damaged or edited, with a warning, instead of
            being computed again.
    """

    spec: Spec
    folder: Path
    registry: Registry = field(
        default=Factory(lambda study: installed_registry(study.spec.plugins.disable), takes_self=True), repr=False
    )
    trust_store: bool = False

    def __repr__(self) -> str:
        """Return its title, its maps and its folder, without the spec."""
        maps = ", ".join(entry.name for entry in self.spec.reducer)
        return f"Study({self.title!r}: {maps}; {self.folder})"

    def _repr_html_(self) -> str:
        from globscope.report import study_html

        return study_html(self.spec, self.title, self.folder)

    @property
    def title(self) -> str:
        """The spec's title, or the name of its file."""
        return self.spec.title or self.spec.source.stem

    @within_boundary
    def run(self, observer: Observer | None = None) -> Result:
        """Return the study's results; stages that an earlier run finished are not computed again.

        Raises:
            GlobscopeError: The study cannot run; the message says what to change.
        """
        observer = observer or Observer()
        self.begin(observer)
        with workers_of(self.spec, self.registry, observer) as workers:
            return self.finish(self.workshop(observer, workers=workers))

    @within_boundary
    def finished_run(self, observer: Observer | None = None) -> FinishedRun | None:
        """Return the finished run in the folder, where `run` would compute and write nothing; otherwise None."""
        observer = observer or Observer()
        if self.trust_store or not is_claimed(self.folder, "study"):
            return None  # a trusted stage may differ from that of the results
        store = Store(stages_root(self.folder), warn=observer.warning)
        found = unchanged_run(self.folder, RESULTS, self.spec, self.registry, store)
        if found is not None:
            self.begin(observer)
            for label in stage_labels(found.record):
                observer.reuse(label)
        return found

    def begin(self, observer: Observer) -> None:
        """Claim the run folder, and report it to the observer.

        Raises:
            RunError: It holds other files, is of another kind, or the spec would be overwritten.
        """
        begin(self.folder, "study", self.spec.source, self.registry.missing, observer)

    @within_boundary
    def finish(self, workshop: Workshop) -> Result:
        """Run the study, write its results to its folder, and return them.

        Raises:
            GlobscopeError: The study cannot run; the message says what to change.
        """
        claim(self.folder, "study")
        made_from = run_key(self.spec, self.registry)  # before the run: a file may be edited meanwhile
        if not (self.folder / RESULTS).exists():  # else spec and results are replaced together, at the end
            write_spec(self.folder, self.spec)
        changed = changes(self.folder, self.spec)
        if changed != Changes():
            workshop.observer.warning(str(changed))
        with compiling_ahead(entry.component for entry in self.spec.reducer):
            outcome = run(workshop)
        with hold_lock(self.folder / LOCK, lambda: workshop.observer.waiting("report")):
            record = with_changes(outcome.record, changed)
            report = write_results(self.folder, workshop, outcome, title=self.title, record=record, made_from=made_from)
        return Result(
            atlas=outcome.atlas,
            findings=outcome.findings,
            learned=outcome.learned,
            record=record,
            report=report,
            style=self.spec.report,
            workshop=workshop,
        )

    @within_boundary
    def advance(self, workshop: Workshop, extent: Extent) -> tuple[OpenStage, ...]:
        """Compute as much of the study as an extent has, without a report; return the stages that are left to others.

        Raises:
            GlobscopeError: The study cannot run; the message says what to change.
        """
        try:
            with compiling_ahead(entry.component for entry in self.spec.reducer if extent.shard is None):
                run(evolve(workshop, extent=extent))
        except PausedError as paused:
            return tuple(paused.stages)
        return ()

    @within_boundary
    def train_aligners(self, observer: Observer | None = None) -> dict[str, tuple[Path, Finding]]:
        """Train the aligners only; return each one's file and report.

        Raises:
            GlobscopeError: No aligner of the spec learns, or it cannot learn; the message says what to change.
        """
        observer = observer or Observer()
        self.begin(observer)
        with workers_of(self.spec, self.registry, observer) as workers:
            workshop = self.workshop(observer, workers=workers)
            check(workshop)
            if not learners(workshop):
                raise SpecError([f"{self.spec.source}: no [[aligner]] of it learns anything"])
            files = write_learned(workshop, self.folder)
            return {
                learner.entry.name: (files[learner.entry.name], learner.learning()) for learner in learners(workshop)
            }

    @within_boundary
    def estimate(self) -> Estimate:
        """Return what a run would take, without running it."""
        return estimate(self.workshop())

    @within_boundary
    def evaluations(self) -> int:
        """Return how many networks a run scores at most; the task is built only where a map has an axis a member."""
        return evaluations(self.workshop())

    @within_boundary
    def workshop(
        self, observer: Observer | None = None, cache: TaskCache | None = None, workers: Workers | None = None
    ) -> Workshop:
        """Return the study at work, with its workers; its task is that of the cache if both are equal."""
        observer = observer or Observer()
        return Workshop(
            spec=self.spec,
            registry=self.registry,
            store=Store(stages_root(self.folder), trusting=self.trust_store, warn=observer.warning),
            tasks=build_task(self.spec, self.registry, cache or TaskCache()),
            observer=observer,
            workers=workers or ThisProcess(),
        )


def load(
    path: str | Path,
    overrides: Sequence[str] = (),
    folder: str | Path | None = None,
    *,
    trust_store: bool = False,
    disable: Sequence[str] = (),
) -> Study:
    """Return the study of a spec's file; its results go to `folder`, by default `runs/<stem>/`.

    With `trust_store`, stored stages are used even if they were damaged or edited. Nothing is imported of the installed
    distributions that `disable` or the spec names.

    Raises:
        SpecError: The file has problems, which are all listed, or is a sweep, which `globscope.load` accepts.
    """
    spec = read_spec(Path(path), overrides, disable=disable)
    return Study(spec=spec, folder=results_folder(path, folder), trust_store=trust_store)
