"""Runs a traced network on given tensors and keeps what is asked for. Imports torch: load it when it is needed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from attrs import define
from torch.fx import Interpreter
from torch.utils._pytree import tree_leaves

from globscope.symmetry.trace import Graph


@define(frozen=True, eq=False)
class Watched:
    """A value whose units are recorded.

    Attributes:
        node: That makes it.
        axis: Along which they stand.
        index: (n, m) places of the units.
    """

    node: Any
    axis: int
    index: np.ndarray


class Recorder(Interpreter):
    """Keeps what readers are about to read: a value may be written to after it was made."""

    def __init__(self, graph: Graph, watched: Mapping[Any, Sequence[Watched]]) -> None:
        """Watch values, by the operation that reads them."""
        super().__init__(graph.exported.graph_module)
        self._exported, self._names, self._watched = graph.exported, graph.names, watched
        self._found: dict[Watched, np.ndarray] = {}

    def record(self, tensors: Mapping[str, Any], inputs: Any) -> dict[Watched, np.ndarray]:
        """Return (samples, n) numbers of every watched value, of a network on a batch."""
        self._found = {}
        with torch.no_grad():
            self.run(*self._arguments(tensors, inputs))
        return self._found

    def run_node(self, n: Any) -> Any:
        """Run one operation, after a look at what it reads."""
        for one in self._watched.get(n, ()):
            self._found[one] = _samples(self.env[one.node], one)
        return super().run_node(n)

    def _arguments(self, tensors: Mapping[str, Any], inputs: Any) -> Iterator[Any]:
        own = {**self._exported.state_dict, **self._exported.constants}
        leaves = iter(tree_leaves(inputs))
        placeholders = {node.name: node for node in self._names}
        for spec in self._exported.graph_signature.input_specs:
            if spec.kind.name == "USER_INPUT":
                yield next(leaves)
            else:
                name = self._names.get(placeholders.get(spec.arg.name), "")
                yield tensors[name] if name in tensors else own[spec.target]


def _samples(value: Any, one: Watched) -> np.ndarray:
    units: np.ndarray = value.detach().movedim(one.axis, -1).cpu().double().numpy()[..., one.index]
    return np.swapaxes(units, -1, -2).reshape(-1, len(one.index))
