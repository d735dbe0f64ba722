"""Scores a stack of networks, one after another or all at once."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, Literal

import numpy as np

from globscope.api import NetworkBuffers, Precision, Probe, precise

Batches = Mapping[str, Sequence[Any]]
Method = Literal["loop", "vmap"]


def fastest(tries: Mapping[Method, Callable[[], object]], wait: Callable[[], object]) -> Method:
    """Return which way takes least, measured once after a first time that warms up; `wait` lets a device finish."""
    seconds: dict[Method, float] = {}
    for name, attempt in tries.items():
        attempt()
        wait()
        start = perf_counter()
        attempt()
        wait()
        seconds[name] = perf_counter() - start
    return min(seconds, key=lambda name: seconds[name])


class Scorer:
    """Scores stacks of weights; totals stay on the device until a unit is done."""

    def __init__(
        self,
        probe: Probe,
        batches: Mapping[str, Sequence[Any]],
        buffers: NetworkBuffers,
        device: str,
        precision: Precision,
    ) -> None:
        """Take the batches that every network is scored on."""
        import torch

        self.probe, self.batches, self.buffers = probe, batches, buffers
        self.device, self.precision = device, precision
        # mps has no float64.
        self.wide = torch.float32 if device == "mps" else torch.float64

    def score(self, stacked: Any, own: Sequence[Mapping[str, np.ndarray]], method: Method) -> dict[str, np.ndarray]:
        """Return every field of (n, D) weights on the device, (n,) float64 each; non-finite values as they come."""
        found = self.totals(stacked, own, method).detach().cpu().numpy().astype(np.float64)
        return dict(zip(self.names, found.T, strict=True))

    def totals(self, stacked: Any, own: Sequence[Mapping[str, np.ndarray]], method: Method) -> Any:
        """Return the (n, fields) means, still on the device."""
        import torch

        with torch.inference_mode(not self.probe.grad_inside), precise(self.precision, self.device):
            if method == "vmap":
                parameters = self.probe.layout.unflatten(stacked)
                buffers, axes = self.buffers.stacked(parameters, own)
                return torch.vmap(self._totals, in_dims=(0, axes))(parameters, buffers)
            return torch.stack([self._one(*pair) for pair in zip(stacked, own, strict=True)])

    @property
    def names(self) -> list[str]:
        """The fields, in the order of the totals."""
        return [f"{split}_{measure}" for split in self.batches for measure in self.probe.measures]

    def _one(self, row: Any, own: Mapping[str, np.ndarray]) -> Any:
        parameters = self.probe.layout.unflatten(row)
        return self._totals(parameters, self.buffers(parameters, own))

    def _totals(self, parameters: Mapping[str, Any], buffers: Mapping[str, Any]) -> Any:
        import torch

        means = []
        roots = getattr(self.probe, "roots", ())
        for batches in self.batches.values():
            parts = [self.probe.reduce(parameters, buffers, batch) for batch in batches]
            for measure in self.probe.measures:
                whole = sum(part[measure][1] for part in parts)
                mean = sum(part[measure][0].detach().to(self.wide) for part in parts) / whole
                means.append(mean.sqrt() if measure in roots else mean)
        return torch.stack(means)
