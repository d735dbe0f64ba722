"""The axes of every value of a traced network, operation by operation."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from attrs import define, field

from globscope.symmetry.products import Product
from globscope.symmetry.slots import FIXED, Slots
from globscope.symmetry.symmetry import Frozen

# For every axis of a tensor, what stands at its indices.
Axes = tuple[np.ndarray, ...]


def fixed_axis(count: int) -> np.ndarray:
    """Return the slots of an axis whose order is fixed."""
    return np.full(count, FIXED)


@define
class Flow:
    """What is known about a graph's values while it is walked.

    Attributes:
        slots: The slots of all axes, and which of them move together.
        values: The axes of each node's tensor, or of its list of tensors; nothing for other results.
        marks: Arrays of slots that an operation treats differently from those beside them.
        reads: (reader, node, axis) of values that are multiplied with parameters and summed along the axis.
        frozen: Where an order was fixed because it could not be followed.
        products: Axes that were split or merged where more than one of the parts may move.
        bound: Operations that fix the order of units, by combining them with others or distinguishing them.
        data: Nodes whose values depend on the network's inputs; others are made of parameters alone.
    """

    slots: Slots = field(factory=Slots)
    values: dict[Any, Any] = field(factory=dict)
    marks: list[np.ndarray] = field(factory=list)
    reads: list[tuple[Any, Any, int]] = field(factory=list)
    frozen: list[Frozen] = field(factory=list)
    products: list[Product] = field(factory=list)
    bound: list[Frozen] = field(factory=list)
    data: set[Any] = field(factory=set)

    def uniform(self, count: int) -> np.ndarray:
        """Return the slots of an axis with equal values: exchangeable among themselves."""
        fresh = self.slots.fresh(count)
        self.marks.append(fresh)
        return fresh

    def mark(self, slots: np.ndarray) -> np.ndarray:
        """Return slots, from now on exchangeable among themselves only; a single one has none to change with."""
        if self.slots.moves(slots):
            self.marks.append(slots)
        if len(slots) == 1:
            self.slots.freeze(slots)
        return slots


@define(frozen=True)
class Call:
    """One operation of the graph.

    Attributes:
        flow: What is known about the graph's values so far.
        node: The graph's node of the operation.
    """

    flow: Flow
    node: Any

    @property
    def slots(self) -> Slots:
        """Which slots move together."""
        return self.flow.slots

    def argument(self, name: str) -> Any:
        """Return an argument by its name in the operation's schema, or its default."""
        for place, argument in enumerate(self.node.target._schema.arguments):
            if argument.name == name:
                value = self.node.args[place] if place < len(self.node.args) else self.node.kwargs.get(name)
                return argument.default_value if value is None else value
        raise LookupError(f"{self.node.target} has no argument {name!r}")

    def axes(self, name: str) -> Axes | None:
        """Return the axes of a tensor argument; None where it is omitted."""
        node = self.argument(name)
        axes: Axes | None = None if node is None else self.flow.values[node]
        return axes

    def required_axes(self, name: str) -> Axes:
        """Return the axes of a tensor argument that is never omitted."""
        axes = self.axes(name)
        assert axes is not None
        return axes

    def inputs(self) -> Iterator[Axes]:
        """Yield the axes of every input tensor."""
        for node in self.node.all_input_nodes:
            value = self.flow.values.get(node)
            yield from value if isinstance(value, list) else [] if value is None else [value]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the output tensor."""
        return tuple(self.node.meta["val"].shape)

    def moving(self) -> list[np.ndarray]:
        """Return the input values' axes with units that may still change places.

        Parameters count only where no input is data, as where a mask is multiplied with a weight: a layer that reads
        the network's inputs in their order says nothing about units.
        """
        nodes = self.node.all_input_nodes
        values = [self.flow.values.get(node) for node in ([n for n in nodes if n in self.flow.data] or nodes)]
        axes = [slots for value in values if isinstance(value, tuple) for slots in value]
        return [slots for slots in axes if self.slots.moves(slots)]

    def read(self, node: Any, axis: int) -> None:
        """Note that a value is multiplied with parameters and summed along one of its axes."""
        if node.op != "placeholder":
            self.flow.reads.append((self.node, node, axis))

    @property
    def here(self) -> Frozen:
        """The operation with its layer, for messages."""
        return Frozen(where=layer(self.node), what=operation(self.node))

    def tie(self, first: np.ndarray, second: np.ndarray | None) -> None:
        """Make two axes move together, if there is a second one."""
        if second is not None:
            self.slots.tie(first, second)

    def multiply(self, whole: np.ndarray, factors: np.ndarray) -> None:
        """Note that (n,) slots of a long axis are combinations of (k, n) slots of short ones."""
        self.flow.products.append(Product(self.here, whole, factors))

    def freeze(self, *axes: np.ndarray) -> None:
        """Fix the order along axes that cannot be followed, and note where."""
        if any(map(self.slots.moves, axes)):
            self.flow.frozen.append(self.here)
        for slots in axes:
            self.slots.freeze(slots)


def broadcast(call: Call, *operands: Axes) -> Axes:
    """Return the axes of tensors that are combined elementwise, tied to one another."""
    result = []
    for axis in range(-max(map(len, operands)), 0):
        present = [axes[axis] for axes in operands if len(axes) >= -axis]
        first, *others = [slots for slots in present if len(slots) != 1] or present[:1]
        for other in others:
            call.slots.tie(first, other)
        result.append(first)
    return tuple(result)


def layer(node: Any) -> str:
    """Return the name of the module that an operation belongs to; empty for the model itself."""
    stack: Mapping[str, Any] = node.meta.get("nn_module_stack") or {"": ("", None)}
    name: str = list(stack.values())[-1][0]
    return name


def operation(node: Any) -> str:
    """Return an operation's name."""
    target = node.target
    packet = target.overloadpacket if hasattr(target, "overloadpacket") else target
    return str(packet.__name__ if hasattr(packet, "__name__") else packet)
