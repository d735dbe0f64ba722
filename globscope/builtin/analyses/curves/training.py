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
    Part,
    Population,
    Probe,
    Progress,
    Task,
    fixed_seed,
    threads_for,
)
from globscope.builtin.analyses.curves.pairs import pair_label
from globscope.builtin.analyses.curves.shapes import basis
from globscope.builtin.analyses.curves.training_step import CurveState, Settings, curve_step, initial_state

Arrays = Mapping[str, np.ndarray]

# Seconds between two drafts.
DRAFT_SECONDS = 10.0


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


def pair_training(
    pair: tuple[str, str], ends: Population, task: Task, *, settings: Settings, seed: int, device: str
) -> CurveTraining:
    """Return the training of a curve between two runs' networks; its own seed follows from the study's and the pair."""
    return CurveTraining(
        task=task,
        device=device,
        ends=np.asarray(ends.weights),
        settings=settings,
        seed=int(np.random.default_rng([seed, *"/".join(pair).encode()]).integers(2**32)),
        name=pair_label(*pair),
        buffers=ends.buffers,
    )


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

    state = initial_state(probe, ends, settings, draft, start)
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


def _epoch(probe: Probe, settings: Settings, seed: int, state: CurveState, buffers: Sequence[Arrays]) -> float:
    """Train one pass over the examples; return their mean loss, each at its batch's t."""
    import torch

    rng, count = np.random.default_rng([seed, state.epoch]), probe.examples(probe.splits[0])
    batches = torch.split(torch.from_numpy(rng.permutation(count)), settings.batch_size)
    t = rng.random(len(batches))
    shares = torch.from_numpy(basis(settings.shape, settings.bends, t).astype(np.float32)).to(state.device)
    rate = torch.tensor(settings.rate(state.epoch), device=state.device)
    total: Any = 0.0
    with fixed_seed(int(rng.integers(2**62)), state.device):  # for layers that draw, such as dropout
        for share, nearer, rows in zip(shares, (t > 0.5).astype(int), batches, strict=True):
            batch = probe.batch(probe.splits[0], rows)
            loss = curve_step(probe, state, share, buffers[nearer], batch, rate=rate, settings=settings)
            total = total + loss * len(rows)  # stays on the device
    state.epoch += 1
    return float(total) / count
