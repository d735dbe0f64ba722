"""Networks trained one after another and in a stack, in one run: milliseconds a step of one network, and a whole zoo.

Processor time of one thread, since small networks are trained on one; cases take turns, medians over the repeats.

    OMP_NUM_THREADS=1 python benchmarks/bench_training.py [REPEATS]
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import torch
from attrs import evolve

from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.models.mlp import mlp
from globscope.builtin.tasks.supervised import Supervised
from globscope.population.stacking import StackedProbe
from globscope.population.train import example_order, fit, run_epoch
from globscope.population.train_stacked import fit_stacked
from globscope.population.training_run import TrainingRun
from globscope.population.training_state import TrainingState
from globscope.spec.training import Recipe, Train
from globscope.values.chart import Progress

EXAMPLES, EPOCHS, ZOO = 1437, 40, 64
# Widths of the layers, batch size, and how many networks are stacked.
CASES = (
    ((64, 32, 32, 10), 64, (7, 32, 64, 256)),
    ((64, 64, 64, 10), 64, (7, 32, 64)),
    ((64, 256, 128, 10), 64, (2, 7, 32, 64)),
    ((64, 256, 128, 10), 32, (2,)),
    ((64, 256, 128, 10), 128, (2,)),
    ((784, 64, 64, 10), 100, (7, 32)),
    ((784, 128, 128, 128, 10), 128, (4, 32)),
)


def probe(widths: tuple[int, ...]) -> Supervised:
    """Return a task of random examples for an MLP."""
    source = np.random.default_rng(0)
    x = source.standard_normal((EXAMPLES, widths[0])).astype(np.float32)
    y = source.integers(widths[-1], size=EXAMPLES)
    return Supervised(
        make=lambda: mlp(widths[:1], widths[-1], hidden=widths[1:-1]),
        arrays=Arrays(train=(x, y), test=(x[:360], y[:360])),
        loss=torch.nn.functional.cross_entropy,
        device="cpu",
        vmappable=True,
    )


def runs(count: int, batch: int) -> list[TrainingRun]:
    """Return runs of one recipe."""
    recipe, train = Recipe(batch_size=batch, epochs=EPOCHS), Train(at_once=count)
    return [TrainingRun(name=str(n), recipe=recipe, train=train, seed=n, row=n) for n in range(count)]


def epoch(count: int, batch: int, task: Supervised) -> Callable[[], float]:
    """Return what trains networks for an epoch, one alone or a stack, and says the seconds a network's step took."""
    asked = runs(count, batch)
    probe = task if count == 1 else StackedProbe(task, count)
    parameters, buffers = probe.initialise(0)
    leaves = {name: p.requires_grad_() for name, p in parameters.items()}
    state = TrainingState(leaves, buffers, asked[0].optimiser(list(leaves.values())), None)

    def timed() -> float:
        orders = torch.stack([example_order(run, task, state.epoch)[0] for run in asked])
        start = process_time()
        run_epoch(asked, probe, state, orders[0] if count == 1 else orders)
        return (process_time() - start) / count / -(-EXAMPLES // batch)

    return timed


def steps(repeats: int) -> None:
    """Print a row per case."""
    print("| network | batch | stacked | alone, ms a step | stacked, ms a network's step | faster |")
    print("|---|---|---|---|---|---|")
    for widths, batch, counts in CASES:
        task = probe(widths)
        ways = {count: epoch(count, batch, task) for count in (1, *counts)}
        found = {count: median([way() for _ in range(repeats + 1)][1:]) for count, way in ways.items()}
        name = "-".join(map(str, widths))
        for count in counts:
            one, many = found[1] * 1e3, found[count] * 1e3
            print(f"| {name} | {batch} | {count} | {one:.3f} | {many:.3f} | {one / many:.1f} |", flush=True)


def zoo(width: int) -> None:
    """Print the seconds of a whole zoo with its checkpoints: one after another, and in stacks."""
    task, asked = probe((64, 32, 32, 10)), runs(ZOO, 64)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{kind}-{run.name}" for kind in ("alone", "stacked") for run in asked]
        for path in paths:
            path.mkdir()
        start = process_time()
        for run, path in zip(asked, paths[:ZOO], strict=True):
            fit(run, task, path, Progress())
        middle = process_time()
        for at in range(0, ZOO, width):
            rows = [evolve(run, row=row, train=Train(at_once=width)) for row, run in enumerate(asked[at : at + width])]
            jobs = {run.name: (run, paths[ZOO + at + row]) for row, run in enumerate(rows)}
            assert list(fit_stacked(jobs, task, Progress())) == list(jobs)
        end = process_time()
    print(f"\n{ZOO} networks 64-32-32-10, {EPOCHS} epochs with checkpoints every 4: ", end="")
    print(f"{middle - start:.1f} s one after another, {end - middle:.1f} s {width} at once")


if __name__ == "__main__":
    steps(int(sys.argv[1] if len(sys.argv) > 1 else 5))
    zoo(32)
