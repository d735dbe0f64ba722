"""A supervised task's examples on a device, in the form that a model takes."""

import hashlib
from typing import Any

from globscope.api import UserCodeError, within_memory
from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.pixels import Normalise, input_scaling


class Examples:
    """Inputs and targets of the splits `train` and `test`, moved to the device once."""

    def __init__(self, arrays: Arrays, normalise: Normalise, kind: Any, device: str) -> None:
        """Move arrays to the device, floating-point numbers as the torch type `kind`, float32 or float64.

        Raises:
            UserCodeError: Inputs are not finite, do not fit into memory, or do not have the channels of `normalise`.
        """
        self._device = device
        self._splits = {
            split: _tensors(pair, kind, device) for split, pair in (("train", arrays.train), ("test", arrays.test))
        }
        self._require_finite()
        self._scale = input_scaling(normalise, self._splits["train"][0], kind)

    def _require_finite(self) -> None:
        for split, (inputs, _) in self._splits.items():
            if inputs.is_floating_point() and not inputs.isfinite().all():
                raise UserCodeError(f"task.data: the inputs of the {split} split have values that are not finite")

    def count(self, split: str) -> int:
        """Return how many examples a split has."""
        return len(self._splits[split][0])

    def batch(self, split: str, indices: Any) -> tuple[Any, Any]:
        """Return (inputs, targets) of the examples with these indices, inputs scaled, classes as int64."""
        import torch

        inputs, targets = self._splits[split]
        rows = indices.to(self._device)
        chosen = targets[rows]
        # Masks of bytes, which no loss of torch takes.
        classes = chosen.long() if chosen.dtype in (torch.int8, torch.int16) else chosen
        return self._scale(inputs[rows]), classes

    def first(self) -> tuple[Any, Any]:
        """Return the first two training examples, or the only one."""
        import torch

        return self.batch("train", torch.arange(min(2, self.count("train"))))

    def spread(self, count: int) -> tuple[Any, Any]:
        """Return so many training examples, or all if there are fewer, evenly spaced from the first to the last."""
        import torch

        last = self.count("train") - 1
        return self.batch("train", torch.linspace(0, last, min(count, last + 1)).round().long())

    def digest(self) -> str:
        """Return the hash of the examples' bytes."""
        import torch

        total = hashlib.blake2b(digest_size=16)
        for tensor in (tensor for pair in self._splits.values() for tensor in pair):
            total.update(repr((tensor.dtype, tuple(tensor.shape))).encode())
            total.update(tensor.cpu().contiguous().flatten().view(torch.uint8).numpy().data)
        return total.hexdigest()


def _tensors(pair: tuple[Any, Any], kind: Any, device: str) -> tuple[Any, Any]:
    import torch

    inputs, targets = (
        tensor.to(kind) if tensor.is_floating_point() else tensor for tensor in map(torch.as_tensor, pair)
    )
    with within_memory(UserCodeError, f"task.data: the examples do not fit into the memory of the device {device!r}"):
        return inputs.to(device), targets.to(device)
