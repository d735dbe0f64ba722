"""What a model returned: the tensor in it that answers, and the loss of it."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define

from globscope.builtin.tasks.precision import full


def answer(returned: Any) -> Any:
    """Return the tensor that answers, in at least float32: what was returned, or its `logits`; else None."""
    import torch

    if not isinstance(returned, torch.Tensor):
        returned = returned.get("logits") if isinstance(returned, Mapping) else getattr(returned, "logits", None)
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
