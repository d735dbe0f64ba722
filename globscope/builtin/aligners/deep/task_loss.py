"""TaskLoss of many small networks at once, and along the straight line between two; imported where torch is needed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from globscope.api import NetworkBuffers, Population, Probe, SymmetryError, device_of, draws, fixed_seed


class TaskLoss:
    """The task's loss of a batch of networks, differentiable in their weights.

    Attributes:
        probe: Of the task.
        stacked: Whether torch computes them at once; tried out on two networks.
    """

    def __init__(self, probe: Probe, zoo: Population | None = None) -> None:
        """Find out whether the networks can be computed at once.

        Raises:
            SymmetryError: The networks of the zoo differ in a buffer.
        """
        self.probe = probe
        self._buffers = probe.initialise(0)[1] if zoo is None else _shared(probe, zoo)
        self._device = device_of(probe.initialise(0)[0])
        self._seed = 0 if draws(probe, self._device) else None  # the same numbers for all networks
        self.stacked = probe.vmappable and self._works()

    def _works(self) -> bool:
        made = [self.probe.initialise(seed)[0] for seed in range(2)]
        networks = {name: torch.stack([one[name] for one in made]).requires_grad_() for name in made[0]}
        try:
            self._together(networks, self.probe.batch(self.probe.splits[0], torch.arange(2))).sum().backward()
        except (RuntimeError, ValueError):  # vmap's: it branches on values, or draws
            return False
        return True

    def __call__(self, networks: Mapping[str, Any], batch: Any) -> Any:
        """Return the (networks,) mean losses over a batch of examples, which all share."""
        if self.stacked:
            return self._together(networks, batch)
        count = len(next(iter(networks.values())))
        return torch.stack(
            [self._one({name: one[row] for name, one in networks.items()}, batch) for row in range(count)]
        )

    def _together(self, networks: Mapping[str, Any], batch: Any) -> Any:
        return torch.vmap(lambda own: self._one(own, batch), randomness="error")(dict(networks))

    def _one(self, network: Mapping[str, Any], batch: Any) -> Any:
        with fixed_seed(self._seed, self._device):
            return self.probe.objective(network, self._buffers, batch, training=False)

    def between(self, a: Mapping[str, Any], b: Mapping[str, Any], t: Any, batch: Any) -> np.ndarray:
        """Return the (points,) losses at (points,) t of the line from a to b."""
        with torch.set_grad_enabled(self.probe.grad_inside):
            found = self(_line(a, b, t), batch).detach().cpu().double().numpy()
        losses: np.ndarray = found
        return losses


def _shared(probe: Probe, zoo: Population) -> dict[str, Any]:
    """Return the buffers that all networks have; an MLP has no statistics."""
    first, *others = (member.buffers for member in zoo.members)
    for name in probe.initialise(0)[1]:
        if any(one[name] is not first[name] and not np.array_equal(one[name], first[name]) for one in others):
            raise SymmetryError(f"deep-align: the zoo's networks differ in the buffer {name!r}, which is not aligned")
    return NetworkBuffers(probe, "initial")(probe.initialise(0)[0], first)


def _line(a: Mapping[str, Any], b: Mapping[str, Any], t: Any) -> dict[str, Any]:
    return {name: torch.lerp(one[None], b[name][None], t.view(-1, *[1] * one.dim())) for name, one in a.items()}


def examples(probe: Probe, split: str, count: int, rng: np.random.Generator) -> Any:
    """Return a batch of so many examples of a split, or of all it has."""
    total = probe.examples(split)
    drawn = rng.choice(total, min(count, total), replace=False)
    return probe.batch(split, torch.from_numpy(np.sort(drawn)))
