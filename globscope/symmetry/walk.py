"""The walk through a graph: every operation by its rule; whatever has none keeps the order of its inputs."""

from collections.abc import Callable, Collection, Mapping
from operator import getitem
from types import MappingProxyType
from typing import Any

from attrs import define

from globscope.symmetry.elementwise import OPERATIONS, elementwise
from globscope.symmetry.flow import Axes, Call, Flow, fixed, operation
from globscope.symmetry.found import Frozen
from globscope.symmetry.layers import LAYERS
from globscope.symmetry.movement import MOVES
from globscope.symmetry.trace import Graph

Rule = Callable[[Call], Axes | list[Axes] | None]
RULES: Mapping[str, Rule] = MappingProxyType({**OPERATIONS, **LAYERS, **MOVES})
# They look at sizes and types alone.
INERT = ("_assert_tensor_metadata", "_assert_scalar", "_assert_async", "sym_size", "sym_stride", "sym_numel")


@define(frozen=True)
class Walk:
    """A graph whose axes were followed.

    Attributes:
        graph: Of the network.
        flow: What is known of its values.
        tensors: The axes of parameters and buffers, in the order of their first use.
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
            # Any order will do for what is never used; it is left as it is.
            shape = node.meta["val"].shape
            tensors[name] = _tensor(flow, name, shape, free) if name in used else tuple(map(fixed, shape))
        flow.values[node] = tensors[name]
    for node in graph.nodes:
        if node not in graph.names:
            if node.op == "placeholder" or flow.data.intersection(node.all_input_nodes):
                flow.data.add(node)
            flow.values[node] = _value(flow, node)
    return Walk(graph, flow, tensors)


def _first_use(graph: Graph) -> Callable[[Any], int]:
    """Return by what placeholders are sorted: where they are used first, unused ones last."""
    order = {node: at for at, node in enumerate(graph.nodes)}
    return lambda node: min((order[user] for user in node.users), default=len(order))


def _tensor(flow: Flow, name: str, shape: tuple[int, ...], free: Collection[str]) -> Axes:
    if name in free:
        return tuple(flow.slots.fresh(count) if count > 1 else fixed(count) for count in shape)
    if max(shape, default=1) > 1:
        flow.frozen.append(Frozen(where=name, what="a tensor that is not mapped"))
    return tuple(map(fixed, shape))


def _value(flow: Flow, node: Any) -> Axes | list[Axes] | None:
    call = Call(flow, node)
    if node.op == "output":
        _fix(call)
        return None
    if node.op != "call_function":
        return _fixed(node.meta.get("val"))
    if node.target is not getitem:
        return _called(call)
    several, at = node.args
    return flow.values[several][at] if flow.values[several] else None


def _called(call: Call) -> Axes | list[Axes] | None:
    if operation(call.node) in INERT:
        return None
    rule, moving, known = _rule(call.node), call.moving(), (len(call.flow.marks), len(call.flow.frozen))
    found = rule(call) if rule else None
    if found is None:
        call.freeze(*(slots for axes in call.inputs() for slots in axes))
        found = _fixed(call.node.meta.get("val"))
    marks, frozen = known
    told_apart = bool(moving) and len(call.flow.marks) > marks
    if told_apart or len(call.flow.frozen) > frozen or not all(map(call.slots.moves, moving)):
        call.flow.bound.append(call.here)
    return found


def _rule(node: Any) -> Rule | None:
    import torch

    if not isinstance(node.target, torch._ops.OpOverload):
        return None
    own = RULES.get(operation(node)) if node.target.namespace == "aten" else None
    return own or (elementwise if torch.Tag.pointwise in node.target.tags else None)


def _fix(call: Call) -> None:
    """Fix the order of what the network returns."""
    for axes in call.inputs():
        for slots in axes:
            call.slots.freeze(slots)


def _fixed(value: Any) -> Axes | list[Axes] | None:
    """Return the axes of values whose order is fixed."""
    if isinstance(value, list | tuple):
        return [_fixed(one) or () for one in value]  # type: ignore[misc]
    return tuple(fixed(count) for count in map(int, value.shape)) if hasattr(value, "shape") else None
