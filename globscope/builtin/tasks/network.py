"""A user's model: its requirements, and its lazy layers, whose shapes depend on the data."""

from collections.abc import Iterator
from typing import Any

from globscope.api import UserCodeError
from globscope.builtin.tasks.trial import as_user_error

MODEL = "the task's model"
REAL = "a map is of dense parameters of type float16, bfloat16, float32 or float64"


def require_mappable(module: Any) -> Any:
    """Return a model, after checking that its trainable parameters can be mapped.

    Raises:
        UserCodeError: It is not a module, has nothing to train, or has a parameter or layer that no map can hold.
    """
    import torch

    if not isinstance(module, torch.nn.Module):
        raise UserCodeError(f"{MODEL} must be a torch module, got {type(module).__name__}")
    if isinstance(module, torch.jit.ScriptModule):
        raise UserCodeError(f"{MODEL} is compiled by torch.jit; return the module that it was compiled from")
    for problem in _problems(module):
        raise UserCodeError(f"{MODEL}: {problem}")
    if not any(p.requires_grad for p in module.parameters()):
        raise UserCodeError(f"{MODEL} has no trainable parameters")
    return module


def _problems(module: Any) -> Iterator[str]:
    """Yield the layers, parameters and buffers of a module that cannot be mapped or would be lost."""
    import torch

    for name, layer in module.named_modules():
        kind = type(layer)
        where = f"layer {name!r} ({kind.__name__})" if name else f"the module itself ({kind.__name__})"
        if kind.__module__.startswith("torch.ao.nn") and ".quantized" in kind.__module__:
            yield f"{where} holds quantised weights, which are not parameters; return the network before quantisation"
        if kind.get_extra_state is not torch.nn.Module.get_extra_state:
            yield f"{where} keeps a part of its state in get_extra_state, which no map holds; make it a buffer"
    for name, parameter in module.named_parameters():
        if parameter.requires_grad and (reason := _unreal(parameter)):
            yield f"parameter {name!r} is {reason}"
    for name, buffer in module.named_buffers():
        if buffer.dtype == torch.complex128:
            yield f"buffer {name!r} is complex128, which no checkpoint here holds; complex64 it does"


def _unreal(parameter: Any) -> str:
    """Return why a parameter cannot be mapped, with what is accepted; empty where it can."""
    import torch

    kind = str(parameter.dtype).removeprefix("torch.")
    if parameter.is_complex():
        return f"{kind}; {REAL}: keep real and imaginary parts as two parameters"
    if parameter.layout is not torch.strided or parameter.is_meta:
        return f"{'on the device meta, without data' if parameter.is_meta else 'sparse'}; {REAL}"
    accepted = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    return "" if parameter.dtype in accepted else f"{kind}; {REAL}"


def is_lazy(module: Any) -> bool:
    """Return whether a module has tensors whose shapes are known only after a forward pass."""
    return bool(_shapeless(module))


def _shapeless(module: Any) -> list[str]:
    from torch.nn.parameter import is_lazy as without_shape

    return [name for name, tensor in (*module.named_parameters(), *module.named_buffers()) if without_shape(tensor)]


def materialise(module: Any, inputs: Any) -> None:
    """Give lazy layers their shapes by a forward pass; their weights are drawn from torch's generator.

    Nothing else changes: the pass is in evaluation mode.

    Raises:
        UserCodeError: The model fails on the inputs, or does not use one of its lazy layers.
    """
    import torch

    with torch.no_grad(), as_user_error(f"{MODEL} fails on two examples of its data"):
        module.eval()(inputs)
    module.train()
    for name in _shapeless(module):
        raise UserCodeError(f"{MODEL}: {name!r} has no shape after a forward pass, which does not use its layer")


def run_with_default(module: Any, kind: Any) -> None:
    """Let a module's forward pass always run with torch's default floating-point type `kind`."""
    import torch

    before = list[Any]()

    def enter(*_: Any) -> None:
        before.append(torch.get_default_dtype())
        torch.set_default_dtype(kind)

    def leave(*_: Any) -> None:
        torch.set_default_dtype(before.pop())

    module.register_forward_pre_hook(enter, prepend=True)
    module.register_forward_hook(leave, always_call=True)


def layers_with_statistics(module: Any) -> dict[str, Any]:
    """Return the layers that keep running statistics, by the prefixes of their names (`layer1.0.`).

    Only torch's layers and classes derived from them: it is unknown whether another layer's `running_mean` may be
    re-estimated, and torchvision's frozen ones must not be.
    """
    from torch.nn.modules.batchnorm import _NormBase

    layers = {
        place: m for place, m in module.named_modules() if isinstance(m, _NormBase) and m.running_mean is not None
    }
    return {f"{place}." if place else "": norm for place, norm in layers.items()}


def unsaved_buffers(module: Any) -> Iterator[str]:
    """Yield the names of the buffers that a state dict omits."""
    for place, part in module.named_modules():
        yield from (f"{place}.{name}" if place else name for name in sorted(part._non_persistent_buffers_set))


def ties(module: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the first name of each parameter with several names, and the other names."""
    names: dict[int, list[str]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        names.setdefault(id(parameter), []).append(name)
    yield from ((first, tuple(rest)) for first, *rest in names.values() if rest)
