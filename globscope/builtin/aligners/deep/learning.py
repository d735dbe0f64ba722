"""From a zoo to an aligner and its report; imported where torch is needed."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np
import torch
from attrs import define

from globscope.api import (
    Aligner,
    Draft,
    Population,
    PreparedTask,
    Probe,
    Progress,
    Symmetry,
    Task,
    area,
    barrier,
    device,
    symmetry,
    threads_for,
)
from globscope.builtin.aligners.activations import ActivationMatching
from globscope.builtin.aligners.deep.checkpoint import HISTORY, LearningState
from globscope.builtin.aligners.deep.learned import WEIGHTS, LearnedAligner
from globscope.builtin.aligners.deep.losses import Objective
from globscope.builtin.aligners.deep.mlp import Mlp, read_mlp
from globscope.builtin.aligners.deep.options import Architecture, Options
from globscope.builtin.aligners.deep.task_loss import TaskLoss, examples
from globscope.builtin.aligners.deep.training import EXAMPLES, AlignerTraining, Validation
from globscope.builtin.aligners.deep.zoo import Split, random_pairs, scales, split_zoo
from globscope.builtin.aligners.weights import WeightMatching


def learn(
    options: Options, task: Task, zoo: Population, *, draft: Draft, progress: Progress, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return what was learned: weights, architecture and scales, with the history and the report."""
    options.require_loss()
    seed = int(rng.integers(2**62))
    probe = task.build(device(options.device, "deep-align: device"))
    parts = split_zoo(zoo, np.random.default_rng([seed, 0]))
    with threads_for(probe.layout.size * options.batch_size * options.examples):
        training = _training(options, probe, zoo, parts, seed)
        arrays = _arrays(training, training.run(draft, progress))
        arrays |= {f"networks/{name}": rows for name, rows in parts.rows.items()}
        held_out = random_pairs(parts.test, options.pairs, np.random.default_rng([seed, 1]))
        return arrays | report(task, zoo, held_out, LearnedAligner(arrays=arrays), seed)


def _training(options: Options, probe: Probe, zoo: Population, parts: Split, seed: int) -> AlignerTraining:
    mlp, losses = read_mlp(probe), TaskLoss(probe, zoo)
    deviations = scales(zoo, parts.train, mlp)
    device_ = device(options.device, "deep-align: device")
    validation = Validation(
        zoo=zoo,
        pairs=random_pairs(parts.validation, options.pairs, np.random.default_rng([seed, 2])),
        mlp=mlp,
        scales=deviations,
        losses=losses,
        batch=examples(probe, probe.splits[0], EXAMPLES, np.random.default_rng([seed, 3])),
        device=device_,
    )
    return AlignerTraining(
        options=options,
        architecture=_architecture(options, mlp),
        objective=Objective(options=options, mlp=mlp, scales=deviations, task=losses),
        validation=validation,
        zoo=zoo,
        rows=parts.train,
        device=device_,
        seed=seed,
    )


def _architecture(options: Options, mlp: Mlp) -> Architecture:
    return Architecture(
        inputs=mlp.widths[0],
        hidden=len(mlp.hidden),
        outputs=mlp.widths[-1],
        messages=options.messages,
        width=options.width,
        blocks=options.blocks,
        channels=options.channels,
    )


def _arrays(training: AlignerTraining, state: LearningState) -> dict[str, Any]:
    arrays = {f"{WEIGHTS}{name}": array for name, array in state.best.items()} | training.architecture.arrays
    arrays |= {f"{HISTORY}{name}": np.array(figures, float) for name, figures in state.history.items()}
    return arrays | {"scales": training.validation.scales, "seconds": np.array(state.seconds)}


# How many points of a line are measured.
POINTS = 21
# The most examples of the last split that are used.
TEST_EXAMPLES = 2000


def report(task: Task, zoo: Population, pairs: np.ndarray, learned: LearnedAligner, seed: int) -> dict[str, np.ndarray]:
    """Return (n,) barriers, areas and seconds of (n, 2) pairs by `report/<method>/<figure>`, and the `pairs`.

    A barrier is the largest excess of the loss on the last split over the interpolation of the ends' losses, of 21
    points of the straight line; the area is the integral of the excess.
    """
    probe = task.build("cpu")
    batch = examples(probe, probe.splits[-1], TEST_EXAMPLES, np.random.default_rng([seed, 0]))
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
