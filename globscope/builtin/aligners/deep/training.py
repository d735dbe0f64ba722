"""Learning step by step, so that a killed run ends as it would have; imported where torch is needed."""

from math import cos, pi
from time import perf_counter
from typing import Any

import numpy as np
import torch
from attrs import define, field

from globscope.api import Draft, GlobscopeError, Population, Progress
from globscope.builtin.aligners.deep.architecture import Architecture
from globscope.builtin.aligners.deep.checkpoint import State
from globscope.builtin.aligners.deep.losses import Objective
from globscope.builtin.aligners.deep.network import Reader
from globscope.builtin.aligners.deep.options import Options
from globscope.builtin.aligners.deep.validation import Validation
from globscope.builtin.aligners.deep.zoo import networks

WARM_UP = 100
CLIP = 1.0


@define(frozen=True, kw_only=True)
class Training:
    """How an aligner learns.

    Attributes:
        options: Of the training.
        form: Of what learns.
        objective: What is made small.
        validation: By what the best weights are chosen.
        zoo: All networks.
        rows: Of those that it learns from.
        device: Where.
        seed: From which follows, with a step's number, all that is drawn in the step.
    """

    options: Options
    form: Architecture
    objective: Objective
    validation: Validation
    zoo: Population
    rows: np.ndarray = field(eq=False)
    device: str
    seed: int

    def run(self, draft: Draft, progress: Progress) -> State:
        """Return what has learned, continued from its draft, which is written at each validation.

        Raises:
            GlobscopeError: The training diverged.
        """
        state, steps = self._begun(draft), self.options.steps
        losses: list[dict[str, Any]] = []
        start = perf_counter() - state.seconds
        while True:
            if state.step in (steps, *range(0, steps, self.options.validate_every)) and state.due:
                means = self._means(losses, state)  # first, since it tells of a divergence
                barrier, sharpness = self.validation.barrier(state.reader), float(state.reader.sharpness.detach())
                state.measured(barrier=barrier, sharpness=sharpness, **means)
                state.seconds, losses = perf_counter() - start, []
                draft.write(state.arrays)
            progress(state.step, steps, **state.last)
            if state.step == steps:
                return state
            losses.append(self._step(state))
            state.step += 1

    def _begun(self, draft: Draft) -> State:
        """Return the state of a draft, or a fresh one."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.seed)
            reader = Reader(self.form).to(self.device)
        options = self.options
        optimiser = torch.optim.AdamW(
            reader.parameters(),
            lr=options.learning_rate,
            weight_decay=options.weight_decay,
            fused=self.device != "mps",  # the same sums, in one operation for all tensors
        )
        state, held = State(reader, optimiser), draft.read()
        if held:
            state.take(held)
        return state

    def _step(self, state: State) -> dict[str, Any]:
        """Move the weights by one batch of networks; return its losses, still on the device."""
        source = np.random.default_rng([self.seed, state.step])
        rows = source.choice(self.rows, min(self.options.batch_size, len(self.rows)), replace=False)
        probe = self.objective.task.probe
        at = source.integers(probe.examples(probe.splits[0]), size=self.options.examples)
        draw = torch.Generator(self.device).manual_seed(int(source.integers(2**62)))
        batch = probe.batch(probe.splits[0], torch.from_numpy(at))
        losses = self.objective.losses(state.reader, networks(self.zoo, rows, self.device), batch, draw)
        state.optimiser.zero_grad()
        losses["loss"].backward()
        torch.nn.utils.clip_grad_norm_(state.reader.parameters(), CLIP)
        for group in state.optimiser.param_groups:
            group["lr"] = self._rate(state.step)
        state.optimiser.step()
        return {name: loss.detach() for name, loss in losses.items()}

    def _rate(self, step: int) -> float:
        warm = min(1.0, (step + 1) / WARM_UP)
        return self.options.learning_rate * warm * (1 + cos(pi * step / self.options.steps)) / 2

    def _means(self, losses: list[dict[str, Any]], state: State) -> dict[str, float]:
        """Return the mean losses since the last validation; NaN before the first step."""
        names = self.objective.names
        means = {name: float(torch.stack([one[name] for one in losses]).mean()) if losses else np.nan for name in names}
        if losses and not np.isfinite(means["loss"]):
            raise GlobscopeError(
                f"deep-align diverged within step {state.step} of its training: its loss is no longer finite; lower "
                f"learning_rate, {self.options.learning_rate:g}"
            )
        return means
