"""Runs a traced network on given tensors and records values. Imports torch, so import this module only on use."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from attrs import define
from torch.fx import Interpreter
from torch.utils._pytree import tree_leaves

from globscope.symmetry.trace import Graph


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


class ActivationRecorder(Interpreter):
    """Records values just before they are read, since a value may be written to after it was computed."""

    def __init__(self, graph: Graph, recorded: Mapping[Any, Sequence[RecordedValue]]) -> None:
        """Record values, by the operation that reads them."""
        super().__init__(graph.exported.graph_module)
        self._exported, self._names, self._to_record = graph.exported, graph.names, recorded
        self._values: dict[RecordedValue, np.ndarray] = {}

    def record(self, tensors: Mapping[str, Any], inputs: Any) -> dict[RecordedValue, np.ndarray]:
        """Return the (samples, n) numbers of every recorded value, for a network on a batch."""
        self._values = {}
        with torch.no_grad():
            self.run(*self._arguments(tensors, inputs))
        return self._values

    def run_node(self, n: Any) -> Any:
        """Record what one operation reads, and run it."""
        for value in self._to_record.get(n, ()):
            self._values[value] = _samples(self.env[value.node], value)
        return super().run_node(n)

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


def _samples(tensor: Any, value: RecordedValue) -> np.ndarray:
    units: np.ndarray = tensor.detach().movedim(value.axis, -1).cpu().double().numpy()[..., value.index]
    return np.swapaxes(units, -1, -2).reshape(-1, len(value.index))
