"""Messages between the units of neighbouring layers; imported where torch is needed."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.functional import gelu

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
