"""The network that computes features of MLPs' hidden units; imported where torch is needed."""

from collections.abc import Sequence
from math import log
from typing import Any

import torch
from torch import nn
from torch.nn.functional import gelu, normalize

from globscope.builtin.aligners.deep.messages import Bilinear, Edge
from globscope.builtin.aligners.deep.options import Architecture

# The initial factor by which cosines are multiplied for an assignment; it is learned.
SHARPNESS = 20.0


class UnitEncoder(nn.Module):
    """Computes features of the hidden units of a batch of MLPs.

    Every layer has its own weights, which all units of the layer share: permuting an MLP's units permutes their
    features. The inputs and outputs of the MLP have a fixed order and are distinguished.
    """

    def __init__(self, architecture: Architecture) -> None:
        """Draw the weights from torch's global generator."""
        super().__init__()
        layers = range(architecture.hidden)
        self.first = nn.ModuleList([nn.Linear(1 + architecture.ends(layer), architecture.width) for layer in layers])
        self.blocks = nn.ModuleList([MessageBlock(architecture) for _ in range(architecture.blocks)])
        self.heads = nn.ModuleList(
            [
                nn.Sequential(nn.LayerNorm(architecture.width), nn.Linear(architecture.width, architecture.channels))
                for _ in layers
            ]
        )
        self.log_sharpness = nn.Parameter(torch.tensor(log(SHARPNESS)))

    def forward(self, weights: Sequence[Any], biases: Sequence[Any]) -> list[Any]:
        """Return the (networks, units, channels) features of every hidden layer, of length 1.

        Args:
            weights: (networks, units, units below) weights of every layer, of about unit size.
            biases: (networks, units) biases of every hidden layer, of about unit size.
        """
        inputs = [[bias[..., None]] for bias in biases]
        inputs[0].append(weights[0])
        inputs[-1].append(weights[-1].mT)
        first = [linear(torch.cat(features, -1)) for linear, features in zip(self.first, inputs, strict=True)]
        units, edges = first, None
        for block in self.blocks:
            units, edges = block(weights[1:-1], units, first, edges)
        return [normalize(head(features), dim=-1) for head, features in zip(self.heads, units, strict=True)]

    def logits(self, a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
        """Return the cosines of two batches' features, times the learned sharpness."""
        return [self.sharpness * matrix for matrix in cosines(a, b)]

    @property
    def sharpness(self) -> Any:
        """The factor by which cosines are multiplied."""
        return self.log_sharpness.exp()


class MessageBlock(nn.Module):
    """One round of messages: every unit adds what it gets from its neighbours and from its layer's mean."""

    def __init__(self, architecture: Architecture) -> None:
        """Draw the weights of every layer."""
        super().__init__()
        self.exchange = (Bilinear if architecture.messages == "bilinear" else Edge)(
            architecture.hidden, architecture.width
        )
        width = architecture.width
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in self.exchange.sizes])
        self.inner = nn.ModuleList([nn.Linear(2 * width + size, width) for size in self.exchange.sizes])
        self.mean = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in self.exchange.sizes])
        self.outer = nn.ModuleList([nn.Linear(width, width) for _ in self.exchange.sizes])

    def forward(self, weights: Sequence[Any], units: Sequence[Any], first: Sequence[Any], edges: Any) -> Any:
        """Return the units' features of every hidden layer, and those of the weights if they have any."""
        normal = [norm(features) for norm, features in zip(self.norms, units, strict=True)]
        messages, edges = self.exchange(weights, normal, edges)
        updated = []
        for layer, features in enumerate(normal):
            near = self.inner[layer](torch.cat([features, first[layer], *messages[layer]], -1))
            updated.append(
                units[layer] + self.outer[layer](gelu(near + self.mean[layer](features.mean(1, keepdim=True))))
            )
        return updated, edges


def cosines(a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    """Return the (networks, units of a, units of b) cosines of features of length 1 for every hidden layer."""
    return [of_a @ of_b.mT for of_a, of_b in zip(a, b, strict=True)]
