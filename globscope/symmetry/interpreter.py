"""Runs a traced network on given tensors and records values. Imports torch, so import this module only on use."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from attrs import define
from torch.fx import Interpreter
from torch.utils._pytree import tree_leaves

from globscope.symmetry.trace import Graph

# A variance below this share of the mean square is rounding error: the unit is constant.
CONSTANT = 1e-12


@define(frozen=True, eq=False)
class RecordedValue:
    """A value whose units are recorded.

    Attributes:
        node: The graph's node that computes the value.
        axis: The value's axis along which the units lie.
        index: (n, m) indices of the units along the axis.
    """

    node: Any
    axis: int
    index: np.ndarray


class GraphRunner(Interpreter):
    """Runs a traced network on given tensors in place of its own."""

    def __init__(self, graph: Graph) -> None:
        """Run the network of a graph."""
        super().__init__(graph.exported.graph_module)
        self._exported, self._names = graph.exported, graph.names

    def run_network(self, tensors: Mapping[str, Any], inputs: Any) -> None:
        """Run a network, parameters and buffers by name, on a batch's inputs."""
        with torch.no_grad():
            self.run(*self._arguments(tensors, inputs))

    def _arguments(self, tensors: Mapping[str, Any], inputs: Any) -> Iterator[Any]:
        constants = {**self._exported.state_dict, **self._exported.constants}
        leaves = iter(tree_leaves(inputs))
        placeholders = {node.name: node for node in self._names}
        for spec in self._exported.graph_signature.input_specs:
            if spec.kind.name == "USER_INPUT":
                yield next(leaves)
            else:
                name = self._names.get(placeholders.get(spec.arg.name), "")
                yield tensors[name] if name in tensors else constants[spec.target]


class ActivationRecorder(GraphRunner):
    """Records values just before they are read, since a value may be written to after it was computed."""

    def __init__(self, graph: Graph, recorded: Mapping[Any, Sequence[RecordedValue]]) -> None:
        """Record values, by the operation that reads them."""
        super().__init__(graph)
        self._to_record = recorded
        self._values: dict[RecordedValue, np.ndarray] = {}

    def record(self, tensors: Mapping[str, Any], inputs: Any) -> dict[RecordedValue, np.ndarray]:
        """Return the (samples, n) numbers of every recorded value, for a network on a batch."""
        self._values = {}
        self.run_network(tensors, inputs)
        return self._values

    def run_node(self, n: Any) -> Any:
        """Record what one operation reads, and run it."""
        for value in self._to_record.get(n, ()):
            self._values[value] = _samples(self.env[value.node], value)
        return super().run_node(n)


class UnitStatistics(GraphRunner):
    """Measures the mean and standard deviation of layers' units, or gives them others.

    Both come as (2, units) arrays by the layer's node.
    """

    def __init__(self, graph: Graph, places: Mapping[Any, int]) -> None:
        """Look at layers, with the number of axes that follow the units in their outputs."""
        super().__init__(graph)
        self._places = places
        self._goals: Mapping[Any, np.ndarray] = {}
        self._found: dict[Any, np.ndarray] = {}

    def measure(self, tensors: Mapping[str, Any], inputs: Any) -> dict[Any, np.ndarray]:
        """Return the means and standard deviations of every layer's units, for a network on a batch."""
        return self.correct(tensors, inputs, {})

    def correct(
        self, tensors: Mapping[str, Any], inputs: Any, goals: Mapping[Any, np.ndarray]
    ) -> dict[Any, np.ndarray]:
        """Return what outputs have to be multiplied with, and what added, so that they have given statistics.

        Layers above read what is corrected. Without a goal, a layer's statistics are returned.
        """
        self._goals, self._found = goals, {}
        self.run_network(tensors, inputs)
        return self._found

    def run_node(self, n: Any) -> Any:
        """Run one operation; correct what a layer returns."""
        value = super().run_node(n)
        return self._correct_layer(n, value) if n in self._places else value

    def _correct_layer(self, node: Any, value: Any) -> Any:
        units = value.movedim(value.ndim - 1 - self._places[node], -1)
        numbers = units.reshape(-1, units.shape[-1]).cpu().double()  # no double precision on every device
        mean, deviation = numbers.mean(0), numbers.std(0, correction=0)
        if node not in self._goals:
            self._found[node] = torch.stack([mean, deviation]).numpy()
            return value
        goal_mean, goal_deviation = torch.from_numpy(self._goals[node])
        constant = deviation.square() <= CONSTANT * numbers.square().mean(0)
        scale = torch.where(constant, 1.0, goal_deviation / deviation)
        shift = goal_mean - mean * scale
        self._found[node] = torch.stack([scale, shift]).numpy()
        corrected = units * scale.to(value) + shift.to(value)
        return corrected.movedim(-1, value.ndim - 1 - self._places[node])


def _samples(tensor: Any, value: RecordedValue) -> np.ndarray:
    units: np.ndarray = tensor.detach().movedim(value.axis, -1).cpu().double().numpy()[..., value.index]
    return np.swapaxes(units, -1, -2).reshape(-1, len(value.index))
