"""Scores a stack of networks, one after another or all at once."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from copy import copy
from typing import Any, Literal, Self

import numpy as np
from attrs import define

from globscope.api import (
    STANDARD_ERROR,
    NetworkBuffers,
    Precision,
    Probe,
    Reduced,
    Tensors,
    channels_last,
    fixed_seed,
    means,
    precise,
    seed_of,
)
from globscope.builtin.evaluators.fused_statistics import FusedStatistics
from globscope.builtin.evaluators.recorder import Recorder, StaticTensors

Method = Literal["loop", "graph", "vmap", "layers"]
# From a row that stands for a network, its weights or its selector, to its parameters.
ToTensors = Callable[[Any], dict[str, Any]]


@define(frozen=True)
class Draw:
    """What scoring draws, and how often.

    Attributes:
        seed: Of all that is drawn; None where nothing is.
        repeats: Evaluations of each network.
    """

    seed: int | None
    repeats: int

    def of(self, split: int, batch: int, repeat: int) -> int | None:
        """Return the seed of a batch, the same for all networks."""
        return None if self.seed is None else seed_of(self.seed, split, batch, repeat)


ONCE = Draw(None, 1)


def is_at_once(method: Method, stacked: Any) -> bool:
    """Return whether networks are scored under `torch.vmap`; a single one that is formed by layers needs none."""
    return method == "vmap" or (method == "layers" and len(stacked) > 1)


class Scorer:
    """Scores stacks of weights; totals stay on the device until a unit is done.

    Rows of a stack are weights, (D,). Of a scorer `with_tensors` they are what these tensors are formed from.
    """

    def __init__(
        self,
        probe: Probe,
        batches: Mapping[str, Sequence[Any]],
        buffers: NetworkBuffers,
        device: str,
        precision: Precision,
        *,
        draw: Draw = ONCE,
        images_last: bool = False,
        calibrating: int = 0,
        held: bool = False,
    ) -> None:
        """Take the batches that every network is scored on.

        The first `calibrating` examples of the first batch estimate the BatchNorm statistics in passing,
        which are constants for a gradient where they are `held`.
        """
        import torch

        self.probe, self.buffers = probe, buffers
        self.batches = channels_last(dict(batches)) if images_last else batches
        self.device, self.precision = device, precision
        self._calibrating, self._held = calibrating, held
        self.draw, self.repeats = draw, 1 if draw.seed is None else draw.repeats
        # mps has no float64.
        self.wide = torch.float32 if device == "mps" else torch.float64
        is_cuda = device.startswith("cuda")
        self._parameters = StaticTensors(channels_last=images_last) if is_cuda or images_last else None
        self.recorder = Recorder(self) if is_cuda and draw.seed is None and not probe.grad_inside else None
        self.tensors: ToTensors = probe.layout.unflatten

    def with_tensors(self, tensors: ToTensors) -> Self:
        """Return what scores the same examples with parameters that are made otherwise of a row, and never copied."""
        other = copy(self)
        other.tensors, other._parameters, other.recorder = tensors, None, None
        return other

    def score(self, stacked: Any, own: Sequence[Mapping[str, np.ndarray]], method: Method) -> dict[str, np.ndarray]:
        """Return every field of (n, D) weights on the device, (n,) float64 each; non-finite values as they come."""
        return self.by_field(self.totals(stacked, own, method))

    def by_field(self, totals: Any) -> dict[str, np.ndarray]:
        """Return every field of (n, fields) totals, (n,) float64 each."""
        found = totals.detach().cpu().numpy().astype(np.float64)
        return dict(zip(self.names, found.T, strict=True))

    def totals(self, stacked: Any, own: Sequence[Mapping[str, np.ndarray]], method: Method) -> Any:
        """Return the (n, fields) means, still on the device."""
        import torch

        with torch.inference_mode(not self.probe.grad_inside), precise(self.precision, self.device):
            if is_at_once(method, stacked):
                return self.stacked_totals(stacked, own)
            recorder = self.recorder if method == "graph" else None
            one = recorder.totals if recorder else self._one
            return torch.stack([one(*pair) for pair in zip(stacked, own, strict=True)])

    def stacked_totals(self, stacked: Any, own: Sequence[Mapping[str, np.ndarray]]) -> Any:
        """Return the (n, fields) means of (n, D) weights, scored at once."""
        buffers, axes = self.stacked_buffers(stacked, own)
        return self.at_once(self._row_totals, axes)(stacked, buffers)

    def stacked_buffers(self, stacked: Any, own: Sequence[Mapping[str, np.ndarray]]) -> tuple[Any, Any]:
        """Return the buffers of networks in rows, and the axis of the networks in each."""
        return self.buffers.stack_rows([self.tensors(row) for row in stacked], own)

    def at_once(self, compute: Callable[[Any, Tensors], Any], axes: Mapping[str, int | None]) -> Callable[..., Any]:
        """Return what computes a function of a row and its buffers for rows with buffers, stacked along their axes."""
        import torch

        chance = "error" if self.draw.seed is None else "same"
        return torch.vmap(compute, in_dims=(0, axes), randomness=chance)

    @property
    def names(self) -> list[str]:
        """The fields, in the order of the totals."""
        names = [f"{split}_{measure}" for split in self.batches for measure in self.probe.measures]
        return names + [f"{name}{STANDARD_ERROR}" for name in names if self.repeats > 1]

    def parameters(self, row: Any) -> dict[str, Any]:
        """Return the parameters in a (D,) row of weights, where the computation reads them."""
        named = self.tensors(row)
        return named if self._parameters is None else self._parameters.fill(named)

    def _one(self, row: Any, own: Mapping[str, np.ndarray]) -> Any:
        parameters = self.parameters(row)
        return self.network_totals(parameters, self.buffers(parameters, own))

    def _row_totals(self, row: Any, buffers: Mapping[str, Any]) -> Any:
        return self.network_totals(self.tensors(row), buffers)

    def network_totals(self, parameters: Mapping[str, Any], buffers: Mapping[str, Any]) -> Any:
        """Return the means over all draws, followed by their standard errors where there are several."""
        import torch

        found = torch.stack([self._means_of_draw(parameters, buffers, repeat) for repeat in range(self.repeats)])
        if self.repeats == 1:
            return found[0]
        return torch.cat([found.mean(dim=0), found.std(dim=0) / self.repeats**0.5])

    def _means_of_draw(self, parameters: Mapping[str, Any], buffers: Mapping[str, Any], repeat: int) -> Any:
        """Return the means of one draw."""
        import torch

        found = list[Any]()
        statistics = FusedStatistics(self._calibrating, held=self._held) if self._calibrating else None
        for place, (split, batches) in enumerate(self.batches.items()):
            parts = []
            for number, batch in enumerate(batches):
                normalised = statistics.batch() if statistics else nullcontext()
                with normalised, fixed_seed(self.draw.of(place, number, repeat), self.device):
                    parts.append(self.reduce(split, parameters, buffers, batch, statistics))
            found += means(self.probe, parts, self.wide).values()
        return torch.stack(found)

    def reduce(
        self, split: str, parameters: Tensors, buffers: Tensors, batch: Any, statistics: FusedStatistics | None
    ) -> Reduced:
        """Return each measure's sum over a batch of a split, and its weight.

        Args:
            split: The split's name.
            parameters: Of the network.
            buffers: Of the network.
            batch: Of the split.
            statistics: Those that are estimated in passing; None where none are.
        """
        del split, statistics
        return self.probe.reduce(parameters, buffers, batch)
