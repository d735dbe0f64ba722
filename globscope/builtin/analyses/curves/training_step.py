"""A curve in training, and the step that moves its bends."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import (
    Draft,
    NetworkBuffers,
    Precision,
    Probe,
    RecordedStep,
    channels_last,
    precise,
    prefers_channels_last,
    takes_channels_last,
)
from globscope.builtin.analyses.curves.shapes import Shape, straight_bends

Arrays = Mapping[str, np.ndarray]

MOMENTUM = 0.9


@define(frozen=True, kw_only=True)
class Settings:
    """How a curve is trained.

    Attributes:
        shape: Shape of the curve.
        bends: Number of trained points between its ends.
        epochs: Number of passes over the training examples.
        learning_rate: Learning rate of the first half.
        batch_size: Number of examples per step, all at one t.
        weight_decay: λ of the regulariser λ/2 ‖φ(t)‖².
        precision: Precision of matrix products in training on a cuda GPU; bends stay float32.
        cuda_graphs: Whether a cuda GPU records a step and repeats it.
    """

    shape: Shape
    bends: int
    epochs: int
    learning_rate: float
    batch_size: int
    weight_decay: float
    precision: Precision = "float32"
    cuda_graphs: bool = True

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch: constant, then falling to a hundredth from 50 % to 90 %."""
        share = min(max((epoch / self.epochs - 0.5) / 0.4, 0.0), 1.0)
        return self.learning_rate * (1 - 0.99 * share)


@define
class CurveState:
    """A curve in training.

    Attributes:
        ends: (2, D) float32 networks, on the device.
        bends: (bends, D) float32 networks, on the device.
        velocity: (bends, D) momentum of the bends, on the device.
        statistics: Statistics that layers in training mode write to; they belong to no network.
        network_buffers: Gives a network its other buffers.
        images_last: Whether images and convolutions have their channels last in memory.
        epoch: Number of epochs trained.
        steps: Takes the steps on a GPU.
    """

    ends: Any
    bends: Any
    velocity: Any
    statistics: dict[str, Any]
    network_buffers: NetworkBuffers
    images_last: bool
    epoch: int = 0
    steps: RecordedStep = field(factory=RecordedStep)

    @property
    def tensors(self) -> dict[str, Any]:
        """The tensors that training changes."""
        return {"bends": self.bends, "velocity": self.velocity} | {f"buffer/{n}": b for n, b in self.statistics.items()}

    @property
    def device(self) -> str:
        """Where it is trained."""
        return str(self.ends.device)


def initial_state(
    probe: Probe, ends: np.ndarray, settings: Settings, draft: Draft, start: np.ndarray | None
) -> CurveState:
    """Return the state of a draft, or of an untrained curve."""
    import torch

    parameters, fresh = probe.initialise(0)
    device = str(next(iter(parameters.values())).device)
    first = straight_bends(ends, settings.bends) if start is None else start
    # Copies: the bends change in place, and the arguments belong to the caller.
    fixed, bends = (torch.from_numpy(np.array(networks, np.float32)).to(device) for networks in (ends, first))
    state = CurveState(
        ends=fixed,
        bends=bends,
        velocity=torch.zeros_like(bends),
        statistics={name: fresh[name] for name in probe.statistics},
        network_buffers=NetworkBuffers(probe, "batch"),
        images_last=prefers_channels_last(settings.precision, device) and takes_channels_last(probe, device),
    )
    saved = draft.read()
    if saved:
        for name, tensor in state.tensors.items():
            tensor.copy_(torch.from_numpy(saved[name]))
        state.epoch = int(saved["epoch"])
    return state


def curve_step(
    probe: Probe, state: CurveState, share: Any, stored: Arrays, batch: Any, *, rate: Any, settings: Settings
) -> Any:
    """Move the bends by one mini-batch, on a GPU perhaps by a recorded step; return its loss.

    Args:
        probe: The task, on the device that trains.
        state: The curve; its bends change.
        share: (bends + 2,) shares of the networks at the batch's t, the ends first and last.
        stored: Buffers of the nearer end.
        batch: The examples.
        rate: Learning rate, a tensor on the device.
        settings: Options of the training.
    """
    weights = share[1:-1] @ state.bends + share[[0, -1]] @ state.ends  # outside the step: no product rounds them
    buffers = state.network_buffers(probe.layout.unflatten(weights), stored)
    batch = channels_last(batch) if state.images_last else batch
    inputs = {"weights": weights, "share": share[1:-1], "rate": rate, "buffers": buffers, "batch": batch}

    def take(inputs: Mapping[str, Any]) -> Any:
        return _take_step(probe, state, inputs, settings)

    records = settings.cuda_graphs and state.device.startswith("cuda")
    return state.steps(take, inputs, state.device) if records else take(inputs)


def _take_step(probe: Probe, state: CurveState, inputs: Mapping[str, Any], settings: Settings) -> Any:
    weights = inputs["weights"]
    loss, gradient = _loss_and_gradient(probe, state, inputs, settings.precision)
    if settings.weight_decay:
        gradient.add_(weights, alpha=settings.weight_decay)
    state.velocity.mul_(MOMENTUM).addr_(inputs["share"], gradient)  # dφ/dbend is the bend's share
    state.bends.addcmul_(state.velocity, inputs["rate"], value=-1)
    return loss


def _loss_and_gradient(probe: Probe, state: CurveState, inputs: Mapping[str, Any], precision: Precision) -> Any:
    """Return the loss of a batch, and its gradient by the (D,) weights."""
    import torch

    kind = state.device.partition(":")[0]
    rounds = kind == "cuda"
    # Separate leaves: the gradient of a slice would be a vector of D, most of it zeros.
    views = probe.layout.unflatten(inputs["weights"])
    parameters = {name: _leaf(view, images_last=state.images_last) for name, view in views.items()}
    buffers = {**inputs["buffers"], **state.statistics}
    with precise("tf32" if rounds and precision == "tf32" else "float32", state.device):
        with torch.autocast(kind, torch.bfloat16, enabled=rounds and precision == "bfloat16"):
            loss = probe.objective(parameters, buffers, inputs["batch"], training=True)
        gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True, materialize_grads=True)
    return loss.detach(), torch.cat([one.reshape(-1) for one in gradients])


def _leaf(view: Any, *, images_last: bool) -> Any:
    """Return a tensor to differentiate by; channels-last kernels need one in memory of its own."""
    import torch

    if not images_last:
        return view.detach().requires_grad_()
    kept = torch.channels_last if view.ndim == 4 else torch.contiguous_format
    return view.detach().clone(memory_format=kept).requires_grad_()
