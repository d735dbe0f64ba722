"""A module → the graph of its operations, or a sentence that says which layer cannot be followed."""

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

# What torch raises where Python asks for a number that only running the network would tell.
ASKS_FOR_VALUES = ("GuardOnDataDependentSymNode", "DataDependentOutputException", "DynamicOutputShapeException")


@define(frozen=True)
class Graph:
    """A traced network.

    Attributes:
        exported: As torch exports it.
        names: Of the parameter or buffer that a placeholder stands for; the first where it has several.
    """

    exported: Any
    names: Mapping[Any, str]

    @property
    def nodes(self) -> list[Any]:
        """The operations in order, placeholders first."""
        return list(self.exported.graph.nodes)


def graph(module: Any, inputs: tuple[Any, ...]) -> Graph:
    """Return the graph of a module in evaluation mode.

    Raises:
        SymmetryError: It cannot be traced.
    """
    import torch

    try:
        # Where gradients are off, torch runs attention as one operation that nobody can look into.
        with _quiet(), torch.enable_grad(), _returning_tensors(module):
            exported = torch.export.export(module, inputs, strict=False)
    except Exception as error:
        raise SymmetryError(_told(module, error)) from error
    own = {"PARAMETER", "BUFFER"}
    firsts = _firsts(module)
    targets = {spec.arg.name: spec.target for spec in exported.graph_signature.input_specs if spec.kind.name in own}
    placeholders = (node for node in exported.graph.nodes if node.op == "placeholder")
    return Graph(exported, {node: firsts[targets[node.name]] for node in placeholders if node.name in targets})


def tensors_of(returned: Any) -> list[Any]:
    """Return the tensors of what a model returns: of tuples, dicts, and an object's attributes, in order."""
    import torch

    if isinstance(returned, torch.Tensor):
        return [returned]
    if isinstance(returned, Mapping):
        held = [*returned.values()]
    elif isinstance(returned, tuple | list):
        held = [*returned]
    else:  # objects within objects, which may hold one another, are not looked into
        held = [one for one in _attributes(returned) if isinstance(one, torch.Tensor | Mapping | tuple | list)]
    return [tensor for one in held for tensor in tensors_of(one)]


def _attributes(of: Any) -> list[Any]:
    """Return the values of an object's attributes, those in slots too."""
    slots = [name for kind in type(of).__mro__ for name in getattr(kind, "__slots__", ())]
    return [*getattr(of, "__dict__", {}).values(), *(getattr(of, name, None) for name in slots)]


@contextlib.contextmanager
def _returning_tensors(module: Any) -> Iterator[None]:
    """Let a module return its tensors as a list: torch exports no object that it does not know."""
    hook = module.register_forward_hook(lambda _, __, returned: tensors_of(returned))
    try:
        yield
    finally:
        hook.remove()


def _firsts(module: Any) -> dict[str, str]:
    """Return, by each name of a parameter or buffer, the first name of the same tensor."""
    first: dict[int, str] = {}
    tensors = (*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False))
    return {name: first.setdefault(id(tensor), name) for name, tensor in tensors}


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep torch from printing the graph, on which the sentence improves."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)


def _told(module: Any, error: Exception) -> str:
    name, frame, line = _innermost(module, error.__traceback__)
    where = f"layer {name!r}" if name else "the model itself"
    code = linecache.getline(frame.f_code.co_filename, line).strip() if frame else ""
    at = f", at {Path(frame.f_code.co_filename).name}:{line}: {code}" if frame and code else ""
    if type(error).__name__ in ASKS_FOR_VALUES:
        return f"{where} cannot be traced: its course depends on the values that pass through it{at}"
    return f"{where} cannot be traced: {type(error).__name__}: {str(error).partition(chr(10))[0]}{at}"


def _innermost(module: Any, trace: TracebackType | None) -> tuple[str, FrameType | None, int]:
    """Return the last layer in whose own code an error came up, with the frame and its line."""
    layers = {id(layer): name for name, layer in module.named_modules()}
    found: tuple[str, FrameType | None, int] = ("", None, 0)
    while trace is not None:
        frame = trace.tb_frame
        layer = id(frame.f_locals.get("self"))
        # `__call__` and its like are torch's, for every layer.
        if layer in layers and not frame.f_code.co_name.startswith("_"):
            found = (layers[layer], frame, trace.tb_lineno)
        trace = trace.tb_next
    return found
