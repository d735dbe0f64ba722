"""How long the trainings of a study take: which there are, in which order, and the time of those that are new."""

from collections.abc import Iterator, Sequence

from attrs import asdict

from globscope.pipeline.plan.announced import devices
from globscope.pipeline.plan.planned_workers import PlannedWorkers
from globscope.pipeline.plan.timing import Before, training
from globscope.pipeline.stages.train import Place, parent_run, training_key, training_runs
from globscope.pipeline.workshop import Workshop
from globscope.population.training_run import TrainingRun
from globscope.spec.network_source import NetworkSource
from globscope.store import key
from globscope.torch_settings import with_threads


def all_training_runs(workshop: Workshop) -> list[TrainingRun]:
    """Return all trainings, those of the zoo after those of the population, each after the parent's."""
    return [run for _, step in _training_steps(workshop) for run in step]


def _training_steps(workshop: Workshop) -> Iterator[tuple[str, list[TrainingRun]]]:
    """Yield the trainings of every step, after which the next one starts, and the stage by which `devices` has them."""
    spec = workshop.spec
    places: dict[Place, tuple[str, NetworkSource | None]] = {
        "population": ("training", spec.population),
        "zoo": ("training of the zoo", spec.zoo),
    }
    for place, (stage, source) in places.items():
        if source is not None and source.train is not None:
            parent = parent_run(workshop, place)
            for step in [*([] if parent is None else [[parent]]), training_runs(workshop, place)]:
                yield stage, step


def training_seconds(workshop: Workshop, before: Before, workers: PlannedWorkers) -> float:
    """Return the seconds of all trainings that no earlier cell has had, groups side by side."""
    total, places = 0.0, devices(workshop.spec)
    with with_threads(workers.threads):
        for stage, step in _training_steps(workshop):
            total += workers.makespan(training(workshop, _new(workshop, step, before), before), places[stage])
    return total


def _new(workshop: Workshop, runs: Sequence[TrainingRun], before: Before) -> list[TrainingRun]:
    """Return the trainings that no earlier cell has had."""
    population = workshop.spec.population
    start = [population.parent and asdict(population.parent), population.seed, workshop.spec.seed]
    keys = {key(training_key(workshop, run), *start): run for run in runs}
    found = [run for of, run in keys.items() if of not in before.trained]
    before.trained |= keys.keys()
    return found
