"""Scores one network after another by repeating what a GPU has recorded of the first."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from globscope.api import CaptureError, NetworkBuffers, capture


class StaticTensors:
    """Tensors in memory of their own, into which each network's are copied before it is scored.

    A recorded computation reads from there. And kernels of channels-last layers read 16 bytes at once, but in a row of
    weights a tensor begins anywhere: torch 2.11 on an H200 ended in "misaligned address".
    """

    def __init__(self, *, channels_last: bool) -> None:
        """Take whether tensors of four axes have their channels last."""
        self._channels_last, self._held = channels_last, dict[str, Any]()

    def fill(self, tensors: Mapping[str, Any]) -> dict[str, Any]:
        """Return the tensors as they lie here until the next call."""
        for name, tensor in tensors.items():
            if name not in self._held:
                self._held[name] = self._space_for(tensor)
            self._held[name].copy_(tensor)
        return dict(self._held)

    def _space_for(self, tensor: Any) -> Any:
        import torch

        is_last = self._channels_last and tensor.ndim == 4
        return torch.empty_like(tensor, memory_format=torch.channels_last if is_last else torch.contiguous_format)


class NetworkScorer(Protocol):
    """Scores one network whose tensors stay in their places.

    Attributes:
        device: Such as `cuda:0`.
        buffers: The rule by which a network gets its buffers.
    """

    device: str
    buffers: NetworkBuffers

    def parameters(self, row: Any) -> dict[str, Any]:
        """Return the parameters in a (D,) row of weights, where the computation reads them."""
        ...

    def network_totals(self, parameters: Mapping[str, Any], buffers: Mapping[str, Any]) -> Any:
        """Return the (fields,) means of a network."""
        ...


class Recorder:
    """The recorded computation of a network's totals.

    Attributes:
        failure: Why it cannot be recorded; empty where it can, or was not tried.
    """

    def __init__(self, scorer: NetworkScorer) -> None:
        """Take what scores; nothing is recorded before the first network."""
        self.failure = ""
        self._scorer, self._buffers = scorer, StaticTensors(channels_last=False)
        self._repeat: Callable[[], Any] | None = None

    def totals(self, row: Any, own: Mapping[str, np.ndarray]) -> Any:
        """Return the (fields,) means of a network, (D,) weights and the buffers of its own.

        Where the computation cannot be recorded, `failure` says why, and Python starts every kernel.
        """
        parameters = self._scorer.parameters(row)
        known = self._buffers.fill(self._scorer.buffers.before_calibration(parameters, own))
        if self.failure:
            return self._totals(parameters, known)
        try:
            if self._repeat is None:
                self._repeat = capture(lambda: self._totals(parameters, known), self._scorer.device)
                # The forward passes before it may have written into the buffers.
                self._buffers.fill(self._scorer.buffers.before_calibration(parameters, own))
            return self._repeat().clone()
        except CaptureError as error:
            self.failure = str(error)
            return self._totals(parameters, known)

    def _totals(self, parameters: Mapping[str, Any], known: Mapping[str, Any]) -> Any:
        estimated = self._scorer.buffers.estimate_statistics(parameters, known)
        return self._scorer.network_totals(parameters, {**known, **estimated})
