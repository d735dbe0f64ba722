"""What the units of neighbouring layers tell each other; imported where torch is needed."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.functional import gelu

# Features of a weight.
EDGE = 16


class Bilinear(nn.Module):
    """The weights themselves carry features of units up and down: a pass forward and one backward on learned probes.

    No weight has features of its own, so that a message costs no more than a layer of the MLP.
    """

    def __init__(self, hidden: int, width: int) -> None:
        """Draw two matrices for every pair of neighbouring hidden layers."""
        super().__init__()
        pairs = range(hidden - 1)
        self.up = nn.ModuleList([nn.Linear(width, width) for _ in pairs])
        self.down = nn.ModuleList([nn.Linear(width, width) for _ in pairs])
        self.sizes = [width * ((layer > 0) + (layer < hidden - 1)) for layer in range(hidden)]

    def forward(self, weights: Sequence[Any], units: Sequence[Any], edges: Any) -> tuple[list[list[Any]], Any]:
        """Return, by hidden layer, what its units hear, and what weights remember: nothing.

        Args:
            weights: Between hidden layers, (networks, units, units below).
            units: By hidden layer, (networks, units, width).
            edges: Ignored.
        """
        heard: list[list[Any]] = [[] for _ in units]
        for at, weight in enumerate(weights):
            above, below = weight.shape[1:]
            heard[at + 1].append(weight @ gelu(self.up[at](units[at])) / below**0.5)
            heard[at].append(weight.mT @ gelu(self.down[at](units[at + 1])) / above**0.5)
        return heard, edges


class Edge(nn.Module):
    """Every weight has features, which its units hear: a linear map of them, and what DWS layers pool over.

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
        """Return, by hidden layer, what its units hear, and the features of the weights.

        Args:
            weights: Between hidden layers, (networks, units, units below).
            units: By hidden layer, (networks, units, width).
            edges: By matrix, (networks, units, units below, 16) features so far; None at first.
        """
        heard: list[list[Any]] = [[] for _ in units]
        moved = []
        for at, weight in enumerate(weights):
            start = self.first[at](weight[..., None])
            edge = start + (0 if edges is None else edges[at])
            edge = edge + torch.relu(self._told(at, self.norms[at](edge), units[at + 1], units[at]))
            heard[at + 1] += [edge.mean(2), edge.amax(2)]
            heard[at] += [edge.mean(1), edge.amax(1)]
            moved.append(edge)
        return heard, moved

    def _told(self, at: int, edge: Any, above: Any, below: Any) -> Any:
        """Return a linear map of a weight's features, their means over its row and its column, and its two units."""
        by_row = self.rows[at](torch.cat([edge.mean(2), above], -1))[:, :, None]
        by_column = self.columns[at](torch.cat([edge.mean(1), below], -1))[:, None]
        return self.own[at](edge) + by_row + by_column
