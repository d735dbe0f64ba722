"""The population stage: variants trained here, or checkpoints found."""

from pathlib import Path

from globscope.population import files
from globscope.population.find import CheckpointFile, find_checkpoints
from globscope.population.stacking import training_groups
from globscope.population.training_run import checkpoint_path
from globscope.store import key
from globscope.study.context import Context
from globscope.study.stages.train import Place, parent_weights, source_of, train, training_key, training_runs
from globscope.values.chart import Progress
from globscope.values.members import Population


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
    source = source_of(context, place)
    if source.checkpoints is not None:
        return find_checkpoints(source, context.spec.source.resolve().parent)
    planned = training_runs(context, place, parent_weights(context, place))
    train(context, training_groups(planned))
    places = [(run, context.store.place("train", training_key(context, run))) for run in planned]
    return [
        CheckpointFile(path=checkpoint_path(folder, s), variant=run.name, step=s)
        for run, folder in places
        for s in run.steps
    ]
