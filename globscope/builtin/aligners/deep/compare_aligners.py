"""The barriers of aligners between networks that were not used in learning; imported where torch is needed."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np
import torch
from attrs import define

from globscope.api import Aligner, Population, Probe, Symmetry, Task, area, barrier, symmetry
from globscope.builtin.aligners.activations import ActivationMatching
from globscope.builtin.aligners.deep.learned import LearnedAligner
from globscope.builtin.aligners.deep.task_loss import TaskLoss, examples
from globscope.builtin.aligners.weights import WeightMatching

# How many points of a line are measured.
POINTS = 21
# The most examples of the last split that are used.
EXAMPLES = 2000


@define(frozen=True)
class PreparedTask:
    """A task that is built already, since aligners build it for every pair."""

    probe: Probe

    def build(self, device: str) -> Probe:
        """Return the probe, on its device."""
        del device
        return self.probe


def report(task: Task, zoo: Population, pairs: np.ndarray, learned: LearnedAligner, seed: int) -> dict[str, np.ndarray]:
    """Return (n,) barriers, areas and seconds of (n, 2) pairs by `report/<method>/<figure>`, and the `pairs`.

    A barrier is the largest excess of the loss on the last split over the interpolation of the ends' losses, of 21
    points of the straight line; the area is the integral of the excess.
    """
    probe = task.build("cpu")
    batch = examples(probe, probe.splits[-1], EXAMPLES, np.random.default_rng([seed, 0]))
    methods: dict[str, Aligner | None] = {
        "as they are": None,
        "weight-matching": WeightMatching(),
        "activation-matching": ActivationMatching(),
        "deep-align": learned,
    }
    figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in methods}
    compared = PairComparison(PreparedTask(probe), zoo, TaskLoss(probe, zoo), batch, symmetry(probe))
    for number, pair in enumerate(pairs):
        for name, method in methods.items():
            figures[name].append(compared.figures(pair, method, np.random.default_rng([seed, 1 + number])))
    by_method = {name: np.array(rows, float).T for name, rows in figures.items()}
    kinds = ("barrier", "area", "seconds")
    arrays = {
        f"report/{name}/{kind}": row for name, rows in by_method.items() for kind, row in zip(kinds, rows, strict=True)
    }
    return arrays | {"report/pairs": pairs}


@define(frozen=True)
class PairComparison:
    """Pairs of networks of a zoo, aligned and measured."""

    task: PreparedTask
    zoo: Population
    losses: TaskLoss
    batch: Any
    symmetry: Symmetry

    def figures(self, pair: np.ndarray, method: Aligner | None, rng: np.random.Generator) -> tuple[float, float, float]:
        """Return the barrier and the area of a pair after alignment, and the seconds of aligning."""
        a, b = (self.zoo.tensors(int(row)) for row in pair)
        start = perf_counter()
        permutations = {} if method is None else method.align(self.task, a, b, rng)
        seconds = perf_counter() - start
        first, second = (_torch(network) for network in (a, self.symmetry.permute(b, permutations)))
        line, t = (
            self.losses.between(first, second, torch.linspace(0, 1, POINTS), self.batch),
            np.linspace(0, 1, POINTS),
        )
        return barrier(line, t), area(line, t), seconds


def _torch(network: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {name: torch.from_numpy(np.array(array)) for name, array in network.items()}
