"""The loss of the networks on straight segments of a map; imported where torch is needed."""

from typing import Any

import numpy as np
import torch
from attrs import define, field

from globscope.api import EvaluationError
from globscope.builtin.reducers.autoencoder.network_losses import NetworkLosses

# Points of a step, each on a segment of its own.
POINTS = 8


@define(frozen=True, kw_only=True)
class StraightLoss:
    """The mean loss at random points of random straight segments between the latent points of two members.

    The buffers of a network are those of the member at the nearer end of its segment.

    Attributes:
        weight: What the mean loss is multiplied by.
        points: (N, r) coordinates of the members, on the device.
        losses: Scores decoded networks.
        rng: Draws the segments and the points.
    """

    weight: float
    points: Any = field(eq=False, repr=False)
    losses: NetworkLosses = field(eq=False, repr=False)
    rng: np.random.Generator = field(eq=False, repr=False)

    def __call__(self, network: Any) -> Any:
        """Return the weighted mean loss, differentiable in the parameters of [encoder, decoder].

        Raises:
            EvaluationError: The task's loss is not differentiable.
        """
        ends, places = self._segments()
        latents = network[0](self.points[ends.flatten()]).unflatten(0, ends.shape)
        between = torch.lerp(latents[:, 0], latents[:, 1], torch.from_numpy(places).to(latents)[:, None])
        nearer = np.where(places < 0.5, ends[:, 0], ends[:, 1])
        try:
            return self.weight * self.losses(network[1](between), nearer).mean()
        except EvaluationError as error:
            raise EvaluationError(f"reducer.straight_loss: {error}") from error

    def _segments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the (n, 2) rows of the members at the ends of segments, and one (n,) place on each, from 0 to 1."""
        count = len(self.points)
        first = self.rng.integers(count, size=POINTS)
        second = (first + self.rng.integers(1, count, size=POINTS)) % count
        return np.stack([first, second], axis=1), self.rng.random(POINTS)
