"""The learn stage: what an aligner learns from the networks of the zoo."""

from pathlib import Path

from globscope.pipeline.disk.draft import DiskDraft
from globscope.pipeline.disk.json_values import checked_finding
from globscope.pipeline.stage_keys import Stage, generator
from globscope.pipeline.stages.population import population
from globscope.pipeline.stages.train import training_key, training_runs
from globscope.pipeline.workshop import Workshop
from globscope.population.find import find_checkpoints
from globscope.returned.numbers import checked_arrays
from globscope.spec.component_entry import AlignerEntry
from globscope.store import key, read_arrays, write_arrays
from globscope.values.chart import Progress
from globscope.values.findings import Finding
from globscope.values.members import Population

ARRAYS, TIMES = "arrays.safetensors", "times.safetensors"
# What arrays of times are called, alone or after the last `/` of a longer name: they are kept apart from what was
# learned, so that equal runs give equal files.
TIME = "seconds"


def learned_file(workshop: Workshop, entry: AlignerEntry, aligner_key: str, seed: int) -> Path:
    """Return the file of what an aligner learned, learning it if needed.

    Args:
        workshop: The study at work.
        entry: The aligner.
        aligner_key: Of all that its permutations follow from.
        seed: Of what it draws.
    """
    stage_key = key(Stage.LEARN, aligner_key, workshop.task.key)
    networks = None if workshop.store.is_finished(Stage.LEARN, stage_key) else zoo(workshop)

    def work(folder: Path, progress: Progress) -> None:
        assert networks is not None
        draft, label, rng = DiskDraft(folder), workshop.label_of(entry.component), generator(seed, "learn", entry.use)
        with workshop.errors_of(entry.component):
            learned = entry.component.learn(workshop.task, networks, draft, progress, rng)
        arrays = checked_arrays(f"{label}: learn", learned)
        times = {name: array for name, array in arrays.items() if name.rpartition("/")[2] == TIME}
        write_arrays(folder / ARRAYS, {name: array for name, array in arrays.items() if name not in times})
        write_arrays(folder / TIMES, times)
        draft.discard()

    return workshop.stage(Stage.LEARN, stage_key, work, f"learn {entry.name}") / ARRAYS


def learning(workshop: Workshop, entry: AlignerEntry, file: Path) -> Finding:
    """Return how an aligner's learning went."""
    arrays = read_arrays(file) | read_arrays(file.with_name(TIMES))
    with workshop.errors_of(entry.component):
        return checked_finding(workshop.label_of(entry.component), entry.component.describe(arrays))


def zoo(workshop: Workshop) -> Population:
    """Return the networks that aligners learn from: the last of every run."""
    networks = population(workshop, "zoo")
    return networks.take(networks.finals)


def zoo_key(workshop: Workshop) -> str:
    """Return the key of the zoo, before any of its networks is trained."""
    zoo = workshop.spec.zoo
    assert zoo is not None
    if not zoo.reads_files:
        # The networks follow from their parent, which is trained from the seed.
        parent = None if zoo.parent is None else [zoo.parent, zoo.seed, workshop.spec.seed]
        return key(parent, [training_key(workshop, run) for run in training_runs(workshop, "zoo")])
    return key([file.key for file in find_checkpoints(zoo, workshop.spec.folder)])
