"""Layers with a linear path beside them; imported where torch is needed."""

from collections.abc import Iterator
from typing import Any

from torch import nn


class Skip(nn.Module):
    """The sum of layers and a linear path from their inputs to their outputs, which is zero before the training."""

    def __init__(self, layers: nn.Sequential, inputs: int, outputs: int, bound: nn.Module) -> None:
        """Take the layers, their widths, and what the sum goes through."""
        super().__init__()
        self.layers, self.bound = layers, bound
        self.path = nn.Linear(inputs, outputs, bias=False)
        nn.init.zeros_(self.path.weight)

    def forward(self, points: Any) -> Any:
        """Return (n, outputs) of (n, inputs)."""
        return self.bound(self.layers(points) + self.path(points))

    def __iter__(self) -> Iterator[nn.Module]:
        """Yield the layers, without the path beside them."""
        return iter(self.layers)
