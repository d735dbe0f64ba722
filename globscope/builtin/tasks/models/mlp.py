"""The multi-layer perceptron."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import Any, Literal


def mlp(
    shape: tuple[int, ...],
    outputs: int,
    *,
    hidden: Sequence[int] = (256, 128),
    activation: Literal["ReLU", "Tanh"] = "ReLU",
) -> Any:
    """Return a fresh torch MLP with an activation between its layers; inputs are flattened."""
    from torch import nn

    widths = [prod(shape), *hidden, outputs]
    layers: list[nn.Module] = [nn.Flatten()]
    for below, above in pairwise(widths):
        layers += [nn.Linear(below, above), getattr(nn, activation)()]
    return nn.Sequential(*layers[:-1])
