"""How long a training step and a scoring take on this machine, tried out."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from attrs import define, evolve, field

from globscope.population.checkpoint import as_array
from globscope.population.run import Run
from globscope.population.stack import Together, stacks
from globscope.roles import Probe
from globscope.scoring.draws import seeded
from globscope.store import key
from globscope.study.context import Context
from globscope.study.fields import draw_seed
from globscope.study.journal import DiskJournal
from globscope.values.chart import Progress
from globscope.values.evaluation import Networks

# Examples of a first trial step, and the seconds beyond which a trial is long enough to tell.
FEW, LONG = 16, 0.5


@define
class Before:
    """What the cells of a sweep before this one have had already.

    Attributes:
        trained: Keys of the trainings.
        steps: Seconds of a training step, by task, batch size and how many are trained at once.
        scores: Seconds of scoring a network, by task and evaluator.
    """

    trained: set[str] = field(factory=set)
    steps: dict[tuple[str, int, int], float] = field(factory=dict)
    scores: dict[str, float] = field(factory=dict)


def training(context: Context, runs: Sequence[Run], before: Before) -> float:
    """Return the seconds of all runs, from a few measured steps of every batch size."""
    if not runs:
        return 0.0
    probe = context.whole.build("cpu")
    examples = probe.examples(probe.splits[0])
    total = 0.0
    for run, *_ in stacks(runs):
        size, width = run.recipe.batch_size, 1 if run.row is None else run.train.at_once
        step = (context.whole_key, size, width)
        if step not in before.steps:
            before.steps[step] = _step(probe if width == 1 else Together(probe, width), min(size, examples))
        total += before.steps[step] * -(-examples // size) * run.epochs
    return total


def _step(probe: Probe | Together, size: int) -> float:
    """Return the seconds of a step; a long one is extrapolated from fewer examples, or `check` would take minutes."""
    few = min(size, FEW)
    seconds = _measured(probe, few)
    return seconds * size / few if seconds > LONG else _measured(probe, size)


def _measured(probe: Probe | Together, size: int) -> float:
    import torch

    parameters, buffers = probe.initialise(0)
    leaves = {name: p.requires_grad_() for name, p in parameters.items()}
    at = torch.arange(size)
    batch = probe.batch(probe.splits[0], at.expand(probe.width, size) if isinstance(probe, Together) else at)
    times: list[float] = []
    while len(times) < 4 and sum(times) < LONG:
        start = perf_counter()
        with seeded(0, "cpu"):
            probe.objective(leaves, buffers, batch, training=True).sum().backward()
        times.append(perf_counter() - start)
    return min(times)  # the first warms up


def scoring(context: Context, before: Before) -> float:
    """Return the seconds of scoring one network, from a few fresh ones."""
    of = key(context.task_key, context.identity(context.spec.evaluator.component))
    if of not in before.scores:
        before.scores[of] = _scoring(context)
    return before.scores[of]


def _scoring(context: Context) -> float:
    first = _scored(context, 1)  # warms up as well, which may take longer than the scoring
    again = first if first > 20 * LONG else _scored(context, 1)
    return min(first, again) if again > LONG else _scored(context, 2) / 2


def _scored(context: Context, count: int) -> float:
    probe = context.task.build("cpu")
    parameters, buffers = ({n: as_array(t.cpu(), n) for n, t in one.items()} for one in probe.initialise(0))
    weights, seed = np.stack([probe.layout.flatten(parameters)] * count), draw_seed(context)
    networks = evolve(Networks.of(weights, [buffers] * count), seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        journal = DiskJournal(Path(folder), len(networks))
        context.spec.evaluator.component.evaluate(networks, context.task, journal, Progress())
        return perf_counter() - start
