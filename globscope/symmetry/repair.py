"""Mixtures of networks whose hidden units have the mixtures of their statistics, as plain networks (REPAIR)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define

from globscope.errors import SymmetryError
from globscope.roles import Probe, ProbeTraits, Tensors, traits
from globscope.scoring.draws import device_of, fixed_seed
from globscope.scoring.examples import fixed_examples
from globscope.symmetry.flow import Call, operation
from globscope.symmetry.search import traced_network
from globscope.symmetry.walk import Walk

# The axis of a weight along which its layer's units lie, by operation.
WEIGHT_AXES = {"linear": 0, "addmm": 1, **{f"conv{n}d": 0 for n in (1, 2, 3)}}
WEIGHT_AXES |= {f"conv_transpose{n}d": 1 for n in (1, 2, 3)}
# What operations call their weight and bias, if not so.
NAMES = {"addmm": ("mat2", "self")}


@define(frozen=True, kw_only=True)
class AffineLayer:
    """A hidden layer whose outputs can be scaled and shifted by its own weight and bias.

    Attributes:
        weight: Name of its weight.
        bias: Name of its bias.
        axis: The weight's axis along which the units lie.
        places: How many axes of places follow the units in its output.
    """

    weight: str
    bias: str
    axis: int
    places: int

    def rescale(self, tensors: Mapping[str, np.ndarray], scale: np.ndarray, shift: np.ndarray) -> dict[str, np.ndarray]:
        """Return the tensors with every output x of the layer made scale · x + shift; both are (units,)."""
        weight, bias = tensors[self.weight], tensors[self.bias]
        along = scale.reshape([-1 if axis == self.axis else 1 for axis in range(weight.ndim)])
        return {**tensors, self.weight: weight * along, self.bias: bias * scale + shift}


def affine_layers(probe: Probe, examples: int = 4) -> dict[Any, AffineLayer]:
    """Return the hidden layers of a probe's network that REPAIR can rescale, by their nodes in the graph.

    They are linear layers and convolutions with a trained weight and bias of their own, each used once, some of whose
    units are free to change places: those of the last layer are not.

    Raises:
        SymmetryError: There is none, the network has statistics, or it cannot be traced.
    """
    if probe.statistics:
        raise SymmetryError(
            "the network has statistics (BatchNorm), which are re-estimated instead: batch_norm of the evaluator"
        )
    network = traced_network(probe, examples)
    known = [(node, _affine_layer(network.walk, node)) for node in network.walk.graph.nodes]
    layers = {node: layer for node, layer in known if layer and {layer.weight, layer.bias} <= {*probe.layout.names}}
    if not layers:
        raise SymmetryError("the network has no hidden linear layer or convolution with a weight and a bias of its own")
    return layers


def _affine_layer(walked: Walk, node: Any) -> AffineLayer | None:
    axis = WEIGHT_AXES.get(operation(node)) if node.op == "call_function" else None
    if axis is None:
        return None
    call, names = Call(walked.flow, node), walked.graph.names
    weight, bias = (call.argument(name) for name in NAMES.get(operation(node), ("weight", "bias")))
    uses = [user for other in names if names[other] in (names.get(weight), names.get(bias)) for user in other.users]
    grouped = axis and operation(node) != "addmm" and call.argument("groups") > 1
    if weight not in names or bias not in names or uses != [node, node] or grouped:
        return None
    if not walked.flow.slots.moves(walked.tensors[names[weight]][axis]):
        return None
    places = len(walked.tensors[names[weight]]) - 2
    return AffineLayer(weight=names[weight], bias=names[bias], axis=axis, places=places)


# By name of a layer's weight: (m, 2, units), of each mixture what its outputs are multiplied with and what is added.
Corrections = Mapping[str, np.ndarray]


def repair_corrections(probe: Probe, networks: Sequence[Tensors], shares: np.ndarray, examples: int) -> Corrections:
    """Return what gives the units of mixtures the mean and standard deviation of their outputs that ends have.

    For mixtures Σ sᵢ θᵢ the goal of each unit is the mean Σ sᵢ μᵢ and the standard deviation Σ sᵢ σᵢ of its outputs
    before the nonlinearity. A layer is corrected after the layers below. A unit that is constant is only shifted.

    Source: Jordan, Sedghi, Saukh, Entezari, Neyshabur, "REPAIR: REnormalizing Permuted Activations for Interpolation
    Repair", ICLR 2023; there BatchNorm layers are added, their statistics reset, and both fused with the layers.

    Args:
        probe: The probe of the task.
        networks: The k networks that are mixed, numpy arrays by name; their units are aligned already.
        shares: (m, k) shares of the networks in every mixture.
        examples: How many examples of the first split, the same for all networks, run through a network at once.

    Raises:
        SymmetryError: As `affine_layers` does.
    """
    from globscope.symmetry.interpreter import UnitStatistics

    rows = fixed_examples(probe, probe.splits[0], examples)
    layers = affine_layers(probe, len(rows))
    graph = traced_network(probe, len(rows)).walk.graph
    runner = UnitStatistics(graph, {node: layer.places for node, layer in layers.items()})
    inputs = probe.inputs(probe.batch(probe.splits[0], rows))  # type: ignore[attr-defined]
    ends = [_complete(probe, network) for network in networks]
    corrections = dict[str, list[np.ndarray]]()
    with fixed_seed(0, device_of(ends[0])):
        known = [runner.measure(end, inputs) for end in ends]
        for row in shares:
            goals, mixture = _mix(row, known, layers), _mix(row, ends, probe.layout.names)
            for node, found in runner.correct({**ends[0], **mixture}, inputs, goals).items():
                corrections.setdefault(layers[node].weight, []).append(found)
    return {name: np.stack(found) for name, found in corrections.items()}


def _mix(shares: np.ndarray, values: Sequence[Mapping[Any, Any]], keys: Iterable[Any]) -> dict[Any, Any]:
    """Return weighted sums of arrays or tensors by key."""
    return {key: sum(share * one[key] for share, one in zip(shares.tolist(), values, strict=True)) for key in keys}


def _complete(probe: Probe, network: Tensors) -> Tensors:
    """Return all tensors of a network on its device."""
    import torch

    parameters, buffers = probe.initialise(0)
    like = {**buffers, **parameters}
    own = {name: torch.from_numpy(np.array(network[name])).to(like[name]) for name in like if name in network}
    return traits(probe, ProbeTraits).complete({**parameters, **own}, {**buffers, **own})
