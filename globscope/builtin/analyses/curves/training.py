"""Training a curve: its ends stay, its bends move until the networks on it have a low loss."""

from collections.abc import Mapping, Sequence
from time import monotonic
from typing import Any

import numpy as np
from attrs import define

from globscope.api import Bench, Draft, GlobscopeError, NetworkBuffers, Probe, Progress, fixed_seed, threads_for
from globscope.builtin.analyses.curves.shapes import Shape, basis, straight

Arrays = Mapping[str, np.ndarray]

MOMENTUM = 0.9
# Seconds between two drafts.
EVERY = 10.0


@define(frozen=True, kw_only=True)
class Settings:
    """How a curve is trained.

    Attributes:
        shape: Of the curve.
        bends: Between its ends.
        epochs: Passes over the training examples.
        learning_rate: Of the first half.
        batch_size: Examples per step, all at one t.
        weight_decay: λ of the regulariser λ/2 ‖φ(t)‖².
    """

    shape: Shape
    bends: int
    epochs: int
    learning_rate: float
    batch_size: int
    weight_decay: float

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch: constant, falling to a hundredth from 50 % to 90 %, then that."""
        share = min(max((epoch / self.epochs - 0.5) / 0.4, 0.0), 1.0)
        return self.learning_rate * (1 - 0.99 * share)


@define
class State:
    """A curve in training.

    Attributes:
        ends: (2, D), on the device.
        bends: (bends, D), likewise.
        velocity: Likewise.
        buffers: Scratch statistics, which layers in training mode write to; no network's own.
        own: Gives a network the other buffers.
        epoch: How many are over.
    """

    ends: Any
    bends: Any
    velocity: Any
    buffers: dict[str, Any]
    own: NetworkBuffers
    epoch: int = 0

    @property
    def tensors(self) -> dict[str, Any]:
        """What moves."""
        return {"bends": self.bends, "velocity": self.velocity} | {f"buffer/{n}": b for n, b in self.buffers.items()}


def trained_bends(
    bench: Bench,
    probe: Probe,
    ends: np.ndarray,
    settings: Settings,
    seed: int,
    *,
    name: str,
    start: np.ndarray | None = None,
    buffers: Sequence[Arrays] = (),
) -> np.ndarray:
    """Return the bends that `train` finds, from the store where they were trained before; `bench` stores them."""

    def work(draft: Draft, progress: Progress) -> Arrays:
        return {
            "bends": train(
                probe, ends, settings, seed, name=name, draft=draft, progress=progress, start=start, buffers=buffers
            )
        }

    parts = [settings, seed, ends, [] if start is None else start, [dict(one) for one in buffers]]
    return bench.stage(f"{settings.shape} {name}", parts, work)["bends"]


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

    Every mini-batch is scored at one t drawn from U[0, 1], as Garipov et al. (2018) do. What is drawn in an epoch
    depends on the seed and its number alone, so a training that continues from its draft ends as it would have.

    Args:
        probe: The task, on the device that trains.
        ends: They stay as they are.
        settings: How it is trained.
        seed: Of the data's order and of the t.
        name: What the curve connects, for messages.
        draft: Written every ten seconds or so.
        progress: Takes epochs and the mean loss of the last.
        start: (bends, D) to begin at; the straight line where None.
        buffers: Of both ends. A network on the curve is trained with those of the nearer end, but for statistics,
            which are those of the batch; a fresh network's where nothing is said.

    Raises:
        GlobscopeError: The training diverged.
    """
    import torch

    state = _begun(probe, ends, settings, draft, start)
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
            if monotonic() - written > EVERY:
                draft.write({n: t.cpu().numpy() for n, t in state.tensors.items()} | {"epoch": np.array(state.epoch)})
                written = monotonic()
    progress(settings.epochs, settings.epochs)
    bends: np.ndarray = state.bends.cpu().numpy()
    return bends


def _begun(probe: Probe, ends: np.ndarray, settings: Settings, draft: Draft, start: np.ndarray | None) -> State:
    """Return a curve as a draft holds it, or at its start."""
    import torch

    parameters, fresh = probe.initialise(0)
    device = next(iter(parameters.values())).device
    first = straight(ends, settings.bends) if start is None else start
    # Copies: the bends move in place, and what is handed in is another's.
    fixed, bends = (torch.from_numpy(np.array(one, np.float32)).to(device) for one in (ends, first))
    state = State(
        ends=fixed,
        bends=bends,
        velocity=torch.zeros_like(bends),
        buffers={name: fresh[name] for name in probe.statistics},
        own=NetworkBuffers(probe, "batch"),
    )
    held = draft.read()
    if held:
        for name, tensor in state.tensors.items():
            tensor.copy_(torch.from_numpy(held[name]))
        state.epoch = int(held["epoch"])
    return state


def _epoch(probe: Probe, settings: Settings, seed: int, state: State, own: Sequence[Arrays]) -> float:
    """Take one pass over the examples; return their mean loss, each at its batch's t."""
    import torch

    source, count = np.random.default_rng([seed, state.epoch]), probe.examples(probe.splits[0])
    batches = torch.split(torch.from_numpy(source.permutation(count)), settings.batch_size)
    t = source.random(len(batches))
    shares = basis(settings.shape, settings.bends, t)
    on_device = torch.from_numpy(shares.astype(np.float32)).to(state.ends.device)
    total: Any = 0.0
    with fixed_seed(int(source.integers(2**62)), str(state.ends.device)):  # for layers that draw, such as dropout
        for share, nearer, at in zip(on_device, (t > 0.5).astype(int), batches, strict=True):
            loss = _step(probe, state, share, own[nearer], probe.batch(probe.splits[0], at), settings=settings)
            total = total + loss * len(at)  # stays on the device
    state.epoch += 1
    return float(total) / count


def _step(probe: Probe, state: State, share: Any, own: Arrays, batch: Any, *, settings: Settings) -> Any:
    """Move the bends by one mini-batch; return its loss."""
    import torch

    inner, outer = share[1:-1], share[[0, -1]]
    here = inner @ state.bends + outer @ state.ends
    # Leaves of their own: the gradients of slices would each be a vector of D, most of it zeros.
    parameters = {name: view.detach().requires_grad_() for name, view in probe.layout.unflatten(here).items()}
    buffers = {**state.own({name: p.detach() for name, p in parameters.items()}, own), **state.buffers}
    loss = probe.objective(parameters, buffers, batch, training=True)
    found = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True, materialize_grads=True)
    slope = torch.cat([one.reshape(-1) for one in found])
    if settings.weight_decay:
        slope.add_(here, alpha=settings.weight_decay)
    state.velocity.mul_(MOMENTUM).addr_(inner, slope)  # dφ/dbend is the bend's share
    state.bends.sub_(state.velocity, alpha=settings.rate(state.epoch))
    return loss.detach()
