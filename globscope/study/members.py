"""The population stage: variants trained here, or checkpoints found."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from attrs import asdict

from globscope.device import device
from globscope.population import files
from globscope.population.find import CheckpointFile, find_checkpoints
from globscope.population.stacking import assign_rows, training_groups
from globscope.population.train import fit
from globscope.population.train_stacked import fit_stacked
from globscope.population.training_run import TrainingRun, checkpoint_path
from globscope.spec.model import Recipe, Source
from globscope.store import key, read_arrays
from globscope.study.context import Context
from globscope.study.seeds import number
from globscope.values.chart import Progress
from globscope.values.members import Population

Place = Literal["population", "zoo"]
# By which a run's seed is drawn from the study's.
STAGE = {"population": "train", "zoo": "zoo"}


def population(context: Context, place: Place = "population") -> Population:
    """Return the spec's networks, memory-mapped: those of its population, or of its zoo.

    Raises:
        PopulationError: Checkpoints that do not fit the model, or a training that diverged.
    """
    found = checkpoints(context, place)
    identity = key("population", context.task_key, [f.identity for f in found])
    probe = context.task.build("cpu")

    def gather(folder: Path, progress: Progress) -> None:
        files.save_index(folder, found, probe, progress)

    folder = context.stage("population", identity, gather, f"read {'the zoo' if place == 'zoo' else 'checkpoints'}")
    return files.load_population(folder, identity, found, probe)


def checkpoints(context: Context, place: Place) -> list[CheckpointFile]:
    """Return the checkpoint files, after training those that the spec wants trained."""
    source = _source(context, place)
    if source.checkpoints is not None:
        return find_checkpoints(source, context.spec.source.resolve().parent)
    planned = runs(context, place, _parent(context, place))
    for together in training_groups(planned):
        _train(context, together)
    places = [(run, context.store.place("train", identity(context, run))) for run in planned]
    return [
        CheckpointFile(path=checkpoint_path(folder, s), variant=run.name, step=s)
        for run, folder in places
        for s in run.steps
    ]


def runs(context: Context, place: Place, start: dict[str, np.ndarray] | None = None) -> list[TrainingRun]:
    """Return the training runs of the spec's variants."""
    planned = [_plan(context, place, variant.name, variant, start) for variant in _source(context, place).runs()]
    return assign_rows(planned, context.whole.build("cpu"))


def _source(context: Context, place: Place) -> Source:
    source = context.spec.zoo if place == "zoo" else context.spec.population
    assert source is not None
    return source


def _plan(
    context: Context, place: Place, name: str, recipe: Recipe, start: dict[str, np.ndarray] | None = None
) -> TrainingRun:
    """Return one variant's training run; one of the zoo is another than the population's of the same name."""
    source = _source(context, place)
    assert source.train is not None
    master = context.spec.seed if source.seed is None else source.seed
    seed = number(master, STAGE[place], name if recipe.seed is None else recipe.seed)
    initial = number(master, "initialise") if source.train.initialisation == "shared" else seed
    return TrainingRun(name=name, recipe=recipe, train=source.train, seed=seed, initial=initial, start=start)


def _parent(context: Context, place: Place) -> dict[str, np.ndarray] | None:
    """Return the tensors that every variant starts from, where the spec names a parent."""
    run = parent_run(context, place)
    return None if run is None else read_arrays(checkpoint_path(_train(context, [run]), run.epochs))


def parent_run(context: Context, place: Place) -> TrainingRun | None:
    """Return the training from whose last weights every variant starts, where the spec names one."""
    source = _source(context, place)
    if source.parent is None or source.train is None:
        return None
    epochs = source.parent.epochs or source.train.epochs
    recipe = Recipe(**asdict(source.parent) | {"epochs": epochs})
    return _plan(context, place, "parent", recipe)


def _train(context: Context, together: Sequence[TrainingRun]) -> Path:
    """Train one run alone, or those of a stack; return the folder of the first."""
    by = {identity(context, run): run for run in together}
    first, run = next(iter(by.items()))

    def alone(folder: Path, progress: Progress) -> None:
        fit(run, context.whole.build(device(run.train.device, "population.train.device")), folder, progress)

    def stacked(parts: Mapping[str, Path], progress: Progress) -> Iterator[str]:
        jobs = {identity: (by[identity], folder) for identity, folder in parts.items()}
        return fit_stacked(jobs, context.whole.build(device(run.train.device, "population.train.device")), progress)

    if run.row is None:
        return context.stage("train", first, alone, f"train {run.name}")
    context.stages("train", {identity: one.name for identity, one in by.items()}, stacked)
    return context.store.place("train", first)


def identity(context: Context, run: TrainingRun) -> str:
    """Return the key of a training."""
    recipe = asdict(run.recipe)
    recipe.pop("name", None)  # its seed already tells runs apart
    shared = asdict(run.train)
    shared.pop("epochs")  # the recipe has them
    shared.pop("initialisation")  # the seed below says it
    width = shared.pop("at_once")
    row = [] if run.row is None else [[run.row, width]]  # on which its numbers depend
    start = None if run.start is None else {n: hashlib.blake2b(a.tobytes()).hexdigest() for n, a in run.start.items()}
    return key("train", context.training_key, recipe, shared, run.seed, run.initial, start, *row)
