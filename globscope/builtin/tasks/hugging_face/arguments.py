"""A model's arguments by position, and the loss that it returns."""

import inspect
from collections.abc import Mapping
from typing import Any

from globscope.api import UserCodeError, near

LABELS = "labels"


def positional(module: Any, named: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return arguments by position, with the defaults of those between them.

    Raises:
        UserCodeError: The model has no such argument, or needs another.
    """
    parameters = inspect.signature(module.forward).parameters
    kind = type(module).__name__
    for name in named:
        if name not in parameters:
            raise UserCodeError(f"task.model: {kind} has no argument {name!r}; {near(name, parameters)}")
    names = [*parameters]
    last = max(map(names.index, named))
    values = {name: named.get(name, parameters[name].default) for name in names[: last + 1]}
    for name, value in values.items():
        if value is inspect.Parameter.empty:
            raise UserCodeError(f"task.model: {kind} needs an argument {name!r}, which the data does not have")
    return tuple(values.values())


def loss_of(returned: Any) -> Any:
    """Return the loss in what a model returns; None where there is none."""
    if isinstance(returned, Mapping):
        return returned.get("loss")
    return returned.loss if hasattr(returned, "loss") else None
