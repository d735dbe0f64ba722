"""What a user's model and loss must be, told before anything long; torch's own words come late and name no option."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from globscope.api import UserCodeError


@contextmanager
def told(what: str) -> Iterator[None]:
    """Tell what a stranger's model or loss raises as the user's.

    Raises:
        UserCodeError: With the first line of its own words.
    """
    try:
        yield
    except UserCodeError:
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        raise UserCodeError(f"{what}: {text}") from error


def a_module(made: Any) -> Any:
    """Return a model.

    Raises:
        UserCodeError: It is no module, or has nothing to train.
    """
    import torch

    if not isinstance(made, torch.nn.Module):
        raise UserCodeError(f"the task's model must be a torch module, got {type(made).__name__}")
    if not any(p.requires_grad for p in made.parameters()):
        raise UserCodeError("the task's model has no trainable parameters")
    return made


def require_outputs(outputs: Any, axes: int, shape: str) -> None:
    """Refuse what a model returns unless it is of a shape, with so many axes, and depends on the parameters.

    Raises:
        UserCodeError: It is something else.
    """
    import torch

    if not isinstance(outputs, torch.Tensor) or outputs.ndim != axes:
        found = f"shape {tuple(outputs.shape)}" if isinstance(outputs, torch.Tensor) else type(outputs).__name__
        raise UserCodeError(f"the task's model must return {shape} outputs, got {found}")
    if not outputs.requires_grad:
        raise UserCodeError("the task's model returns outputs without a gradient in its parameters")


def require_mean(loss: Any) -> None:
    """Refuse what a loss returns unless it is one number that can be differentiated.

    Raises:
        UserCodeError: It is something else.
    """
    import torch

    if not isinstance(loss, torch.Tensor):
        found = type(loss).__name__
    elif loss.ndim or not loss.is_floating_point():
        found = f"a tensor of shape {tuple(loss.shape)} and type {str(loss.dtype).removeprefix('torch.')}"
    else:
        found = "" if loss.requires_grad else "a tensor without a gradient in the model's parameters"
    if found:
        raise UserCodeError(f"task.loss: must return the mean loss as a differentiable torch scalar, got {found}")
