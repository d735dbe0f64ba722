"""How long a training step and a scoring take on this machine, tried out."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

from globscope.population.run import Run
from globscope.population.stack import Together, stacks
from globscope.roles import Probe
from globscope.study.context import Context
from globscope.study.journal import DiskJournal
from globscope.values.chart import Progress
from globscope.values.evaluation import Networks

# Examples of a first trial step, and the seconds beyond which a trial is long enough to tell.
FEW, LONG = 16, 0.5


def training(context: Context, runs: Sequence[Run]) -> float:
    """Return the seconds of all runs, from a few measured steps of every batch size."""
    if not runs:
        return 0.0
    probe = context.whole.build("cpu")
    examples = probe.examples(probe.splits[0])
    seconds: dict[tuple[int, int], float] = {}
    total = 0.0
    for run, *_ in stacks(runs):
        size, width = run.recipe.batch_size, 1 if run.row is None else run.train.at_once
        if (size, width) not in seconds:
            seconds[size, width] = _step(probe if width == 1 else Together(probe, width), min(size, examples))
        total += seconds[size, width] * -(-examples // size) * run.epochs
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
        probe.objective(leaves, buffers, batch, training=True).sum().backward()
        times.append(perf_counter() - start)
    return min(times)  # the first warms up


def scoring(context: Context) -> float:
    """Return the seconds of scoring one network, from a few fresh ones."""
    probe = context.task.build("cpu")
    parameters, _ = probe.initialise(0)
    vector = probe.layout.flatten({name: p.cpu().numpy() for name, p in parameters.items()})
    first = _scored(context, vector[None])
    return first if first > LONG else _scored(context, np.stack([vector] * 2)) / 2


def _scored(context: Context, weights: np.ndarray) -> float:
    networks = Networks.of(weights)
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        journal = DiskJournal(Path(folder), len(networks))
        context.spec.evaluator.component.evaluate(networks, context.task, journal, Progress())
        return perf_counter() - start
