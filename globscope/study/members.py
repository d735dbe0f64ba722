"""The population stage: variants trained here, or checkpoints found."""

import hashlib
from pathlib import Path

import numpy as np
from attrs import asdict

from globscope.population import files
from globscope.population.checkpoint import files as files_of
from globscope.population.device import device
from globscope.population.find import Found, find
from globscope.population.run import Run, checkpoint
from globscope.population.train import fit
from globscope.spec.model import Recipe
from globscope.store import key, read_arrays
from globscope.study.context import Context
from globscope.study.seeds import number
from globscope.values.chart import Progress
from globscope.values.members import Population


def population(context: Context) -> Population:
    """Return the spec's networks, memory-mapped.

    Raises:
        PopulationError: Checkpoints that do not fit the model, or a training that diverged.
    """
    found = checkpoints(context)
    identity = key("population", context.task_key, [(f.variant, f.step, files_of(f.path)) for f in found])
    probe = context.task.build("cpu")

    def gather(folder: Path, progress: Progress) -> None:
        files.gather(folder, found, probe, progress)

    folder = context.stage("population", identity, gather, "read checkpoints")
    return files.load(folder, identity, found, probe)


def checkpoints(context: Context) -> list[Found]:
    """Return the checkpoint files, after training those that the spec wants trained."""
    spec = context.spec
    if spec.population.checkpoints is not None:
        return find(spec.population.checkpoints, spec.source.resolve().parent)
    start = _parent(context)
    found = []
    for variant in spec.trained():
        run = plan(context, variant.name, variant, start)
        folder = _train(context, run)
        found += [Found(path=checkpoint(folder, s), variant=variant.name, step=s) for s in run.steps]
    return found


def plan(context: Context, name: str, recipe: Recipe, start: dict[str, np.ndarray] | None = None) -> Run:
    """Return one variant's training run."""
    spec = context.spec
    assert spec.population.train is not None
    own = name if recipe.seed is None else recipe.seed
    seed = number(spec.population_seed, "train", own)
    shared = spec.population.train.initialisation == "shared"
    initial = number(spec.population_seed, "initialise") if shared else seed
    return Run(name=name, recipe=recipe, train=spec.population.train, seed=seed, initial=initial, start=start)


def _parent(context: Context) -> dict[str, np.ndarray] | None:
    """Return the tensors that every variant starts from, where the spec names a parent."""
    spec = context.spec
    if spec.population.parent is None or spec.population.train is None:
        return None
    epochs = spec.population.parent.epochs or spec.population.train.epochs
    recipe = Recipe(**asdict(spec.population.parent) | {"epochs": epochs})
    run = plan(context, "parent", recipe)
    return read_arrays(checkpoint(_train(context, run), run.epochs))


def _train(context: Context, run: Run) -> Path:
    recipe = asdict(run.recipe)
    recipe.pop("name", None)  # its seed already tells runs apart
    shared = asdict(run.train)
    shared.pop("epochs")  # the recipe has them
    shared.pop("initialisation")  # the seed below says it
    start = None if run.start is None else {n: hashlib.blake2b(a.tobytes()).hexdigest() for n, a in run.start.items()}
    identity = key("train", context.whole_key, recipe, shared, run.seed, run.initial, start)
    return context.stage(
        "train",
        identity,
        lambda folder, progress: fit(run, context.whole.build(device(run.train.device)), folder, progress),
        f"train {run.name}",
    )
