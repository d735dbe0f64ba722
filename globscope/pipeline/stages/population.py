"""The population stage: variants trained here, or checkpoints found."""

from pathlib import Path

from attrs import evolve

from globscope.pipeline.stage_keys import Stage, integer_seed
from globscope.pipeline.stages.train import Place, parent_weights, source_of, train, training_key, training_runs
from globscope.pipeline.workshop import Workshop
from globscope.population import files
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.find import find_checkpoints
from globscope.population.stacking import training_groups
from globscope.population.surrogate import gaussian_surrogates
from globscope.population.training_run import checkpoint_path
from globscope.store import key
from globscope.values.chart import Progress
from globscope.values.members import Population


def population(workshop: Workshop, place: Place = "population") -> Population:
    """Return the spec's networks, memory-mapped: those of its population or their surrogates, or those of its zoo.

    Raises:
        PopulationError: Checkpoints that do not fit the model, or a training that diverged.
    """
    found = checkpoints(workshop, place)
    stage_key = key(Stage.POPULATION, workshop.task.key, [f.key for f in found])
    probe = workshop.task.build("cpu")

    def gather(folder: Path, progress: Progress) -> None:
        files.save_index(folder, found, probe, progress)

    folder = workshop.stage(
        Stage.POPULATION, stage_key, gather, f"read {'the zoo' if place == 'zoo' else 'checkpoints'}"
    )
    networks = files.load_population(folder, stage_key, found, probe)
    return networks if place == "zoo" or workshop.spec.population.null == "none" else _surrogates(workshop, networks)


def _surrogates(workshop: Workshop, networks: Population) -> Population:
    """Return surrogates in place of the networks, under their names and with their buffers."""
    chosen = workshop.spec.population.null_seed
    seed = integer_seed(workshop.spec.seed if chosen is None else chosen, "null")
    stage_key = key(Stage.POPULATION, workshop.spec.population.null, networks.key, seed)

    def draw(folder: Path, _: Progress) -> None:
        members = [evolve(member, recorded={}) for member in networks.members]  # no file has scores of these
        files.save_blocks(folder, networks.layout, members, gaussian_surrogates(networks, seed))

    folder = workshop.stage(Stage.POPULATION, stage_key, draw, "draw surrogates")
    return files.load_population(folder, stage_key).with_figures(member.figures for member in networks.members)


def checkpoints(workshop: Workshop, place: Place) -> list[CheckpointFile]:
    """Return the checkpoint files, after training those that the spec wants trained."""
    source = source_of(workshop, place)
    if source.reads_files:
        return find_checkpoints(source, workshop.spec.folder)
    planned = training_runs(workshop, place, parent_weights(workshop, place))
    train(workshop, training_groups(planned))
    places = [(run, workshop.store.place(Stage.TRAIN, training_key(workshop, run))) for run in planned]
    return [
        CheckpointFile(path=checkpoint_path(folder, s), variant=run.name, step=s)
        for run, folder in places
        for s in run.steps
    ]
