"""An optimiser's state as tensors by name, and back: the only form in which it is stored.

A tensor of the parameter at place 3 has the name `3/exp_avg`. L-BFGS also keeps numbers, and lists of tensors of one
shape: their names are `0/n_iter/int`, `0/prev_loss/float` and `0/old_dirs/list`, with a first axis for a list's items.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

# Where L-BFGS computes the factors of a direction; they are new in every iteration.
SCRATCH = "al"


def flatten_state(state: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the tensors that hold the `state` of an optimiser's state dict."""
    return {
        f"{place}/{name}{kind}": tensor
        for place, values in state.items()
        for name, value in values.items()
        if name != SCRATCH
        for kind, tensor in _as_tensor(value)
    }


def _as_tensor(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the end of a value's name and the tensor that holds it; nothing for None."""
    import torch

    if isinstance(value, torch.Tensor):
        yield "", value
    elif isinstance(value, list):
        yield "/list", torch.stack(value) if value else torch.empty(0)
    elif value is not None:
        yield f"/{type(value).__name__}", torch.tensor(value, dtype=torch.float64 if type(value) is float else None)


def restore_state(optimiser: Any, flat: Mapping[str, Any], parameters: Sequence[Any]) -> None:
    """Give an optimiser of parameters the state that tensors hold."""
    nested: dict[int, dict[str, Any]] = {}
    for key, value in flat.items():
        place, name, *kind = key.split("/")
        nested.setdefault(int(place), {})[name] = _from_tensor(value, kind, parameters[int(place)])
    optimiser.load_state_dict({"state": nested, "param_groups": optimiser.state_dict()["param_groups"]})


def _from_tensor(value: Any, kind: Sequence[str], parameter: Any) -> Any:
    if not kind:
        return _laid_out_as(parameter, value)
    return [one.clone() for one in value] if kind == ["list"] else value.item()


def _laid_out_as(parameter: Any, value: Any) -> Any:
    """Return an optimiser's tensor in the memory format of its parameter, for fused optimisers pair them by place."""
    import torch

    return torch.empty_like(parameter, requires_grad=False).copy_(value) if value.shape == parameter.shape else value
