"""The barriers of pairs of networks that are not used for learning; imported where torch is needed."""

from typing import Any

import numpy as np
import torch
from attrs import define, field

from globscope.api import Population, barrier
from globscope.builtin.aligners.deep.mlp import Mlp
from globscope.builtin.aligners.deep.network import UnitEncoder, cosines
from globscope.builtin.aligners.deep.task_loss import TaskLoss
from globscope.builtin.aligners.deep.zoo import networks
from globscope.builtin.aligners.unit_similarity import best_assignment

# How many points of a line are measured: with few, the largest excess is slightly too low, equally for all weights.
POINTS = 11
# The most training examples: 60 pairs then take about a second.
EXAMPLES = 512


@define(frozen=True, kw_only=True)
class Validation:
    """The measurement that chooses the best weights.

    Attributes:
        zoo: The population of all networks of the zoo.
        pairs: (n, 2) rows of the networks that are compared.
        mlp: The networks' layers.
        scales: (layers, 2) standard deviations of the zoo's weights and biases.
        losses: The task's loss of a batch of networks.
        batch: A batch of training examples.
        device: The torch device of networks and examples.
    """

    zoo: Population
    pairs: np.ndarray = field(eq=False)
    mlp: Mlp
    scales: np.ndarray = field(eq=False)
    losses: TaskLoss
    batch: Any = field(eq=False)
    device: str

    def barrier(self, encoder: UnitEncoder) -> float:
        """Return the mean barrier of the pairs after a hard alignment."""
        rows, places = np.unique(self.pairs, return_inverse=True)
        batch = networks(self.zoo, rows, self.device)
        with torch.no_grad():
            units = encoder(*self.mlp.read(batch, self.scales))
        barriers = []
        for a, b in places.reshape(-1, 2):
            scores = cosines([features[a] for features in units], [features[b] for features in units])
            orders = [
                torch.from_numpy(best_assignment(matrix.cpu().numpy()))[None].to(self.device) for matrix in scores
            ]
            first, second = ({name: tensor[[row]] for name, tensor in batch.items()} for row in (a, b))
            barriers.append(self._line(first, self.mlp.permute(second, orders)))
        return float(np.mean(barriers))

    def _line(self, a: dict[str, Any], b: dict[str, Any]) -> float:
        """Return the barrier between two networks, each a batch of one."""
        first = next(iter(a.values()))
        t = torch.linspace(0, 1, POINTS, device=first.device)
        first_network, second_network = ({name: tensor[0] for name, tensor in network.items()} for network in (a, b))
        return barrier(self.losses.between(first_network, second_network, t, self.batch), np.linspace(0, 1, POINTS))
