"""The workers of a study, and stages that they compute side by side since none needs another."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from attrs import define

from globscope.boundary import component_errors
from globscope.registry import Registry
from globscope.roles import Workers
from globscope.spec.model import Spec
from globscope.study.meter import measure_items, with_costs
from globscope.study.observer import Observer
from globscope.study.stage_keys import Stage
from globscope.study.workshop import Workshop
from globscope.torch_settings import float32_by_default, precise
from globscope.values.chart import Progress
from globscope.values.cost import Cost
from globscope.workers import ThisProcess


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
    """

    key: str
    label: str
    fill: Callable[[Path, Progress], None]


@define(frozen=True)
class _FolderJob:
    """A job with the folder of its stage."""

    job: StageJob
    folder: Path

    def __str__(self) -> str:
        return self.job.label


def compute_side_by_side(workshop: Workshop, stage: Stage, jobs: Sequence[StageJob], component: Any) -> None:
    """Let the workers compute the jobs that are not finished, where there are several of both.

    Args:
        workshop: The workshop of the study.
        stage: The kind of all of them.
        jobs: What is not computed here is left to whoever asks for the stages one by one.
        component: The component that errors are attributed to; None if there is none.
    """
    if workshop.workers.count > 1 and len(jobs) > 1:
        by_key = {job.key: job for job in jobs}
        labels = {job.key: job.label for job in jobs}
        workshop.stages(stage, labels, partial(_compute_jobs, workshop, by_key, component))


def _compute_jobs(
    workshop: Workshop, jobs: Mapping[str, StageJob], component: Any, folders: Mapping[str, Path], progress: Progress
) -> Iterator[tuple[str, Cost]]:
    """Yield the key of every stage as it is finished, with its cost."""
    waiting = [_FolderJob(jobs[key], folder) for key, folder in folders.items()]

    def progress_of(one: _FolderJob) -> Progress:
        return progress if len(waiting) == 1 else workshop.observer.stage(one.job.label)

    shared = (workshop.registry, component)
    finished = with_costs(workshop.workers.map(_computer, shared, waiting, progress_of))
    for done, (one, _, cost) in enumerate(finished, 1):
        yield one.job.key, cost
        if len(waiting) > 1:
            progress(done, len(waiting))


@measure_items
def _computer(shared: tuple[Registry, Any]) -> Callable[[_FolderJob, Progress], None]:
    """Return what fills one folder after another in this process."""

    def compute(one: _FolderJob, progress: Progress) -> None:
        with as_in_a_study(*shared):
            one.job.fill(one.folder, progress)

    return compute
