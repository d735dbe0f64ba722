"""An MLP as a chain of layers: which tensor is which, and how a whole batch of networks is permuted."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from attrs import define

from globscope.api import Axis, Group, Probe, SymmetryError, symmetry

ANY = "weight-matching, activation-matching and sinkhorn take any network"


@define(frozen=True, kw_only=True)
class Layer:
    """One layer's tensors.

    Attributes:
        weight: Name of the (units, units below) matrix.
        bias: Name of the (units,) vector; empty where there is none.
    """

    weight: str
    bias: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names."""
        return (self.weight, self.bias) if self.bias else (self.weight,)


@define(frozen=True, kw_only=True)
class Mlp:
    """The layers of an MLP from its inputs to its outputs.

    A batch of networks is a mapping from tensors' names to torch tensors whose first axis is the network.

    Attributes:
        layers: In order; the last gives the outputs.
        groups: Names of the hidden layers' units, one fewer than layers.
        widths: Of the inputs, the hidden layers and the outputs.
    """

    layers: tuple[Layer, ...]
    groups: tuple[str, ...]
    widths: tuple[int, ...]

    @property
    def hidden(self) -> tuple[int, ...]:
        """How many units the hidden layers have."""
        return self.widths[1:-1]

    def read(self, networks: Mapping[str, Any], scales: np.ndarray) -> tuple[list[Any], list[Any]]:
        """Return the weights of all layers and the biases of the hidden ones, 0 where there are none.

        Args:
            networks: The batch.
            scales: (layers, 2), what each layer's weights and biases are divided by.
        """
        weights, biases = [], []
        for layer, (weight, bias) in zip(self.layers, scales.tolist(), strict=True):
            weights.append(networks[layer.weight] / weight)
            biases.append(networks[layer.bias] / bias if layer.bias else weights[-1][..., 0] * 0)
        return weights, biases[:-1]

    def permuted(self, networks: Mapping[str, Any], orders: Sequence[Any]) -> dict[str, Any]:
        """Return networks whose unit i of a hidden layer is unit `order[i]` of what is given.

        Args:
            networks: The batch.
            orders: By hidden layer, (networks, units) indices: every network's own permutation.
        """
        import torch

        moved = dict(networks)
        row = torch.arange(len(orders[0]), device=orders[0].device)[:, None]
        for at, layer in enumerate(self.layers):
            if at < len(orders):
                moved |= {name: moved[name][row, orders[at]] for name in layer.names}
            if at:
                columns = orders[at - 1][:, None, :]
                moved[layer.weight] = moved[layer.weight].take_along_dim(columns, 2)
        return moved

    def mixed(self, networks: Mapping[str, Any], soft: Sequence[Any]) -> dict[str, Any]:
        """Return networks whose unit i is Σ_j `soft[i, j]` of unit j; with 0 and 1 it permutes.

        Args:
            networks: The batch.
            soft: By hidden layer, (networks, units, units).
        """
        moved = dict(networks)
        for at, layer in enumerate(self.layers):
            if at:
                moved[layer.weight] = moved[layer.weight] @ soft[at - 1].mT
            if at < len(soft):
                moved[layer.weight] = soft[at] @ moved[layer.weight]
                if layer.bias:
                    moved[layer.bias] = (soft[at] @ moved[layer.bias][..., None])[..., 0]
        return moved


def read_mlp(probe: Probe) -> Mlp:
    """Return the layers of a task's network.

    Raises:
        SymmetryError: It is no MLP, or its units cannot be found.
    """
    found = symmetry(probe)
    shapes = dict(zip(probe.layout.names, probe.layout.shapes, strict=True))
    if found.statistics:
        raise _no_mlp(f"this network has statistics, {_listed(sorted(found.statistics))}")
    parts = [_parts(group, shapes) for group in found.groups]
    for (group, (_, _, above)), (_, (made, _, _)) in pairwise(zip(found.groups, parts, strict=True)):
        if above != made:
            raise _no_mlp(f"{group.name!r} is read by {above!r}, which does not make the next layer's units, {made!r}")
    layers = [Layer(weight=made, bias=bias) for made, bias, _ in parts]
    layers.append(_last(parts[-1][2], layers, shapes))
    widths = (shapes[layers[0].weight][1], *found.sizes.values(), shapes[layers[-1].weight][0])
    return Mlp(layers=tuple(layers), groups=tuple(found.sizes), widths=widths)


def _parts(group: Group, shapes: Mapping[str, tuple[int, ...]]) -> tuple[str, str, str]:
    """Return the names of the matrix that makes a group's units, of its bias, and of the matrix that reads them."""
    kinds: dict[tuple[int, int], list[str]] = {}
    for one in group.axes:
        kind = (len(shapes[one.tensor]), one.axis) if _whole(one, shapes) else (0, 0)
        kinds.setdefault(kind, []).append(one.tensor)
    made, bias, read = (kinds.pop(kind, []) for kind in ((2, 0), (1, 0), (2, 1)))
    if kinds or len(made) != 1 or len(read) != 1 or len(bias) > 1:
        raise _no_mlp(f"the units of {group.name!r} stand in {_listed([one.tensor for one in group.axes])}")
    return made[0], bias[0] if bias else "", read[0]


def _whole(one: Axis, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether an axis of a flattened tensor is a group's units and nothing else, in their order."""
    return one.tensor in shapes and np.array_equal(one.index, np.arange(shapes[one.tensor][one.axis])[:, None])


def _last(weight: str, layers: Sequence[Layer], shapes: Mapping[str, tuple[int, ...]]) -> Layer:
    """Return the outputs' layer: the last matrix, and what is left, which may be its bias."""
    known = {weight, *(name for layer in layers for name in layer.names)}
    left = [name for name in shapes if name not in known]
    if left and (len(left) > 1 or shapes[left[0]] != shapes[weight][:1]):
        raise _no_mlp(f"this network has {_listed(left)} as well")
    return Layer(weight=weight, bias="".join(left))


def _listed(names: Sequence[str]) -> str:
    told = ", ".join(map(repr, names[:4]))
    return f"{told} and {len(names) - 4} more" if len(names) > 4 else told


def _no_mlp(why: str) -> SymmetryError:
    return SymmetryError(f"deep-align reads MLPs, layer by layer one matrix and one bias; {why}; {ANY}")
