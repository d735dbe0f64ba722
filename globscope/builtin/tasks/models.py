"""Models that a spec can name."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any


def mlp(inputs: int, hidden: Sequence[int], outputs: int) -> Any:
    """Return a fresh torch MLP with ReLU between its layers; inputs are flattened."""
    from torch import nn

    widths = [inputs, *hidden, outputs]
    layers: list[nn.Module] = [nn.Flatten()]
    for below, above in pairwise(widths):
        layers += [nn.Linear(below, above), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
