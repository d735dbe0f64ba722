"""The loss of the networks on straight segments of a map; imported where torch is needed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from attrs import define, field

from globscope.api import EvaluationError, NetworkBuffers, Probe, ReducerInputs, Tensors, fixed_seed
from globscope.builtin.reducers.autoencoder.lifting import TorchLift, torch_lift

# Points of a step, each on a segment of its own, and the training examples on which they are scored.
POINTS, EXAMPLES = 8, 128


@define(frozen=True, kw_only=True)
class StraightLoss:
    """The mean loss at random points of random straight segments between the latent points of two members.

    The networks are decoded and scored on a few training examples. Layers are in evaluation mode, BatchNorm takes the
    statistics of these examples, and other buffers are those of the member at the nearer end of the segment.

    Attributes:
        weight: What the mean loss is multiplied by.
        points: (N, r) coordinates of the members in units of `scale`, on the device.
        scale: The unit of coordinates.
        lift: Returns (n, D) weights of (n, r) coordinates.
        probe: The task on the device.
        buffers: The rule by which networks get their buffers.
        own: The members' buffers.
        device: Name of the device.
        rng: Draws the segments, the points, the examples, and the seed of what the loss draws.
    """

    weight: float
    points: Any = field(eq=False, repr=False)
    scale: float
    lift: TorchLift = field(eq=False, repr=False)
    probe: Probe = field(eq=False, repr=False)
    buffers: NetworkBuffers = field(eq=False, repr=False)
    own: Sequence[Mapping[str, np.ndarray]] = field(eq=False, repr=False)
    device: str
    rng: np.random.Generator = field(eq=False, repr=False)

    @classmethod
    def of(cls, inputs: ReducerInputs, *, points: Any, device: str, **settings: Any) -> "StraightLoss":
        """Return the straight loss of a fit; the settings are `weight`, `scale` and `rng`."""
        probe = inputs.task().build(device)
        return cls(
            points=points.to(device),
            lift=torch_lift(inputs.space, device),
            probe=probe,
            buffers=NetworkBuffers(probe, "batch", device=device),
            own=[member.buffers for member in inputs.members],
            device=device,
            **settings,
        )

    def __call__(self, network: Any) -> Any:
        """Return the weighted mean loss, differentiable in the parameters of [encoder, decoder].

        Raises:
            EvaluationError: The task's loss is not differentiable.
        """
        ends, places = self._segments()
        latents = network[0](self.points[ends.flatten()]).unflatten(0, ends.shape)
        between = torch.lerp(latents[:, 0], latents[:, 1], torch.from_numpy(places).to(latents)[:, None])
        weights = self.lift(self.scale * network[1](between))
        nearer = np.where(places < 0.5, ends[:, 0], ends[:, 1])
        losses = self._losses(weights, [self.own[row] for row in nearer])
        if not losses.requires_grad:
            raise EvaluationError("reducer.straight_loss: the task's loss is no differentiable function of the weights")
        return self.weight * losses.mean()

    def _segments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the (n, 2) rows of the members at the ends of segments, and one (n,) place on each, from 0 to 1."""
        count = len(self.points)
        first = self.rng.integers(count, size=POINTS)
        second = (first + self.rng.integers(1, count, size=POINTS)) % count
        return np.stack([first, second], axis=1), self.rng.random(POINTS)

    def _losses(self, weights: Any, own: Sequence[Mapping[str, np.ndarray]]) -> Any:
        """Return the (n,) losses of (n, D) weights on examples that are drawn for all of them."""
        parameters, batch = self.probe.layout.unflatten(weights), self._batch()

        def loss(parameters: Tensors, buffers: Tensors) -> Any:
            total, count = self.probe.reduce(parameters, buffers, batch)["loss"]
            return total / count

        with fixed_seed(int(self.rng.integers(2**62)), self.device):
            if self.probe.vmappable:
                buffers, axes = self.buffers.stack(parameters, own)
                return torch.vmap(loss, in_dims=(0, axes), randomness="same")(parameters, buffers)
            rows = ({name: tensor[row] for name, tensor in parameters.items()} for row in range(len(own)))
            return torch.stack([loss(row, self.buffers(row, kept)) for row, kept in zip(rows, own, strict=True)])

    def _batch(self) -> Any:
        split = self.probe.splits[0]
        count = self.probe.examples(split)
        rows = self.rng.choice(count, min(EXAMPLES, count), replace=False)
        return self.probe.batch(split, torch.from_numpy(np.sort(rows)))
