"""The tensors of one network after another, in one place of a device's memory."""

from collections.abc import Mapping
from typing import Any


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
