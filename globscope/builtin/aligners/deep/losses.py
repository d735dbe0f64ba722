"""What a reader learns from: three losses of a batch of networks; imported where torch is needed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from attrs import define, field

from globscope.builtin.aligners.deep.mlp import Mlp
from globscope.builtin.aligners.deep.network import Reader
from globscope.builtin.aligners.deep.options import Options
from globscope.builtin.aligners.deep.task_loss import TaskLoss
from globscope.builtin.aligners.soft import sinkhorn

Batch = Mapping[str, Any]
# Options that are the weights of losses.
NAMES = ("supervised", "alignment", "connectivity")


@define(frozen=True, kw_only=True)
class Objective:
    """What is made small.

    Attributes:
        options: Which losses count, and how much.
        mlp: The networks' layers.
        scales: (layers, 2) deviations of the zoo's weights and biases.
        task: Loss of the task.
    """

    options: Options
    mlp: Mlp
    scales: np.ndarray = field(eq=False)
    task: TaskLoss

    @property
    def names(self) -> list[str]:
        """The losses that count, and their weighted sum."""
        return [name for name in NAMES if getattr(self.options, name)] + ["loss"]

    def losses(self, reader: Reader, networks: Batch, examples: Any, draw: torch.Generator) -> dict[str, Any]:
        """Return the losses that count, by name, of a batch of networks, and their weighted sum as `loss`.

        Every network comes in an order of its own, so that no unit is known by its place. It is compared with a copy
        of itself and with the next network.
        """
        options = self.options
        networks = self.mlp.permuted(networks, self._orders(networks, draw))
        orders = self._orders(networks, draw)
        copies = self._noisy(self.mlp.permuted(networks, orders), draw) if options.supervised else {}
        own, copied = self._features(reader, networks, copies)
        found = {}
        if options.supervised:
            found["supervised"] = _recognised(reader.logits(own, copied), orders)
        if options.alignment or options.connectivity:
            others = {name: one.roll(1, 0) for name, one in networks.items()}
            logits = reader.logits(own, [one.roll(1, 0) for one in own])
            moved = self.mlp.mixed(others, _soft(logits, options.iterations))
            found |= self._pairwise(networks, moved, examples, draw)
        return found | {"loss": sum(getattr(options, name) * loss for name, loss in found.items())}

    def _pairwise(self, networks: Batch, moved: Batch, examples: Any, draw: torch.Generator) -> dict[str, Any]:
        """Return the losses of networks and what was aligned to them."""
        found = {}
        if self.options.alignment:
            found["alignment"] = self._distance(networks, moved)
        if self.options.connectivity:
            found["connectivity"] = self.task(self._between(networks, moved, draw), examples).mean()
        return found

    def _distance(self, a: Batch, b: Batch) -> Any:
        """Return the mean squared distance over each tensor's weights in its scale, summed over the tensors."""
        apart = {name: one - b[name] for name, one in a.items()}
        weights, biases = self.mlp.read(apart, self.scales)
        return sum((one**2).mean() for one in (*weights, *biases))

    def _between(self, a: Batch, b: Batch, draw: torch.Generator) -> dict[str, Any]:
        first = next(iter(a.values()))
        t = first.new_full((len(first),), 0.5)
        if self.options.point == "random":
            t = torch.rand(len(first), generator=draw, device=first.device)
        return {name: torch.lerp(one, b[name], t.view(-1, *[1] * (one.dim() - 1))) for name, one in a.items()}

    def _features(self, reader: Reader, networks: Batch, copies: Batch) -> tuple[list[Any], list[Any]]:
        """Return the features of networks and of their copies, where there are any, from one call."""
        count = len(next(iter(networks.values())))
        both = {name: torch.cat([one, copies[name]]) for name, one in networks.items()} if copies else networks
        found = reader(*self.mlp.read(both, self.scales))
        return [one[:count] for one in found], [one[count:] for one in found]

    def _orders(self, networks: Batch, draw: torch.Generator) -> list[Any]:
        """Return a permutation of every hidden layer of every network."""
        first = next(iter(networks.values()))
        drawn = [torch.rand(len(first), size, generator=draw, device=first.device) for size in self.mlp.hidden]
        return [one.argsort(1) for one in drawn]

    def _noisy(self, networks: Batch, draw: torch.Generator) -> dict[str, Any]:
        found = dict(networks)
        for layer, scales in zip(self.mlp.layers, self.scales, strict=True):
            for name, scale in zip(layer.names, scales, strict=False):
                found[name] = self._disturbed(networks[name], float(scale), draw)
        return found

    def _disturbed(self, tensor: Any, scale: float, draw: torch.Generator) -> Any:
        size, device = tensor.shape, tensor.device
        noise = torch.randn(size, generator=draw, device=device)
        kept = torch.rand(size, generator=draw, device=device) >= self.options.drop
        return (tensor + self.options.noise * scale * noise) * kept


def _recognised(logits: Sequence[Any], orders: Sequence[Any]) -> Any:
    """Return the cross-entropy of finding every unit in the copy, whose unit i is unit `order[i]`: mean of layers."""
    # So unit i is unit argsort(order)[i] of the copy.
    told = [
        torch.nn.functional.cross_entropy(one.flatten(0, 1), order.argsort(1).flatten())
        for one, order in zip(logits, orders, strict=True)
    ]
    return torch.stack(told).mean()


def _soft(logits: Sequence[Any], iterations: int) -> list[Any]:
    """Return soft permutations; those of layers of one width are scaled together, which saves operations."""
    found: dict[int, Any] = {}
    for size in {one.shape[-1] for one in logits}:
        places = [at for at, one in enumerate(logits) if one.shape[-1] == size]
        scaled = sinkhorn(torch.stack([logits[at] for at in places]), iterations)
        found |= dict(zip(places, scaled, strict=True))
    return [found[at] for at in range(len(logits))]
