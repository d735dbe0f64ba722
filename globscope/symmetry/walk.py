"""The walk through a graph, each operation by its rule; an operation without a rule fixes the order of its inputs."""

from collections.abc import Callable, Collection, Mapping
from operator import getitem
from types import MappingProxyType
from typing import Any

from attrs import define

from globscope.symmetry.elementwise import OPERATIONS, elementwise
from globscope.symmetry.flow import Axes, Call, Flow, fixed_axis, operation
from globscope.symmetry.layers import LAYERS
from globscope.symmetry.movement import MOVES
from globscope.symmetry.products import resolve
from globscope.symmetry.symmetry import Frozen
from globscope.symmetry.trace import Graph

Rule = Callable[[Call], Axes | list[Axes] | None]
RULES: Mapping[str, Rule] = MappingProxyType({**OPERATIONS, **LAYERS, **MOVES})
# Operations that depend on sizes and types alone.
INERT = ("_assert_tensor_metadata", "_assert_scalar", "_assert_async", "sym_size", "sym_stride", "sym_numel")


@define(frozen=True)
class Walk:
    """A graph with the axes of all its values.

    Attributes:
        graph: The network's graph.
        flow: What is known about its values.
        tensors: The axes of parameters and buffers by name, in the order of their first use.
    """

    graph: Graph
    flow: Flow
    tensors: Mapping[str, Axes]


def walk(graph: Graph, free: Collection[str]) -> Walk:
    """Return the graph with the axes of its values; `free` are the tensors that may be permuted."""
    flow = Flow()
    tensors = dict[str, Axes]()
    used = {name for node, name in graph.names.items() if node.users}
    for node in sorted(graph.names, key=_first_use(graph)):
        name = graph.names[node]
        if name not in tensors:
            # A tensor that is never used may have any order; it is fixed.
            shape = node.meta["val"].shape
            tensors[name] = _tensor(flow, name, shape, free) if name in used else tuple(map(fixed_axis, shape))
        flow.values[node] = tensors[name]
    for node in graph.nodes:
        if node not in graph.names:
            if node.op == "placeholder" or flow.data.intersection(node.all_input_nodes):
                flow.data.add(node)
            flow.values[node] = _value(flow, node)
    flow.bound += resolve(flow.slots, flow.products)
    return Walk(graph, flow, tensors)


def _first_use(graph: Graph) -> Callable[[Any], int]:
    """Return the sort key of placeholders: where they are used first, unused ones last."""
    order = {node: place for place, node in enumerate(graph.nodes)}
    return lambda node: min((order[user] for user in node.users), default=len(order))


def _tensor(flow: Flow, name: str, shape: tuple[int, ...], free: Collection[str]) -> Axes:
    if name in free:
        return tuple(flow.slots.fresh(count) if count > 1 else fixed_axis(count) for count in shape)
    if max(shape, default=1) > 1:
        flow.frozen.append(Frozen(where=name, what="a tensor that is not mapped"))
    return tuple(map(fixed_axis, shape))


def _value(flow: Flow, node: Any) -> Axes | list[Axes] | None:
    call = Call(flow, node)
    if node.op == "output":
        _freeze_inputs(call)
        return None
    if node.op != "call_function":
        return _fixed_axes(node.meta.get("val"))
    if node.target is not getitem:
        return _call_result(call)
    parts, index = node.args
    return flow.values[parts][index] if flow.values[parts] else None


def _call_result(call: Call) -> Axes | list[Axes] | None:
    if operation(call.node) in INERT:
        return None
    rule, moving, known = _rule(call.node), call.moving(), (len(call.flow.marks), len(call.flow.frozen))
    axes = rule(call) if rule else None
    if axes is None:
        call.freeze(*(slots for inputs in call.inputs() for slots in inputs))
        axes = _fixed_axes(call.node.meta.get("val"))
    marks, frozen = known
    distinguished = bool(moving) and len(call.flow.marks) > marks
    if distinguished or len(call.flow.frozen) > frozen or not all(map(call.slots.moves, moving)):
        call.flow.bound.append(call.here)
    return axes


def _rule(node: Any) -> Rule | None:
    import torch

    if not isinstance(node.target, torch._ops.OpOverload):
        return None
    rule = RULES.get(operation(node)) if node.target.namespace == "aten" else None
    return rule or (elementwise if torch.Tag.pointwise in node.target.tags else None)


def _freeze_inputs(call: Call) -> None:
    """Fix the order of the network's outputs."""
    for axes in call.inputs():
        for slots in axes:
            call.slots.freeze(slots)


def _fixed_axes(value: Any) -> Axes | list[Axes] | None:
    """Return the axes of values whose order is fixed."""
    if isinstance(value, list | tuple):
        return [_fixed_axes(part) or () for part in value]  # type: ignore[misc]
    return tuple(fixed_axis(count) for count in map(int, value.shape)) if hasattr(value, "shape") else None
