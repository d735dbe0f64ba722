"""The training of an aligner, which can be killed and resumed with equal results; imported where torch is needed."""

from math import cos, pi
from time import perf_counter
from typing import Any

import numpy as np
import torch
from attrs import define, field

from globscope.api import Draft, GlobscopeError, Population, Progress, barrier
from globscope.builtin.aligners.deep.checkpoint import LearningState
from globscope.builtin.aligners.deep.losses import Objective
from globscope.builtin.aligners.deep.mlp import Mlp
from globscope.builtin.aligners.deep.network import UnitEncoder, cosines
from globscope.builtin.aligners.deep.options import Architecture, Options
from globscope.builtin.aligners.deep.task_loss import TaskLoss
from globscope.builtin.aligners.deep.zoo import networks
from globscope.builtin.aligners.unit_similarity import best_assignment

# How many points of a line are measured: with few, the largest excess is slightly too low, equally for all weights.
POINTS = 11
# The most training examples: 60 pairs then take about a second.
EXAMPLES = 512


@define(frozen=True, kw_only=True)
class Validation:
    """The measurement that chooses the best weights.

    Attributes:
        zoo: The population of all networks of the zoo.
        pairs: (n, 2) rows of the networks that are compared.
        mlp: The networks' layers.
        scales: (layers, 2) standard deviations of the zoo's weights and biases.
        losses: The task's loss of a batch of networks.
        batch: A batch of training examples.
        device: The torch device of networks and examples.
    """

    zoo: Population
    pairs: np.ndarray = field(eq=False)
    mlp: Mlp
    scales: np.ndarray = field(eq=False)
    losses: TaskLoss
    batch: Any = field(eq=False)
    device: str

    def barrier(self, encoder: UnitEncoder) -> float:
        """Return the mean barrier of the pairs after a hard alignment."""
        rows, places = np.unique(self.pairs, return_inverse=True)
        batch = networks(self.zoo, rows, self.device)
        with torch.no_grad():
            units = encoder(*self.mlp.read(batch, self.scales))
        barriers = []
        for a, b in places.reshape(-1, 2):
            scores = cosines([features[a] for features in units], [features[b] for features in units])
            orders = [
                torch.from_numpy(best_assignment(matrix.cpu().numpy()))[None].to(self.device) for matrix in scores
            ]
            first, second = ({name: tensor[[row]] for name, tensor in batch.items()} for row in (a, b))
            barriers.append(self._line(first, self.mlp.permute(second, orders)))
        return float(np.mean(barriers))

    def _line(self, a: dict[str, Any], b: dict[str, Any]) -> float:
        """Return the barrier between two networks, each a batch of one."""
        first = next(iter(a.values()))
        t = torch.linspace(0, 1, POINTS, device=first.device)
        first_network, second_network = ({name: tensor[0] for name, tensor in network.items()} for network in (a, b))
        return barrier(self.losses.between(first_network, second_network, t, self.batch), np.linspace(0, 1, POINTS))


WARM_UP = 100
CLIP = 1.0


@define(frozen=True, kw_only=True)
class AlignerTraining:
    """The training of an aligner.

    Attributes:
        options: The options of the training.
        architecture: The architecture of the encoder.
        objective: The losses that are minimised.
        validation: The measurement that chooses the best weights.
        zoo: The population of all networks of the zoo.
        rows: (n,) rows of the networks that it learns from.
        device: The torch device on which it learns.
        seed: The seed, together with a step's number, of all draws in the step.
    """

    options: Options
    architecture: Architecture
    objective: Objective
    validation: Validation
    zoo: Population
    rows: np.ndarray = field(eq=False)
    device: str
    seed: int

    def run(self, draft: Draft, progress: Progress) -> LearningState:
        """Train, continuing from a draft, which is written at each validation; return the last state.

        Raises:
            GlobscopeError: The training diverged.
        """
        state, steps = self._resume_or_start(draft), self.options.steps
        losses: list[dict[str, Any]] = []
        start = perf_counter() - state.seconds
        while True:
            if state.step in (steps, *range(0, steps, self.options.validate_every)) and state.due:
                means = self._means(losses, state)  # first, since it raises if the training diverged
                barrier, sharpness = self.validation.barrier(state.encoder), float(state.encoder.sharpness.detach())
                state.add_measurement(barrier=barrier, sharpness=sharpness, **means)
                state.seconds, losses = perf_counter() - start, []
                draft.write(state.arrays)
            progress(state.step, steps, **state.last)
            if state.step == steps:
                return state
            losses.append(self._step(state))
            state.step += 1

    def _resume_or_start(self, draft: Draft) -> LearningState:
        """Return the state of a draft, or a fresh one."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.seed)
            encoder = UnitEncoder(self.architecture).to(self.device)
        options = self.options
        optimiser = torch.optim.AdamW(
            encoder.parameters(),
            lr=options.learning_rate,
            weight_decay=options.weight_decay,
            fused=self.device != "mps",  # the same sums, in one operation for all tensors
        )
        state, stored = LearningState(encoder, optimiser), draft.read()
        if stored:
            state.take(stored)
        return state

    def _step(self, state: LearningState) -> dict[str, Any]:
        """Take a gradient step on one batch of networks; return its losses, still on the device."""
        source = np.random.default_rng([self.seed, state.step])
        rows = source.choice(self.rows, min(self.options.batch_size, len(self.rows)), replace=False)
        probe = self.objective.task.probe
        indices = source.integers(probe.examples(probe.splits[0]), size=self.options.examples)
        draw = torch.Generator(self.device).manual_seed(int(source.integers(2**62)))
        batch = probe.batch(probe.splits[0], torch.from_numpy(indices))
        losses = self.objective.losses(state.encoder, networks(self.zoo, rows, self.device), batch, draw)
        state.optimiser.zero_grad()
        losses["loss"].backward()
        torch.nn.utils.clip_grad_norm_(state.encoder.parameters(), CLIP)
        for group in state.optimiser.param_groups:
            group["lr"] = self._rate(state.step)
        state.optimiser.step()
        return {name: loss.detach() for name, loss in losses.items()}

    def _rate(self, step: int) -> float:
        warm = min(1.0, (step + 1) / WARM_UP)
        return self.options.learning_rate * warm * (1 + cos(pi * step / self.options.steps)) / 2

    def _means(self, losses: list[dict[str, Any]], state: LearningState) -> dict[str, float]:
        """Return the mean losses since the last validation; NaN before the first step."""
        names = self.objective.names
        means = {
            name: float(torch.stack([step_losses[name] for step_losses in losses]).mean()) if losses else np.nan
            for name in names
        }
        if losses and not np.isfinite(means["loss"]):
            raise GlobscopeError(
                f"deep-align diverged within step {state.step} of its training: its loss is no longer finite; lower "
                f"learning_rate, {self.options.learning_rate:g}"
            )
        return means
