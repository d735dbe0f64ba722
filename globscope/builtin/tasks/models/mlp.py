"""The multi-layer perceptron."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any


def mlp(shape: tuple[int, ...], outputs: int, *, hidden: Sequence[int] = (256, 128)) -> Any:
    """Return a fresh torch MLP with ReLU between its layers; inputs are flattened."""
    from torch import nn

    widths = [prod(shape), *hidden, outputs]
    layers: list[nn.Module] = [nn.Flatten()]
    for below, above in pairwise(widths):
        layers += [nn.Linear(below, above), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
