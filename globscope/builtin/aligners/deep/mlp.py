"""An MLP as a chain of layers: the roles of its tensors, and permutations of a batch of networks."""

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
        """The names of the layer's tensors."""
        return (self.weight, self.bias) if self.bias else (self.weight,)


@define(frozen=True, kw_only=True)
class Mlp:
    """The layers of an MLP from its inputs to its outputs.

    A batch of networks is a mapping from tensors' names to torch tensors whose first axis is the network.

    Attributes:
        layers: The layers in order; the last computes the outputs.
        groups: Names of the hidden layers' units, one fewer than layers.
        widths: Numbers of inputs, of units of the hidden layers, and of outputs.
    """

    layers: tuple[Layer, ...]
    groups: tuple[str, ...]
    widths: tuple[int, ...]

    @property
    def hidden(self) -> tuple[int, ...]:
        """The numbers of units of the hidden layers."""
        return self.widths[1:-1]

    def read(self, networks: Mapping[str, Any], scales: np.ndarray) -> tuple[list[Any], list[Any]]:
        """Return the weights of all layers and the biases of the hidden ones, 0 where there are none.

        Args:
            networks: The batch.
            scales: (layers, 2) divisors of each layer's weights and biases.
        """
        weights, biases = [], []
        for layer, (weight, bias) in zip(self.layers, scales.tolist(), strict=True):
            weights.append(networks[layer.weight] / weight)
            biases.append(networks[layer.bias] / bias if layer.bias else weights[-1][..., 0] * 0)
        return weights, biases[:-1]

    def permute(self, networks: Mapping[str, Any], orders: Sequence[Any]) -> dict[str, Any]:
        """Return networks whose unit i of a hidden layer is unit `order[i]` of the given networks.

        Args:
            networks: The batch.
            orders: (networks, units) permutations of every hidden layer, one for each network.
        """
        import torch

        permuted = dict(networks)
        row = torch.arange(len(orders[0]), device=orders[0].device)[:, None]
        for number, layer in enumerate(self.layers):
            if number < len(orders):
                permuted |= {name: permuted[name][row, orders[number]] for name in layer.names}
            if number:
                columns = orders[number - 1][:, None, :]
                permuted[layer.weight] = permuted[layer.weight].take_along_dim(columns, 2)
        return permuted

    def mix(self, networks: Mapping[str, Any], soft: Sequence[Any]) -> dict[str, Any]:
        """Return networks whose unit i is Σ_j `soft[i, j]` of unit j; entries 0 and 1 permute.

        Args:
            networks: The batch.
            soft: (networks, units, units) soft permutations of every hidden layer.
        """
        mixed = dict(networks)
        for number, layer in enumerate(self.layers):
            if number:
                mixed[layer.weight] = mixed[layer.weight] @ soft[number - 1].mT
            if number < len(soft):
                mixed[layer.weight] = soft[number] @ mixed[layer.weight]
                if layer.bias:
                    mixed[layer.bias] = (soft[number] @ mixed[layer.bias][..., None])[..., 0]
        return mixed


def read_mlp(probe: Probe) -> Mlp:
    """Return the layers of a task's network.

    Raises:
        SymmetryError: It is not an MLP, or its units cannot be found.
    """
    groups = symmetry(probe)
    shapes = dict(zip(probe.layout.names, probe.layout.shapes, strict=True))
    if groups.statistics:
        raise _no_mlp(f"this network has statistics, {_list_names(sorted(groups.statistics))}")
    parts = [_parts(group, shapes) for group in groups.groups]
    for (group, (_, _, above)), (_, (computing, _, _)) in pairwise(zip(groups.groups, parts, strict=True)):
        if above != computing:
            raise _no_mlp(
                f"{group.name!r} is read by {above!r}, which does not make the next layer's units, {computing!r}"
            )
    layers = [Layer(weight=computing, bias=bias) for computing, bias, _ in parts]
    layers.append(_last(parts[-1][2], layers, shapes))
    widths = (shapes[layers[0].weight][1], *groups.sizes.values(), shapes[layers[-1].weight][0])
    return Mlp(layers=tuple(layers), groups=tuple(groups.sizes), widths=widths)


def _parts(group: Group, shapes: Mapping[str, tuple[int, ...]]) -> tuple[str, str, str]:
    """Return the names of the matrix that computes a group's units, of its bias, and of the matrix that reads them."""
    kinds: dict[tuple[int, int], list[str]] = {}
    for axis in group.axes:
        kind = (len(shapes[axis.tensor]), axis.axis) if _whole(axis, shapes) else (0, 0)
        kinds.setdefault(kind, []).append(axis.tensor)
    computing, bias, read = (kinds.pop(kind, []) for kind in ((2, 0), (1, 0), (2, 1)))
    if kinds or len(computing) != 1 or len(read) != 1 or len(bias) > 1:
        raise _no_mlp(f"the units of {group.name!r} stand in {_list_names([axis.tensor for axis in group.axes])}")
    return computing[0], bias[0] if bias else "", read[0]


def _whole(axis: Axis, shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Return whether an axis of a flattened tensor holds exactly a group's units, in their order."""
    return axis.tensor in shapes and np.array_equal(axis.index, np.arange(shapes[axis.tensor][axis.axis])[:, None])


def _last(weight: str, layers: Sequence[Layer], shapes: Mapping[str, tuple[int, ...]]) -> Layer:
    """Return the layer of the outputs: the last matrix, and the remaining tensor, which may be its bias."""
    known = {weight, *(name for layer in layers for name in layer.names)}
    left = [name for name in shapes if name not in known]
    if left and (len(left) > 1 or shapes[left[0]] != shapes[weight][:1]):
        raise _no_mlp(f"this network has {_list_names(left)} as well")
    return Layer(weight=weight, bias="".join(left))


def _list_names(names: Sequence[str]) -> str:
    listed = ", ".join(map(repr, names[:4]))
    return f"{listed} and {len(names) - 4} more" if len(names) > 4 else listed


def _no_mlp(why: str) -> SymmetryError:
    return SymmetryError(f"deep-align reads MLPs, layer by layer one matrix and one bias; {why}; {ANY}")
