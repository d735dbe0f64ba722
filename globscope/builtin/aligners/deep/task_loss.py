"""The task's loss of many small networks at once, and along a straight line; imported where torch is needed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from globscope.api import NetworkBuffers, Population, Probe, SymmetryError, device_of, draws, fixed_seed


class TaskLoss:
    """The task's loss of a batch of networks, differentiable in their weights.

    Attributes:
        probe: The probe of the task.
        stacked: Whether torch computes several networks at once, tried on two.
    """

    def __init__(self, probe: Probe, zoo: Population | None = None) -> None:
        """Find out whether several networks can be computed at once.

        Raises:
            SymmetryError: The networks of the zoo differ in a buffer.
        """
        self.probe = probe
        self._buffers = probe.initialise(0)[1] if zoo is None else _common_buffers(probe, zoo)
        self._device = device_of(probe.initialise(0)[0])
        self._seed = 0 if draws(probe, self._device) else None  # the same numbers for all networks
        self.stacked = probe.vmappable and self._works()

    def _works(self) -> bool:
        fresh = [self.probe.initialise(seed)[0] for seed in range(2)]
        networks = {name: torch.stack([tensor[name] for tensor in fresh]).requires_grad_() for name in fresh[0]}
        try:
            self._stacked_losses(networks, self.probe.batch(self.probe.splits[0], torch.arange(2))).sum().backward()
        except (RuntimeError, ValueError):  # vmap's: it branches on values, or draws
            return False
        return True

    def __call__(self, networks: Mapping[str, Any], batch: Any) -> Any:
        """Return the networks' (networks,) mean losses over the same batch of examples."""
        if self.stacked:
            return self._stacked_losses(networks, batch)
        count = len(next(iter(networks.values())))
        return torch.stack(
            [
                self._loss_of_network({name: tensor[row] for name, tensor in networks.items()}, batch)
                for row in range(count)
            ]
        )

    def _stacked_losses(self, networks: Mapping[str, Any], batch: Any) -> Any:
        return torch.vmap(lambda network: self._loss_of_network(network, batch), randomness="error")(dict(networks))

    def _loss_of_network(self, network: Mapping[str, Any], batch: Any) -> Any:
        with fixed_seed(self._seed, self._device):
            return self.probe.objective(network, self._buffers, batch, training=False)

    def between(self, a: Mapping[str, Any], b: Mapping[str, Any], t: Any, batch: Any) -> np.ndarray:
        """Return the (points,) losses at the (points,) positions t of the line from a to b."""
        with torch.set_grad_enabled(self.probe.grad_inside):
            losses: np.ndarray = self(_line(a, b, t), batch).detach().cpu().double().numpy()
        return losses


def _common_buffers(probe: Probe, zoo: Population) -> dict[str, Any]:
    """Return the buffers that all networks share; an MLP has no statistics."""
    first, *others = (member.buffers for member in zoo.members)
    for name in probe.initialise(0)[1]:
        if any(
            buffers[name] is not first[name] and not np.array_equal(buffers[name], first[name]) for buffers in others
        ):
            raise SymmetryError(f"deep-align: the zoo's networks differ in the buffer {name!r}, which is not aligned")
    return NetworkBuffers(probe, "initial")(probe.initialise(0)[0], first)


def _line(a: Mapping[str, Any], b: Mapping[str, Any], t: Any) -> dict[str, Any]:
    return {
        name: torch.lerp(tensor[None], b[name][None], t.view(-1, *[1] * tensor.dim())) for name, tensor in a.items()
    }


def examples(probe: Probe, split: str, count: int, rng: np.random.Generator) -> Any:
    """Return a batch of so many random examples of a split, or of all its examples."""
    total = probe.examples(split)
    rows = rng.choice(total, min(count, total), replace=False)
    return probe.batch(split, torch.from_numpy(np.sort(rows)))
