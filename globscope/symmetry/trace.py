"""A module → the graph of its operations, or an error that names the layer that cannot be traced."""

import contextlib
import io
import linecache
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from attrs import define

from globscope.errors import SymmetryError

# What torch raises where Python needs a number that is known only once the network runs.
ASKS_FOR_VALUES = ("GuardOnDataDependentSymNode", "DataDependentOutputException", "DynamicOutputShapeException")


@define(frozen=True)
class Graph:
    """A traced network.

    Attributes:
        exported: The network as torch exports it.
        names: The parameter's or buffer's name by its placeholder; the first name where it has several.
    """

    exported: Any
    names: Mapping[Any, str]

    @property
    def nodes(self) -> list[Any]:
        """The operations in order, placeholders first."""
        return list(self.exported.graph.nodes)


def trace_graph(module: Any, inputs: tuple[Any, ...]) -> Graph:
    """Return the graph of a module in evaluation mode.

    Raises:
        SymmetryError: It cannot be traced.
    """
    import torch

    try:
        # Where gradients are off, torch runs attention as one opaque operation.
        with _quiet(), torch.enable_grad(), _returning_tensors(module):
            exported = torch.export.export(module, inputs, strict=False)
    except Exception as error:
        raise SymmetryError(_untraceable(module, error)) from error
    kinds = {"PARAMETER", "BUFFER"}
    names = _first_names(module)
    targets = {spec.arg.name: spec.target for spec in exported.graph_signature.input_specs if spec.kind.name in kinds}
    placeholders = (node for node in exported.graph.nodes if node.op == "placeholder")
    return Graph(exported, {node: names[targets[node.name]] for node in placeholders if node.name in targets})


def tensors_of(returned: Any) -> list[Any]:
    """Return the tensors in a model's outputs: in tuples, dicts, and an object's attributes, in order."""
    import torch

    if isinstance(returned, torch.Tensor):
        return [returned]
    if isinstance(returned, Mapping):
        parts = [*returned.values()]
    elif isinstance(returned, tuple | list):
        parts = [*returned]
    else:  # objects within objects are not searched: they may hold one another
        values = attributes_of(returned).values()
        parts = [part for part in values if isinstance(part, torch.Tensor | Mapping | tuple | list)]
    return [tensor for part in parts for tensor in tensors_of(part)]


def attributes_of(of: Any) -> dict[str, Any]:
    """Return what an object holds by name, in its dictionary and its slots, however it wants to be pickled."""
    state = object.__getstate__(of)
    parts = state if isinstance(state, tuple) else (state,)
    return {name: value for part in parts for name, value in (part or {}).items()}


@contextlib.contextmanager
def _returning_tensors(module: Any) -> Iterator[None]:
    """Let a module return its tensors as a list: torch exports no object that it does not know."""
    hook = module.register_forward_hook(lambda _, __, returned: tensors_of(returned))
    try:
        yield
    finally:
        hook.remove()


def _first_names(module: Any) -> dict[str, str]:
    """Return the first name of each parameter's or buffer's tensor, by each of its names."""
    first: dict[int, str] = {}
    tensors = (*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False))
    return {name: first.setdefault(id(tensor), name) for name, tensor in tensors}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch from printing the graph."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)


def _untraceable(module: Any, error: Exception) -> str:
    name, frame, line = _innermost(module, error.__traceback__)
    place = f"layer {name!r}" if name else "the model itself"
    code = linecache.getline(frame.f_code.co_filename, line).strip() if frame else ""
    line_of_code = f", at {Path(frame.f_code.co_filename).name}:{line}: {code}" if frame and code else ""
    if type(error).__name__ in ASKS_FOR_VALUES:
        return f"{place} cannot be traced: its course depends on the values that pass through it{line_of_code}"
    return f"{place} cannot be traced: {type(error).__name__}: {str(error).partition(chr(10))[0]}{line_of_code}"


def _innermost(module: Any, trace: TracebackType | None) -> tuple[str, FrameType | None, int]:
    """Return the innermost layer in whose code an error was raised, with the frame and its line."""
    layers = {id(layer): name for name, layer in module.named_modules()}
    innermost: tuple[str, FrameType | None, int] = ("", None, 0)
    while trace is not None:
        frame = trace.tb_frame
        layer = id(frame.f_locals.get("self"))
        # `__call__` and its like are torch's, for every layer.
        if layer in layers and not frame.f_code.co_name.startswith("_"):
            innermost = (layers[layer], frame, trace.tb_lineno)
        trace = trace.tb_next
    return innermost
