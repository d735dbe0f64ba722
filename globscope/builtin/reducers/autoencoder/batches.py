"""Batches of members, with the loss of the autoencoder on each; imported where torch is needed."""

from collections.abc import Callable, Iterator
from itertools import repeat
from math import ceil
from typing import Any

import numpy as np
import torch
from attrs import define, field

from globscope.builtin.reducers.autoencoder.stress import stress_of

# The most members of a batch whose distances are compared: the pairs of more would take longer than the network.
COMPARED = 256


@define(frozen=True)
class Batch:
    """Members of one step.

    Attributes:
        points: (n, r) coordinates on the network's device.
        stress: Stress of the first (m, d) latent points, m ≤ COMPARED; None where it has no weight.
    """

    points: Any = field(eq=False, repr=False)
    stress: Callable[[Any], Any] | None = None

    def loss(self, network: Any, weight: float) -> Any:
        """Return the mean squared error of [encoder, decoder], plus the weighted stress."""
        latents = network[0](self.points)
        error = torch.nn.functional.mse_loss(network[1](latents), self.points)
        return error if self.stress is None or not weight else error + weight * self.stress(latents[:COMPARED])


def batches(data: Any, size: int, rng: np.random.Generator, device: str, *, stress: bool) -> Iterator[Batch]:
    """Yield batches without end: all members, or equal parts of them in an order drawn anew for every pass."""
    members, parts = len(data), ceil(len(data) / size)
    if parts == 1:
        data = data.to(device)
        if not stress or members <= COMPARED:
            yield from repeat(_batch(data, stress=stress))
    while True:
        for rows in np.array_split(rng.permutation(members), parts):
            yield _batch(data[torch.from_numpy(rows).to(data.device)].to(device), stress=stress)


def _batch(points: Any, *, stress: bool) -> Batch:
    return Batch(points, stress_of(points[:COMPARED]) if stress else None)
