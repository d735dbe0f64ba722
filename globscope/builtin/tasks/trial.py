"""What a user's loss and model return on two examples, before anything long; torch's own words come late."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from globscope.api import UserCodeError


@contextmanager
def as_user_error(what: str) -> Iterator[None]:
    """Turn what a user's model or loss raises into a UserCodeError that begins with `what`.

    Raises:
        UserCodeError: With the first line of the original text.
    """
    try:
        yield
    except UserCodeError:
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        raise UserCodeError(f"{what}: {text}") from error


def require_outputs(returned: Any, answer: Any, axes: int, shape: str) -> None:
    """Refuse what a model returns unless its answer is a tensor of a shape, and depends on the parameters.

    Args:
        returned: By the model.
        answer: The tensor in it that the task's own loss takes; None where there is none.
        axes: That the answer must have.
        shape: The same in words.

    Raises:
        UserCodeError: It is something else.
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
    """Refuse what a loss returns unless it is one number that can be differentiated.

    Raises:
        UserCodeError: It is something else.
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
