"""The workers of a study, and stages that they compute side by side since none needs another."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from attrs import define

from globscope.boundary import component_errors
from globscope.errors import GlobscopeError, PluginError, PoolError, UserCodeError
from globscope.pipeline.meter import measure_items, with_costs
from globscope.pipeline.observer import Observer
from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.worker_files import require_folder
from globscope.pipeline.workshop import Item, Workshop
from globscope.registry import Registry
from globscope.roles import Workers
from globscope.spec.study_spec import Spec
from globscope.torch_settings import float32_by_default, precise
from globscope.values.chart import Progress
from globscope.values.cost import Cost
from globscope.workers import ThisProcess

# So many stages are computed at once, or one for each worker: the lock of each is an open file, and systems allow a
# process a few hundred of these.
STAGES_AT_ONCE = 128
# Errors that end a study even at a stage that may fail: not the stage's inputs are the reason, but code or a pool.
DEFECTS = (PluginError, UserCodeError, PoolError)


@contextmanager
def as_in_a_study(registry: Registry, component: object = None) -> Iterator[None]:
    """Compute as a study does, in whatever process, with errors that name the component or the user's file."""
    with component_errors(registry, component), float32_by_default(), precise("float32", "cpu"):
        yield


@contextmanager
def workers_of(spec: Spec, registry: Registry, observer: Observer) -> Iterator[Workers]:
    """Yield the workers, which end with the context; the observer hears of them."""
    if spec.run is None:
        yield ThisProcess()
        return
    with ExitStack() as opened:
        with component_errors(registry, spec.run.component):
            workers = opened.enter_context(spec.run.component.open())
        observer.pool(spec.run.use, workers.count)
        yield workers


@define(frozen=True, kw_only=True)
class StageJob:
    """A stage to compute.

    Attributes:
        key: Key of the stage in the store.
        label: What is computed, for whoever watches.
        fill: Fills the folder of the stage; picklable.
        component: The component that errors are attributed to; None if there is none.
        may_fail: Whether the others are computed if this one fails.
    """

    key: str
    label: str
    fill: Callable[[Path, Progress], None]
    component: Any = None
    may_fail: bool = False


@define(frozen=True)
class _FolderJob:
    """A job with the folder of its stage."""

    job: StageJob
    folder: Path

    def __str__(self) -> str:
        return self.job.label


def compute_side_by_side(workshop: Workshop, stage: Stage, jobs: Sequence[StageJob]) -> dict[str, GlobscopeError]:
    """Let the workers compute the jobs that are not finished; return the errors of those that may fail, by key.

    Args:
        workshop: The workshop of the study.
        stage: The kind of all of them.
        jobs: Those that the study has used already are left out.

    Raises:
        PausedError: Jobs are left to others, such as those of other shards.
    """
    failures = dict[str, GlobscopeError]()
    with workshop.share(stage, {job.key: job.label for job in jobs}, jobs) as own:
        missing = {job.key: job for job in own if (stage, job.key) not in workshop.ledger}
        for batch in batches(list(missing), workshop.workers_on_files):
            labels = {key: missing[key].label for key in batch}
            workshop.stages(stage, labels, partial(_compute_jobs, workshop, missing, failures))
    return failures


def batches(items: Sequence[Item], workers: Workers, stages: int = 1) -> Iterator[Sequence[Item]]:
    """Yield the items that workers are handed together, each of several stages: one after another for one worker."""
    size = max(workers.count, STAGES_AT_ONCE // stages) if workers.count > 1 else 1
    return (items[start : start + size] for start in range(0, len(items), size))


def _compute_jobs(
    workshop: Workshop,
    jobs: Mapping[str, StageJob],
    failures: dict[str, GlobscopeError],
    folders: Mapping[str, Path],
    progress: Progress,
) -> Iterator[tuple[str, Cost]]:
    """Yield the key of every stage as it is finished, with its cost; enter what failed into the failures."""
    waiting = [_FolderJob(jobs[key], folder) for key, folder in folders.items()]

    def progress_of(one: _FolderJob) -> Progress:
        return progress if len(waiting) == 1 else workshop.observer.stage(one.job.label)

    finished = with_costs(workshop.workers_on_files.map(_computer, workshop.registry, waiting, progress_of))
    for done, (one, error, cost) in enumerate(finished, 1):
        if error is None:
            yield one.job.key, cost
        else:
            failures[one.job.key] = error
        if len(waiting) > 1:
            progress(done, len(waiting))


@measure_items
def _computer(registry: Registry) -> Callable[[_FolderJob, Progress], GlobscopeError | None]:
    """Return what fills one folder after another in this process, and returns the error of one that may fail."""

    def compute(one: _FolderJob, progress: Progress) -> GlobscopeError | None:
        require_folder(one.folder)
        try:
            with as_in_a_study(registry, one.job.component):
                one.job.fill(one.folder, progress)
        except GlobscopeError as error:
            if not one.job.may_fail or isinstance(error, DEFECTS):
                raise
            return error.with_traceback(None)  # which would keep all that was computed in memory
        return None

    return compute
