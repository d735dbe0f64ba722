"""The losses that an encoder learns from, on a batch of networks; imported where torch is needed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from attrs import define, field

from globscope.builtin.aligners.deep.mlp import Mlp
from globscope.builtin.aligners.deep.network import UnitEncoder
from globscope.builtin.aligners.deep.options import Options
from globscope.builtin.aligners.deep.task_loss import TaskLoss
from globscope.builtin.aligners.pair_loss import sinkhorn

Batch = Mapping[str, Any]
# Losses, named as the options that are their weights.
NAMES = ("supervised", "alignment", "connectivity")


@define(frozen=True, kw_only=True)
class Objective:
    """The weighted sum of losses that is minimised.

    Attributes:
        options: The weights of the losses, and their settings.
        mlp: The networks' layers.
        scales: (layers, 2) standard deviations of the zoo's weights and biases.
        task: The task's loss of a batch of networks.
    """

    options: Options
    mlp: Mlp
    scales: np.ndarray = field(eq=False)
    task: TaskLoss

    @property
    def names(self) -> list[str]:
        """The losses that count, and their weighted sum."""
        return [name for name in NAMES if getattr(self.options, name)] + ["loss"]

    def losses(self, encoder: UnitEncoder, networks: Batch, examples: Any, draw: torch.Generator) -> dict[str, Any]:
        """Return the losses that count, by name, of a batch of networks, and their weighted sum as `loss`.

        Every network's units are permuted at random, so that no unit is known by its place. A network is compared with
        a copy of itself and with the next network.
        """
        options = self.options
        networks = self.mlp.permute(networks, self._orders(networks, draw))
        orders = self._orders(networks, draw)
        copies = self._noisy(self.mlp.permute(networks, orders), draw) if options.supervised else {}
        features, copy_features = self._features(encoder, networks, copies)
        losses = {}
        if options.supervised:
            losses["supervised"] = _recognition_loss(encoder.logits(features, copy_features), orders)
        if options.alignment or options.connectivity:
            others = {name: tensor.roll(1, 0) for name, tensor in networks.items()}
            logits = encoder.logits(features, [tensor.roll(1, 0) for tensor in features])
            aligned = self.mlp.mix(others, _soft_permutations(logits, options.iterations))
            losses |= self._pairwise(networks, aligned, examples, draw)
        return losses | {"loss": sum(getattr(options, name) * loss for name, loss in losses.items())}

    def _pairwise(self, networks: Batch, aligned: Batch, examples: Any, draw: torch.Generator) -> dict[str, Any]:
        """Return the losses between networks and others that were aligned to them."""
        losses = {}
        if self.options.alignment:
            losses["alignment"] = self._distance(networks, aligned)
        if self.options.connectivity:
            losses["connectivity"] = self.task(self._between(networks, aligned, draw), examples).mean()
        return losses

    def _distance(self, a: Batch, b: Batch) -> Any:
        """Return the mean squared distance of each tensor's scaled weights, summed over the tensors."""
        differences = {name: tensor - b[name] for name, tensor in a.items()}
        weights, biases = self.mlp.read(differences, self.scales)
        return sum((tensor**2).mean() for tensor in (*weights, *biases))

    def _between(self, a: Batch, b: Batch, draw: torch.Generator) -> dict[str, Any]:
        first = next(iter(a.values()))
        t = first.new_full((len(first),), 0.5)
        if self.options.point == "random":
            t = torch.rand(len(first), generator=draw, device=first.device)
        return {name: torch.lerp(tensor, b[name], t.view(-1, *[1] * (tensor.dim() - 1))) for name, tensor in a.items()}

    def _features(self, encoder: UnitEncoder, networks: Batch, copies: Batch) -> tuple[list[Any], list[Any]]:
        """Return the features of networks and of their copies, if there are any, from one call."""
        count = len(next(iter(networks.values())))
        both = {name: torch.cat([tensor, copies[name]]) for name, tensor in networks.items()} if copies else networks
        features = encoder(*self.mlp.read(both, self.scales))
        return [tensor[:count] for tensor in features], [tensor[count:] for tensor in features]

    def _orders(self, networks: Batch, draw: torch.Generator) -> list[Any]:
        """Return random permutations of every hidden layer of every network."""
        first = next(iter(networks.values()))
        numbers = [torch.rand(len(first), size, generator=draw, device=first.device) for size in self.mlp.hidden]
        return [values.argsort(1) for values in numbers]

    def _noisy(self, networks: Batch, draw: torch.Generator) -> dict[str, Any]:
        noisy = dict(networks)
        for layer, scales in zip(self.mlp.layers, self.scales, strict=True):
            for name, scale in zip(layer.names, scales, strict=False):
                noisy[name] = self._disturb(networks[name], float(scale), draw)
        return noisy

    def _disturb(self, tensor: Any, scale: float, draw: torch.Generator) -> Any:
        size, device = tensor.shape, tensor.device
        noise = torch.randn(size, generator=draw, device=device)
        mask = torch.rand(size, generator=draw, device=device) >= self.options.drop
        return (tensor + self.options.noise * scale * noise) * mask


def _recognition_loss(logits: Sequence[Any], orders: Sequence[Any]) -> Any:
    """Return the cross-entropy of finding every unit in the copy, whose unit i is unit `order[i]`; mean over layers."""
    # So unit i is unit argsort(order)[i] of the copy.
    losses = [
        torch.nn.functional.cross_entropy(layer_logits.flatten(0, 1), order.argsort(1).flatten())
        for layer_logits, order in zip(logits, orders, strict=True)
    ]
    return torch.stack(losses).mean()


def _soft_permutations(logits: Sequence[Any], iterations: int) -> list[Any]:
    """Return soft permutations; those of layers with equal widths are computed together, which saves operations."""
    permutations: dict[int, Any] = {}
    for size in {layer_logits.shape[-1] for layer_logits in logits}:
        places = [place for place, layer_logits in enumerate(logits) if layer_logits.shape[-1] == size]
        scaled = sinkhorn(torch.stack([logits[place] for place in places]), iterations)
        permutations |= dict(zip(places, scaled, strict=True))
    return [permutations[place] for place in range(len(logits))]
