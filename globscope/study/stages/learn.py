"""The learn stage: what an aligner learns from the networks of the zoo."""

from pathlib import Path
from typing import Any

from globscope.population.find import find_checkpoints
from globscope.returned.numbers import checked_arrays
from globscope.spec.model import AlignerEntry
from globscope.store import key, read_arrays, write_arrays
from globscope.study.context import Context
from globscope.study.disk.draft import DiskDraft
from globscope.study.disk.finding import checked_finding
from globscope.study.seeds import generator
from globscope.study.stages.population import population
from globscope.study.stages.train import training_key, training_runs
from globscope.values.chart import Progress
from globscope.values.findings import Finding
from globscope.values.members import Population

ARRAYS, TIMES = "arrays.safetensors", "times.safetensors"
# What arrays of times are called, alone or after the last `/` of a longer name: they are kept apart from what was
# learned, so that equal runs give equal files.
TIME = "seconds"


def learned_file(context: Context, entry: AlignerEntry, aligner: list[Any], seed: int) -> Path:
    """Return the file of what an aligner learned, learning it if needed.

    Args:
        context: The study at work.
        entry: The aligner.
        aligner: What its permutations follow from.
        seed: Of what it draws.
    """
    whole = key("learn", aligner, context.task_key)
    networks = None if context.store.done("learn", whole) else zoo(context)

    def work(folder: Path, progress: Progress) -> None:
        assert networks is not None
        draft, label, rng = DiskDraft(folder), context.who(entry.component), generator(seed, "learn", entry.use)
        with context.blaming(entry.component):
            learned = entry.component.learn(context.task, networks, draft, progress, rng)
        arrays = checked_arrays(f"{label}: learn", learned)
        times = {name: array for name, array in arrays.items() if name.rpartition("/")[2] == TIME}
        write_arrays(folder / ARRAYS, {name: array for name, array in arrays.items() if name not in times})
        write_arrays(folder / TIMES, times)
        draft.discard()

    told = f"learn/{whole}" not in context.used  # of one that is asked for again, once is enough
    return context.stage("learn", whole, work, f"learn {entry.name}", told=told) / ARRAYS


def learning(context: Context, entry: AlignerEntry, file: Path) -> Finding:
    """Return how an aligner's learning went."""
    arrays = read_arrays(file) | read_arrays(file.with_name(TIMES))
    with context.blaming(entry.component):
        return checked_finding(context.who(entry.component), entry.component.describe(arrays))


def zoo(context: Context) -> Population:
    """Return the networks that aligners learn from: the last of every run."""
    networks = population(context, "zoo")
    return networks.take(networks.finals)


def zoo_key(context: Context) -> Any:
    """Return the key of the zoo, before any of its networks is trained."""
    zoo = context.spec.zoo
    assert zoo is not None
    if zoo.checkpoints is None:
        # The networks follow from their parent, which is trained from the seed.
        parent = None if zoo.parent is None else [zoo.parent, zoo.seed, context.spec.seed]
        return [parent, [training_key(context, run) for run in training_runs(context, "zoo")]]
    found = find_checkpoints(zoo, context.spec.source.resolve().parent)
    return [one.identity for one in found]
