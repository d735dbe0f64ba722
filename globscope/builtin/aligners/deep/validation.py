"""The barriers of pairs of networks that were not learned from; imported where torch is needed."""

from typing import Any

import numpy as np
import torch
from attrs import define, field

from globscope.api import Population, barrier
from globscope.builtin.aligners.deep.mlp import Mlp
from globscope.builtin.aligners.deep.network import Reader, cosines
from globscope.builtin.aligners.deep.task_loss import TaskLoss
from globscope.builtin.aligners.deep.zoo import networks
from globscope.builtin.aligners.unit_similarity import assigned

# Points of a line: where they are few, the largest excess is found a little too low, for all weights alike.
POINTS = 11
# Training examples at most: 60 pairs are then a second or so.
EXAMPLES = 512


@define(frozen=True, kw_only=True)
class Validation:
    """By what the best weights are chosen.

    Attributes:
        zoo: All networks.
        pairs: (n, 2) rows.
        mlp: The networks' layers.
        scales: Their weights'.
        losses: Of the task.
        batch: Training examples.
        device: Where they are.
    """

    zoo: Population
    pairs: np.ndarray = field(eq=False)
    mlp: Mlp
    scales: np.ndarray = field(eq=False)
    losses: TaskLoss
    batch: Any = field(eq=False)
    device: str

    def barrier(self, reader: Reader) -> float:
        """Return the mean barrier of the pairs after a hard alignment."""
        rows, places = np.unique(self.pairs, return_inverse=True)
        held = networks(self.zoo, rows, self.device)
        with torch.no_grad():
            units = reader(*self.mlp.read(held, self.scales))
        found = []
        for a, b in places.reshape(-1, 2):
            scores = cosines([own[a] for own in units], [own[b] for own in units])
            orders = [torch.from_numpy(assigned(one.cpu().numpy()))[None].to(self.device) for one in scores]
            one, other = ({name: tensor[[row]] for name, tensor in held.items()} for row in (a, b))
            found.append(self._line(one, self.mlp.permuted(other, orders)))
        return float(np.mean(found))

    def _line(self, a: dict[str, Any], b: dict[str, Any]) -> float:
        """Return the barrier between two networks, each a batch of one."""
        first = next(iter(a.values()))
        t = torch.linspace(0, 1, POINTS, device=first.device)
        one, other = ({name: tensor[0] for name, tensor in network.items()} for network in (a, b))
        return barrier(self.losses.between(one, other, t, self.batch), np.linspace(0, 1, POINTS))
