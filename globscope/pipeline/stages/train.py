"""The train stage: training runs, alone or in stacks."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from attrs import asdict, evolve

from globscope.pipeline.meter import with_costs
from globscope.pipeline.pool import batches
from globscope.pipeline.stage_keys import Stage, integer_seed
from globscope.pipeline.train_group import Training, TrainingJob, trainer
from globscope.pipeline.workshop import Workshop
from globscope.population.optimisers import require_full_batch
from globscope.population.stacking import assign_rows
from globscope.population.training_run import TrainingRun, checkpoint_path
from globscope.spec.network_source import NetworkSource
from globscope.spec.training import Recipe
from globscope.store import key, read_arrays
from globscope.values.chart import Progress
from globscope.values.cost import Cost

Place = Literal["population", "zoo"]
# By which a run's seed is drawn from the study's.
STAGE = {"population": "train", "zoo": "zoo"}


def training_runs(workshop: Workshop, place: Place, start: dict[str, np.ndarray] | None = None) -> list[TrainingRun]:
    """Return the training runs of the spec's variants."""
    planned = [_plan(workshop, place, variant.name, variant, start) for variant in source_of(workshop, place).runs()]
    return assign_rows(planned, workshop.tasks.whole.build("cpu"))


def source_of(workshop: Workshop, place: Place) -> NetworkSource:
    """Return the part of the spec that says where networks come from."""
    source = workshop.spec.zoo if place == "zoo" else workshop.spec.population
    assert source is not None
    return source


def _plan(
    workshop: Workshop, place: Place, name: str, recipe: Recipe, start: dict[str, np.ndarray] | None = None
) -> TrainingRun:
    """Return one variant's training run; one of the zoo is another than the population's of the same name."""
    source = source_of(workshop, place)
    assert source.train is not None
    master = workshop.spec.seed if source.seed is None else source.seed
    seed = integer_seed(master, STAGE[place], name if recipe.seed is None else recipe.seed)
    initial = integer_seed(master, "initialise") if source.train.initialisation == "shared" else seed
    probe = workshop.tasks.whole.build("cpu")
    require_full_batch(name, source.train, recipe.batch_size, probe.examples(probe.splits[0]))
    return TrainingRun(name=name, recipe=recipe, train=source.train, seed=seed, initial=initial, start=start)


def parent_weights(workshop: Workshop, place: Place) -> dict[str, np.ndarray] | None:
    """Return the tensors that every variant starts from, where the spec names a parent."""
    run = parent_run(workshop, place)
    if run is None:
        return None
    train(evolve(workshop, extent=evolve(workshop.extent, until=None)), [[run]])  # with it, the others can be divided
    return read_arrays(checkpoint_path(workshop.store.place(Stage.TRAIN, training_key(workshop, run)), run.epochs))


def parent_run(workshop: Workshop, place: Place) -> TrainingRun | None:
    """Return the training from whose last weights every variant starts, where the spec names one."""
    source = source_of(workshop, place)
    if source.parent is None or source.train is None:
        return None
    epochs = source.parent.epochs or source.train.epochs
    recipe = Recipe(**asdict(source.parent) | {"epochs": epochs})
    return _plan(workshop, place, "parent", recipe)


def train(workshop: Workshop, groups: Sequence[Sequence[TrainingRun]]) -> None:
    """Train groups of runs, each at once: all of them side by side where there are workers for that.

    Raises:
        PausedError: Runs are left to others, such as the groups of other shards.
    """
    labels = {training_key(workshop, run): f"train {run.name}" for group in groups for run in group}
    with workshop.share(Stage.TRAIN, labels, groups) as own:
        for batch in batches(own, workshop.workers_on_files, max(map(len, groups), default=1)):
            runs = {training_key(workshop, run): run for group in batch for run in group}
            names = {key_of: run.name for key_of, run in runs.items()}
            workshop.stages(Stage.TRAIN, names, partial(_train_batch, workshop, runs, batch), "train ")


def _train_batch(
    workshop: Workshop,
    runs: Mapping[str, TrainingRun],
    batch: Sequence[Sequence[TrainingRun]],
    parts: Mapping[str, Path],
    progress: Progress,
) -> Iterator[tuple[str, Cost]]:
    """Train the runs that have an unfinished folder, and yield what is finished, with the cost of each."""
    keys = [[key_of for key_of, run in runs.items() if run in group and key_of in parts] for group in batch]
    jobs = [TrainingJob({key_of: (runs[key_of], parts[key_of]) for key_of in group}) for group in keys if group]
    work = Training(registry=workshop.registry, task=workshop.tasks.whole)
    done = 0

    def progress_of(job: TrainingJob) -> Progress:
        return progress if len(jobs) == 1 else workshop.observer.stage(f"train {job}")

    for _, trained, cost in with_costs(workshop.workers_on_files.map(trainer, work, jobs, progress_of)):
        yield from dict.fromkeys(trained.finished, cost.divide(max(1, len(trained.finished)))).items()
        done += len(trained.finished)
        if len(jobs) > 1:
            progress(done, len(parts))
        if trained.error is not None:
            raise trained.error


def training_key(workshop: Workshop, run: TrainingRun) -> str:
    """Return the key of a training."""
    recipe = asdict(run.recipe)
    recipe.pop("name", None)  # its seed already tells runs apart
    shared = asdict(run.train)
    shared.pop("device")  # it says where, not what
    shared.pop("epochs")  # the recipe has them
    shared.pop("initialisation")  # the seed below says it
    if not run.train.then:
        shared.pop("then")  # the keys of trainings without it are older than it
    width = shared.pop("at_once")
    row = [] if run.row is None else [[run.row, width]]  # on which its numbers depend
    start = None if run.start is None else {n: hashlib.blake2b(a.tobytes()).hexdigest() for n, a in run.start.items()}
    return key(Stage.TRAIN, workshop.tasks.training_key, recipe, shared, run.seed, run.initial, start, *row)
