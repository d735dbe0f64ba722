"""What a model returned: the tensor in it that answers, and the loss of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import define

from globscope.api import UserCodeError, attributes_of
from globscope.builtin.tasks.precision import full


def answer(returned: Any) -> Any:
    """Return the tensor that answers, in at least float32: what was returned, or its `logits`; else None."""
    import torch

    if not isinstance(returned, torch.Tensor):
        own = returned.logits if hasattr(returned, "logits") else None
        returned = returned.get("logits") if isinstance(returned, Mapping) else own
    return full(returned) if isinstance(returned, torch.Tensor) else None


def no_answer(returned: Any, examples: int) -> str:
    """Return why what a model returned for so many examples holds no answer to each; empty where it does."""
    found = answer(returned)
    if found is None:
        return f"the model returns {type(returned).__name__}; let it return a tensor, or an object with `logits`"
    if found.ndim == 0 or len(found) != examples:
        return f"the model returns shape {tuple(found.shape)} for {examples} examples, whose axis must be the first"
    return ""


@define(frozen=True, kw_only=True)
class Criterion:
    """The mean loss of a batch.

    Attributes:
        function: Of outputs and targets.
        supplied: Whether it is the user's own, which is handed what the model returned, as it is.
    """

    function: Callable[[Any, Any], Any]
    supplied: bool = False

    def __call__(self, returned: Any, targets: Any) -> Any:
        """Return the loss."""
        return self.function(returned if self.supplied else answer(returned), targets)


@contextmanager
def unwritten(returned: Any, function: str) -> Iterator[None]:
    """Let a function look at what a model returned; the measures that come after it see the same.

    In inference mode torch does not count writes: the trial at the start is without it.

    Raises:
        UserCodeError: It wrote into one of the tensors.
    """
    before = _writes(returned)
    yield
    if _writes(returned) != before:
        raise UserCodeError(f"{function}: writes into the model's outputs; let it work on a copy, `outputs.clone()`")


def _writes(returned: Any) -> list[int]:
    """Return how often each tensor of what a model returned has been written to, as far as torch counts it."""
    import torch
    from torch.utils._pytree import tree_leaves

    held = returned if isinstance(returned, torch.Tensor | Mapping | tuple | list) else attributes_of(returned)
    leaves = tree_leaves(dict(held) if isinstance(held, Mapping) else held)
    return [leaf._version for leaf in leaves if isinstance(leaf, torch.Tensor) and not leaf.is_inference()]
