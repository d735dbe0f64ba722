"""The network that reads MLPs: features of their hidden units; imported where torch is needed."""

from collections.abc import Sequence
from math import log
from typing import Any

import torch
from torch import nn
from torch.nn.functional import gelu, normalize

from globscope.builtin.aligners.deep.architecture import Architecture
from globscope.builtin.aligners.deep.messages import Bilinear, Edge

# What cosines are multiplied with for an assignment, before it is learned.
SHARPNESS = 20.0


class Reader(nn.Module):
    """Features of the hidden units of a batch of MLPs.

    Layers have weights of their own, the units of a layer share them: where an MLP's units are in another order, the
    same features are in that order. The inputs and outputs of the MLP have a fixed order and are read one by one.
    """

    def __init__(self, form: Architecture) -> None:
        """Draw the weights from torch's own generator."""
        super().__init__()
        layers = range(form.hidden)
        self.first = nn.ModuleList([nn.Linear(1 + form.ends(layer), form.width) for layer in layers])
        self.blocks = nn.ModuleList([Block(form) for _ in range(form.blocks)])
        self.heads = nn.ModuleList(
            [nn.Sequential(nn.LayerNorm(form.width), nn.Linear(form.width, form.channels)) for _ in layers]
        )
        self.log_sharpness = nn.Parameter(torch.tensor(log(SHARPNESS)))

    def forward(self, weights: Sequence[Any], biases: Sequence[Any]) -> list[Any]:
        """Return, by hidden layer, the (networks, units, channels) features, of length 1.

        Args:
            weights: By layer, (networks, units, units below), of about unit size.
            biases: By hidden layer, (networks, units), likewise.
        """
        known = [[bias[..., None]] for bias in biases]
        known[0].append(weights[0])
        known[-1].append(weights[-1].mT)
        first = [one(torch.cat(own, -1)) for one, own in zip(self.first, known, strict=True)]
        units, edges = first, None
        for block in self.blocks:
            units, edges = block(weights[1:-1], units, first, edges)
        return [normalize(head(own), dim=-1) for head, own in zip(self.heads, units, strict=True)]

    def logits(self, a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
        """Return the cosines of two batches' features, times the learned sharpness."""
        return [self.sharpness * one for one in cosines(a, b)]

    @property
    def sharpness(self) -> Any:
        """What cosines are multiplied with."""
        return self.log_sharpness.exp()


class Block(nn.Module):
    """One round: every unit hears its neighbours and its layer's mean, and adds to what it is."""

    def __init__(self, form: Architecture) -> None:
        """Draw the weights of every layer."""
        super().__init__()
        self.exchange = (Bilinear if form.messages == "bilinear" else Edge)(form.hidden, form.width)
        width = form.width
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in self.exchange.sizes])
        self.inner = nn.ModuleList([nn.Linear(2 * width + size, width) for size in self.exchange.sizes])
        self.mean = nn.ModuleList([nn.Linear(width, width, bias=False) for _ in self.exchange.sizes])
        self.outer = nn.ModuleList([nn.Linear(width, width) for _ in self.exchange.sizes])

    def forward(self, weights: Sequence[Any], units: Sequence[Any], first: Sequence[Any], edges: Any) -> Any:
        """Return the units' features by hidden layer, and those of the weights where they have any."""
        normal = [norm(own) for norm, own in zip(self.norms, units, strict=True)]
        heard, edges = self.exchange(weights, normal, edges)
        moved = []
        for at, own in enumerate(normal):
            near = self.inner[at](torch.cat([own, first[at], *heard[at]], -1))
            moved.append(units[at] + self.outer[at](gelu(near + self.mean[at](own.mean(1, keepdim=True)))))
        return moved, edges


def cosines(a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
    """Return, by hidden layer, the (networks, units of a, units of b) cosines of features of length 1."""
    return [ours @ theirs.mT for ours, theirs in zip(a, b, strict=True)]
