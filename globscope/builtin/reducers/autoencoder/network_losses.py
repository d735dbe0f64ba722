"""The losses of decoded networks, differentiable; imported where torch is needed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from attrs import define, field

from globscope.api import EvaluationError, NetworkBuffers, Probe, ReducerInputs, Tensors, fixed_seed
from globscope.builtin.reducers.autoencoder.lifting import TorchLift, torch_lift

# Training examples on which networks are scored.
EXAMPLES = 128


@define(frozen=True, kw_only=True)
class NetworkLosses:
    """The losses of networks on a few training examples.

    Layers are in evaluation mode, BatchNorm takes the statistics of these examples, and other buffers are a member's.

    Attributes:
        scale: The unit of coordinates.
        lift: Returns (n, D) weights of (n, r) coordinates.
        probe: The task on the device.
        buffers: The rule by which networks get their buffers.
        own: The members' buffers.
        device: Name of the device.
        rng: Draws the examples, and the seed of what the loss draws.
    """

    scale: float
    lift: TorchLift = field(eq=False, repr=False)
    probe: Probe = field(eq=False, repr=False)
    buffers: NetworkBuffers = field(eq=False, repr=False)
    own: Sequence[Mapping[str, np.ndarray]] = field(eq=False, repr=False)
    device: str
    rng: np.random.Generator = field(eq=False, repr=False)

    @classmethod
    def of(cls, inputs: ReducerInputs, *, device: str, scale: float, rng: np.random.Generator) -> "NetworkLosses":
        """Return the losses of a fit.

        Raises:
            EvaluationError: The task measures no loss.
        """
        probe = inputs.task().build(device)
        if "loss" not in probe.measures:
            raise EvaluationError(f"the task measures no 'loss' ({', '.join(probe.measures)})")
        return cls(
            scale=scale,
            lift=torch_lift(inputs.space, device),
            probe=probe,
            buffers=NetworkBuffers(probe, "batch", device=device),
            own=[member.buffers for member in inputs.members],
            device=device,
            rng=rng,
        )

    def __call__(self, coordinates: Any, rows: np.ndarray) -> Any:
        """Return the (n,) losses of (n, r) coordinates in units of `scale`, with the buffers of members in these rows.

        Raises:
            EvaluationError: The task's loss is not differentiable.
        """
        losses = self._losses(self.lift(self.scale * coordinates), [self.own[row] for row in rows])
        if coordinates.requires_grad and not losses.requires_grad:
            raise EvaluationError("the task's loss is no differentiable function of the weights")
        return losses

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
