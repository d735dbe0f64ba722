"""The network that computes features of MLPs' hidden units; imported where torch is needed."""

from collections.abc import Sequence
from math import log
from typing import Any

import torch
from torch import nn
from torch.nn.functional import gelu, normalize

from globscope.builtin.aligners.deep.options import Architecture

# Number of features of a weight.
EDGE = 16


class Bilinear(nn.Module):
    """Messages that multiply the features of units with the weights: a forward and a backward pass on learned features.

    Weights have no features of their own, so a message costs no more than a layer of the MLP.
    """

    def __init__(self, hidden: int, width: int) -> None:
        """Draw two matrices for every pair of neighbouring hidden layers."""
        super().__init__()
        pairs = range(hidden - 1)
        self.up = nn.ModuleList([nn.Linear(width, width) for _ in pairs])
        self.down = nn.ModuleList([nn.Linear(width, width) for _ in pairs])
        self.sizes = [width * ((layer > 0) + (layer < hidden - 1)) for layer in range(hidden)]

    def forward(self, weights: Sequence[Any], units: Sequence[Any], edges: Any) -> tuple[list[list[Any]], Any]:
        """Return the messages to the units of every hidden layer, and `edges` unchanged.

        Args:
            weights: (networks, units, units below) weights between hidden layers.
            units: (networks, units, width) features of every hidden layer.
            edges: Ignored.
        """
        messages: list[list[Any]] = [[] for _ in units]
        for layer, weight in enumerate(weights):
            above, below = weight.shape[1:]
            messages[layer + 1].append(weight @ gelu(self.up[layer](units[layer])) / below**0.5)
            messages[layer].append(weight.mT @ gelu(self.down[layer](units[layer + 1])) / above**0.5)
        return messages, edges


class Edge(nn.Module):
    """Messages from features of every weight, which linear DWSNet layers update.

    Source: Navon et al., "Equivariant Architectures for Learning in Deep Weight Spaces", ICML 2023, section 4, without
    the maps between tensors that share no layer.
    """

    def __init__(self, hidden: int, width: int) -> None:
        """Draw a map for every matrix between hidden layers."""
        super().__init__()
        pairs = range(hidden - 1)
        self.first = nn.ModuleList([nn.Linear(1, EDGE) for _ in pairs])
        self.norms = nn.ModuleList([nn.LayerNorm(EDGE) for _ in pairs])
        self.own = nn.ModuleList([nn.Linear(EDGE, EDGE) for _ in pairs])
        self.rows = nn.ModuleList([nn.Linear(EDGE + width, EDGE) for _ in pairs])
        self.columns = nn.ModuleList([nn.Linear(EDGE + width, EDGE) for _ in pairs])
        self.sizes = [2 * EDGE * ((layer > 0) + (layer < hidden - 1)) for layer in range(hidden)]

    def forward(self, weights: Sequence[Any], units: Sequence[Any], edges: Any) -> tuple[list[list[Any]], Any]:
        """Return the messages to the units of every hidden layer, and the new features of the weights.

        Args:
            weights: (networks, units, units below) weights between hidden layers.
            units: (networks, units, width) features of every hidden layer.
            edges: (networks, units, units below, 16) features of every matrix's weights; None at first.
        """
        messages: list[list[Any]] = [[] for _ in units]
        updated = []
        for layer, weight in enumerate(weights):
            start = self.first[layer](weight[..., None])
            edge = start + (0 if edges is None else edges[layer])
            edge = edge + torch.relu(self._edge_update(layer, self.norms[layer](edge), units[layer + 1], units[layer]))
            messages[layer + 1] += [edge.mean(2), edge.amax(2)]
            messages[layer] += [edge.mean(1), edge.amax(1)]
            updated.append(edge)
        return messages, updated

    def _edge_update(self, layer: int, edge: Any, above: Any, below: Any) -> Any:
        """Return a linear map of a weight's features, their means over its row and its column, and its two units."""
        by_row = self.rows[layer](torch.cat([edge.mean(2), above], -1))[:, :, None]
        by_column = self.columns[layer](torch.cat([edge.mean(1), below], -1))[:, None]
        return self.own[layer](edge) + by_row + by_column


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
