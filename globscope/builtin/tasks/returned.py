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
