"""How much memory the activations of a forward pass take, counted as it runs."""

from typing import Any
from weakref import finalize

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves


class ActivationMeter(TorchFunctionMode):
    """Counts the bytes of the tensors that torch's functions return and that are alive together.

    Attributes:
        peak: The most bytes so far.
    """

    def __init__(self) -> None:
        """Count from nothing."""
        super().__init__()
        self.peak = 0
        self._alive, self._sizes = 0, dict[int, int]()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count what a function returns."""
        returned = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(returned):
            if isinstance(leaf, torch.Tensor):
                self._count(leaf)
        return returned

    def _count(self, tensor: Any) -> None:
        size = int(tensor.numel()) * int(tensor.element_size())
        if tensor._base is not None or id(tensor) in self._sizes:
            return
        self._sizes[id(tensor)] = size
        self._alive += size
        self.peak = max(self.peak, self._alive)
        finalize(tensor, self._free, id(tensor))

    def _free(self, key: int) -> None:
        self._alive -= self._sizes.pop(key, 0)
