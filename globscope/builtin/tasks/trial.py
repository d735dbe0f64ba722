"""Checks of what a user's loss and model return on two examples, before anything long: torch's errors come late."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from globscope.api import UserCodeError, users_line


@contextmanager
def as_user_error(what: str) -> Iterator[None]:
    """Turn exceptions of a user's model or loss into a UserCodeError that begins with `what`.

    Raises:
        UserCodeError: The code failed; the message has the first line of its error, and the line of code.
    """
    try:
        yield
    except UserCodeError:
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        raise UserCodeError(f"{what}: {text}{users_line(error)}") from error


def require_outputs(returned: Any, answer: Any, axes: int, shape: str) -> None:
    """Refuse a model's return value unless its predictions have the right shape and depend on the parameters.

    Args:
        returned: The model's return value.
        answer: The tensor of predictions in it; None where there is none.
        axes: How many axes the predictions must have.
        shape: The predictions' shape in words.

    Raises:
        UserCodeError: It does not fulfil these conditions.
    """
    if answer is None:
        raise UserCodeError(
            f"the task's model must return {shape} outputs, or an object with such `logits`, got "
            f'{type(returned).__name__}; a loss of your own takes whatever it returns: loss = "file.py:name", a '
            "function of (outputs, targets)"
        )
    if answer.ndim != axes:
        raise UserCodeError(f"the task's model must return {shape} outputs, got shape {tuple(answer.shape)}")
    if not answer.requires_grad:
        raise UserCodeError("the task's model returns outputs without a gradient in its parameters")


def require_mean(loss: Any) -> None:
    """Refuse a loss's return value unless it is one number that can be differentiated.

    Raises:
        UserCodeError: It does not fulfil these conditions.
    """
    import torch

    if not isinstance(loss, torch.Tensor):
        got = type(loss).__name__
    elif loss.ndim or not loss.is_floating_point():
        got = f"a tensor of shape {tuple(loss.shape)} and type {str(loss.dtype).removeprefix('torch.')}"
    else:
        got = "" if loss.requires_grad else "a tensor without a gradient in the model's parameters"
    if got:
        raise UserCodeError(f"task.loss: must return the mean loss as a differentiable torch scalar, got {got}")
