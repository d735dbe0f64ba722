"""Training a curve: its ends stay, and its bends move until the networks on it have a low loss."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import numpy as np
from attrs import define

from globscope.api import (
    Bench,
    Draft,
    GlobscopeError,
    NetworkBuffers,
    Part,
    Probe,
    Progress,
    Task,
    fixed_seed,
    threads_for,
)
from globscope.builtin.analyses.curves.shapes import Shape, basis, straight_bends

Arrays = Mapping[str, np.ndarray]

MOMENTUM = 0.9
# Seconds between two drafts.
DRAFT_SECONDS = 10.0


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
    """

    shape: Shape
    bends: int
    epochs: int
    learning_rate: float
    batch_size: int
    weight_decay: float

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch: constant, then falling to a hundredth from 50 % to 90 %."""
        share = min(max((epoch / self.epochs - 0.5) / 0.4, 0.0), 1.0)
        return self.learning_rate * (1 - 0.99 * share)


@define
class State:
    """A curve in training.

    Attributes:
        ends: (2, D) float32 networks, on the device.
        bends: (bends, D) float32 networks, on the device.
        velocity: (bends, D) momentum of the bends, on the device.
        statistics: Statistics that layers in training mode write to; they belong to no network.
        network_buffers: Gives a network its other buffers.
        epoch: Number of epochs trained.
    """

    ends: Any
    bends: Any
    velocity: Any
    statistics: dict[str, Any]
    network_buffers: NetworkBuffers
    epoch: int = 0

    @property
    def tensors(self) -> dict[str, Any]:
        """The tensors that training changes."""
        return {"bends": self.bends, "velocity": self.velocity} | {f"buffer/{n}": b for n, b in self.statistics.items()}


@define(frozen=True, kw_only=True)
class CurveTraining:
    """Trains a curve, in whatever process.

    Attributes:
        task: The networks' task.
        device: Where the curve is trained.
        ends: (2, D) fixed networks.
        settings: Shape of the curve and options of its training.
        seed: Seed of the order of the examples and of the t.
        name: What the curve connects, for messages.
        start: (bends, D) initial bends; on the straight line if None.
        buffers: Buffers of both ends; a fresh network's if empty.
    """

    task: Task
    device: str
    ends: np.ndarray
    settings: Settings
    seed: int
    name: str
    start: np.ndarray | None = None
    buffers: Sequence[Arrays] = ()

    def __call__(self, draft: Draft, progress: Progress) -> Arrays:
        """Return the (bends, D) `bends` that `train` finds."""
        options: dict[str, Any] = {"name": self.name, "start": self.start, "buffers": self.buffers}
        probe = self.task.build(self.device)
        bends = train(probe, self.ends, self.settings, self.seed, draft=draft, progress=progress, **options)
        return {"bends": bends}

    @property
    def part(self) -> Part:
        """The training as a part of an analysis."""
        start: Any = [] if self.start is None else self.start
        inputs = [self.settings, self.seed, self.ends, start, [dict(one) for one in self.buffers]]
        return Part(label=f"{self.settings.shape} {self.name}", inputs=inputs, work=self)


def trained_bends(bench: Bench, curves: Sequence[CurveTraining]) -> list[np.ndarray]:
    """Return the (bends, D) bends of every curve, or those that the bench stored before."""
    return [arrays["bends"] for arrays in bench.stages([curve.part for curve in curves])]


def train(
    probe: Probe,
    ends: np.ndarray,
    settings: Settings,
    seed: int,
    *,
    name: str,
    draft: Draft,
    progress: Progress,
    start: np.ndarray | None = None,
    buffers: Sequence[Arrays] = (),
) -> np.ndarray:
    """Return the (bends, D) float32 bends of a curve between (2, D) ends whose expected loss over t is low.

    Every mini-batch is scored at one t drawn from U[0, 1], as by Garipov et al. (2018). The random numbers of an epoch
    depend only on the seed and its number, so training that continues from a draft ends the same.

    Args:
        probe: The task, on the device that trains.
        ends: The fixed networks.
        settings: Shape of the curve and options of its training.
        seed: Seed of the order of the examples and of the t.
        name: What the curve connects, for messages.
        draft: Keeps the training so far, about every ten seconds.
        progress: Receives epochs and the mean loss of the last one.
        start: (bends, D) initial bends; on the straight line if None.
        buffers: Buffers of both ends; a fresh network's if empty. A network on the curve is trained with those of the
            nearer end, except for statistics, which are those of the batch.

    Raises:
        GlobscopeError: The training diverged.
    """
    import torch

    state = _initial_state(probe, ends, settings, draft, start)
    written, loss = monotonic(), float("nan")
    with threads_for(probe.layout.size * settings.batch_size):
        while state.epoch < settings.epochs:
            progress(state.epoch, settings.epochs, **({"loss": loss} if np.isfinite(loss) else {}))
            loss = _epoch(probe, settings, seed, state, buffers or ({}, {}))
            if not np.isfinite(loss) or not bool(torch.isfinite(state.bends).all()):
                raise GlobscopeError(
                    f"the {settings.shape} {name} diverged in epoch {state.epoch} of its training: it is no longer "
                    f"finite; lower learning_rate, {settings.learning_rate:g}"
                )
            if monotonic() - written > DRAFT_SECONDS:
                draft.write({n: t.cpu().numpy() for n, t in state.tensors.items()} | {"epoch": np.array(state.epoch)})
                written = monotonic()
    progress(settings.epochs, settings.epochs)
    bends: np.ndarray = state.bends.cpu().numpy()
    return bends


def _initial_state(probe: Probe, ends: np.ndarray, settings: Settings, draft: Draft, start: np.ndarray | None) -> State:
    """Return the state of a draft, or of an untrained curve."""
    import torch

    parameters, fresh = probe.initialise(0)
    device = next(iter(parameters.values())).device
    first = straight_bends(ends, settings.bends) if start is None else start
    # Copies: the bends change in place, and the arguments belong to the caller.
    fixed, bends = (torch.from_numpy(np.array(networks, np.float32)).to(device) for networks in (ends, first))
    state = State(
        ends=fixed,
        bends=bends,
        velocity=torch.zeros_like(bends),
        statistics={name: fresh[name] for name in probe.statistics},
        network_buffers=NetworkBuffers(probe, "batch"),
    )
    saved = draft.read()
    if saved:
        for name, tensor in state.tensors.items():
            tensor.copy_(torch.from_numpy(saved[name]))
        state.epoch = int(saved["epoch"])
    return state


def _epoch(probe: Probe, settings: Settings, seed: int, state: State, buffers: Sequence[Arrays]) -> float:
    """Train one pass over the examples; return their mean loss, each at its batch's t."""
    import torch

    rng, count = np.random.default_rng([seed, state.epoch]), probe.examples(probe.splits[0])
    batches = torch.split(torch.from_numpy(rng.permutation(count)), settings.batch_size)
    t = rng.random(len(batches))
    shares = basis(settings.shape, settings.bends, t)
    on_device = torch.from_numpy(shares.astype(np.float32)).to(state.ends.device)
    total: Any = 0.0
    with fixed_seed(int(rng.integers(2**62)), str(state.ends.device)):  # for layers that draw, such as dropout
        for share, nearer, rows in zip(on_device, (t > 0.5).astype(int), batches, strict=True):
            loss = _step(probe, state, share, buffers[nearer], probe.batch(probe.splits[0], rows), settings=settings)
            total = total + loss * len(rows)  # stays on the device
    state.epoch += 1
    return float(total) / count


def _step(probe: Probe, state: State, share: Any, stored: Arrays, batch: Any, *, settings: Settings) -> Any:
    """Move the bends by one mini-batch; return its loss."""
    import torch

    inner, outer = share[1:-1], share[[0, -1]]
    weights = inner @ state.bends + outer @ state.ends
    # Separate leaves: the gradient of a slice would be a vector of D, most of it zeros.
    parameters = {name: view.detach().requires_grad_() for name, view in probe.layout.unflatten(weights).items()}
    detached = {name: p.detach() for name, p in parameters.items()}
    buffers = {**state.network_buffers(detached, stored), **state.statistics}
    loss = probe.objective(parameters, buffers, batch, training=True)
    gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True, materialize_grads=True)
    gradient = torch.cat([one.reshape(-1) for one in gradients])
    if settings.weight_decay:
        gradient.add_(weights, alpha=settings.weight_decay)
    state.velocity.mul_(MOMENTUM).addr_(inner, gradient)  # dφ/dbend is the bend's share
    state.bends.sub_(state.velocity, alpha=settings.rate(state.epoch))
    return loss.detach()
