"""Trains a group of runs in whatever process works on it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from attrs import define

from globscope.device import device
from globscope.errors import PopulationError
from globscope.pipeline.meter import measure_items
from globscope.pipeline.pool import as_in_a_study
from globscope.pipeline.worker_files import require_folder
from globscope.pipeline.workshop import several
from globscope.population.train import fit
from globscope.population.train_stacked import fit_stacked
from globscope.population.training_run import TrainingRun
from globscope.registry import Registry
from globscope.roles import Task
from globscope.values.chart import Progress


@define(frozen=True, kw_only=True)
class Training:
    """What a worker is handed once, to train.

    Attributes:
        registry: Of all components, by which errors name theirs.
        task: With all of its weights.
    """

    registry: Registry
    task: Task


@define(frozen=True)
class TrainingJob:
    """Runs that are trained at once, each into its folder, by the key of its stage."""

    runs: Mapping[str, tuple[TrainingRun, Path]]

    def __str__(self) -> str:
        """For messages."""
        return several([run.name for run, _ in self.runs.values()])


@define(frozen=True, kw_only=True)
class Trained:
    """What became of a job: the keys of the runs that are finished, and an error if others are lost."""

    finished: tuple[str, ...]
    error: PopulationError | None


@measure_items
def trainer(training: Training) -> Callable[[TrainingJob, Progress], Trained]:
    """Return what trains one job after another in this process."""

    def train(job: TrainingJob, progress: Progress) -> Trained:
        finished, error = list[str](), None
        for _, folder in job.runs.values():
            require_folder(folder)
        with as_in_a_study(training.registry):
            try:
                for key in _finished_runs(training.task, job, progress):
                    finished.append(key)
            except PopulationError as lost:
                error = lost
        return Trained(finished=tuple(finished), error=error)

    return train


def _finished_runs(task: Task, job: TrainingJob, progress: Progress) -> Iterator[str]:
    """Yield the key of every run as it is finished."""
    (first, _), *_ = job.runs.values()
    probe = task.build(device(first.train.device, "population.train.device"))
    if first.row is not None:
        yield from fit_stacked(job.runs, probe, progress)
        return
    for key, (run, folder) in job.runs.items():
        fit(run, probe, folder, progress)
        yield key
