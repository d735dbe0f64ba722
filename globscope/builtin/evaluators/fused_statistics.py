"""BatchNorm statistics that are estimated from the first examples of a batch while all of it is scored."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from globscope.api import Probe, examples_per_batch, replaced_norms

# Of losses: a variance that normalises differs by one part in the number of values that it is estimated from.
ALIKE = 1e-3


def why_separate(probe: Probe, calibrating: int, examples: int | None, batch_size: int | None) -> str:
    """Return why the examples do not allow fused statistics; empty where they do.

    Args:
        probe: The probe of the task.
        calibrating: Number of training examples on which statistics are estimated.
        examples: Number of training examples that are scored; all if None.
        batch_size: Examples per batch; as many as `fixed_batches` takes if None.
    """
    split = probe.splits[0]
    count = min(calibrating, probe.examples(split))
    if examples is not None and examples < count:
        return f"{count} examples estimate the statistics, but only {examples} are scored"
    if (batch_size or examples_per_batch(probe, split)) < count:
        return f"the {count} examples that estimate the statistics are more than one batch"
    return ""


class Scores(Protocol):
    """Scores stacks of networks of a task.

    Attributes:
        probe: The probe of the task.
    """

    probe: Probe

    def totals(self, stacked: Any, own: Sequence[Mapping[str, np.ndarray]], method: Any) -> Any:
        """Return the (n, fields) means of (n, D) weights."""
        ...


def score_alike(separate: Scores, fused: Scores) -> bool:
    """Return whether two scorers give a fresh network the same."""
    import torch

    probe = separate.probe
    parameters, buffers = probe.initialise(0)
    row = torch.cat([parameters[name].detach().reshape(-1) for name in probe.layout.names]).float()
    own = {name: buffer.cpu().numpy() for name, buffer in buffers.items()}
    first, other = (scorer.totals(row[None], [own], "loop") for scorer in (separate, fused))
    return bool(first.isclose(other, rtol=ALIKE, atol=ALIKE, equal_nan=True).all())


class FusedStatistics:
    """Normalises with the statistics of a batch's first examples, and later batches with the same.

    `recalibrate` in two passes normalises the calibration examples with their own (biased) variance, and what is scored
    with the unbiased one, the estimate. Here all are normalised with the estimate, so one pass is enough.

    Attributes:
        estimates: Mean and variance of each layer, in the order of the forward pass; empty before the first batch.
    """

    def __init__(self, count: int, *, held: bool = False) -> None:
        """Take the number of examples that estimate the statistics, and whether a gradient takes them as constants."""
        self.estimates = list[tuple[Any, Any]]()
        self._count, self._held, self._place = count, held, 0

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Replace the statistics of every BatchNorm layer in the forward pass of the next batch."""
        self._place = 0
        with replaced_norms(self._normalise):
            yield

    @contextmanager
    def replace(self, estimates: list[tuple[Any, Any]]) -> Iterator[None]:
        """Normalise with other tensors for a while."""
        before, self.estimates = self.estimates, estimates
        try:
            yield
        finally:
            self.estimates = before

    def _normalise(self, function: Any, arguments: Mapping[str, Any]) -> Any:
        import torch

        kept = arguments["running_mean"]
        if kept is None or "training" not in arguments:  # every batch has its own, or it is no BatchNorm
            return function(**arguments)
        if self._place == len(self.estimates):
            rows = arguments["input"][: self._count]
            axes = [axis for axis in range(rows.ndim) if axis != 1]
            variance, mean = torch.var_mean(rows.to(torch.promote_types(rows.dtype, torch.float32)), dim=axes)
            pair = mean.to(kept.dtype), variance.to(kept.dtype)
            self.estimates.append((pair[0].detach(), pair[1].detach()) if self._held else pair)
        mean, variance = self.estimates[self._place]
        self._place += 1
        estimated = {"running_mean": mean, "running_var": variance, "training": False}
        return function(**(dict(arguments) | estimated))
