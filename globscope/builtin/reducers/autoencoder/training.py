"""The training of an autoencoder; imported where torch is needed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import cos, isfinite, pi
from typing import Any

import torch
from attrs import define, field

from globscope.api import GlobscopeError, Progress
from globscope.builtin.reducers.autoencoder.batches import Batch

# Number of steps between checks of the loss, each of which waits for the device and updates the progress bar.
CHECK_EVERY = 50
# What is left of the rate at the start, after some of all steps.
SCHEDULES: dict[str, Callable[[float, int], float]] = {
    "linear": lambda step, steps: 1 - step / steps,
    "cosine": lambda step, steps: (1 + cos(pi * step / steps)) / 2,
    "constant": lambda *_: 1.0,
}
# Share of the steps in which the stress loses its weight: the last ones only reduce the error.
STRESSED = 0.6


@define(frozen=True, kw_only=True)
class Training:
    """How an autoencoder is trained, and how its progress is shown.

    Attributes:
        steps: Number of steps, at most.
        schedule: A key of SCHEDULES. The weights of further terms follow it as well, and that of the stress in the
            first steps.
        stress: Weight of the stress at the start.
        further: By option, functions that return a weighted term of a network's loss at the start.
        enough: Error per coordinate below which training stops.
        per_weight: Error per weight of an error per coordinate of 1.
        progress: Receives the progress of the fit.
    """

    steps: int
    schedule: str
    stress: float
    further: Mapping[str, Callable[[Any], Any]] = field(factory=dict, eq=False, repr=False)
    enough: float
    per_weight: float
    progress: Progress = field(eq=False, repr=False)

    def train(
        self, network: Any, optimisers: list[Any], batches: Iterator[Batch], parts: list[Any]
    ) -> dict[str, float]:
        """Train in place, and return the final figures of the fit.

        Args:
            network: The torch module [encoder, decoder].
            optimisers: Those that change its parameters.
            batches: Yields the batch of every step.
            parts: All members' coordinates, in parts that are moved to the network's device to measure the error.

        Raises:
            GlobscopeError: The loss is no longer finite.
        """
        rates = [(group, group["lr"]) for optimiser in optimisers for group in optimiser.param_groups]
        for step in range(self.steps + 1):
            if step % CHECK_EVERY == 0 or step == self.steps:
                error = self._report(step, error_of(network, parts), rates[0][1])
                if error < self.enough or step == self.steps:
                    break
            for group, rate in rates:
                group["lr"] = rate * self._share(step)
            network.zero_grad()
            loss = next(batches).loss(network, self._share(step / STRESSED) * self.stress)
            for term in self.further.values():
                loss = loss + self._share(step) * term(network)
            loss.backward()
            for optimiser in optimisers:
                optimiser.step()
        if step < self.steps:  # stopped early
            self.progress(self.steps, self.steps, mse=error * self.per_weight)
        return {"steps": step, "mse_per_weight": error * self.per_weight}

    def _share(self, step: float) -> float:
        return SCHEDULES[self.schedule](min(step, self.steps), self.steps)

    def _report(self, step: int, error: float, rate: float) -> float:
        if not isfinite(error):
            raise GlobscopeError(
                f"reducer 'autoencoder': the loss is no longer finite at step {step}; lower its learning_rate, {rate:g}"
                + (f", or leave out {' and '.join(self.further)}" if self.further else "")
            )
        self.progress(step, self.steps, mse=error * self.per_weight)
        return error


def error_of(network: Any, parts: Sequence[Any]) -> float:
    """Return the mean squared error per coordinate over all parts."""
    device = next(network.parameters()).device
    with torch.inference_mode():
        points = (part.to(device) for part in parts)
        squares = sum(float((network(part) - part).square().sum()) for part in points)
    return squares / float(sum(part.numel() for part in parts))
