"""A model's outputs: the tensor in them that holds the predictions, and its loss."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import define

from globscope.api import UserCodeError, attributes_of
from globscope.builtin.tasks.number_types import at_least_float32

# Where predictions are in what a model returns: those of Hugging Face, and of torchvision's segmentation models.
NAMES = ("logits", "out")


def answer(returned: Any) -> Any:
    """Return the tensor of predictions, in at least float32: what was returned, or its `logits` or `out`; else None."""
    import torch

    if isinstance(returned, torch.Tensor):
        return at_least_float32(returned)
    parts = (returned.get(n) if isinstance(returned, Mapping) else getattr(returned, n, None) for n in NAMES)
    return next((at_least_float32(part) for part in parts if isinstance(part, torch.Tensor)), None)


def no_answer(returned: Any, examples: int) -> str:
    """Return why the returned value has no prediction for each of so many examples; empty where it has."""
    tensor = answer(returned)
    if tensor is None:
        return f"the model returns {type(returned).__name__}; let it return a tensor, or an object with `logits`"
    if tensor.ndim == 0 or len(tensor) != examples:
        return f"the model returns shape {tuple(tensor.shape)} for {examples} examples, whose axis must be the first"
    return ""


@define(frozen=True, kw_only=True)
class Criterion:
    """The mean loss of a batch.

    Attributes:
        function: The function of outputs and targets.
        supplied: Whether it is the user's own, which gets the model's return value unchanged.
    """

    function: Callable[[Any, Any], Any]
    supplied: bool = False

    def __call__(self, returned: Any, targets: Any) -> Any:
        """Return the loss."""
        return self.function(returned if self.supplied else answer(returned), targets)


@contextmanager
def forbid_writing(returned: Any, function: str) -> Iterator[None]:
    """Refuse a function that writes into a model's outputs, which later measures also use.

    In inference mode torch does not count writes; the trial at the start does not use it.

    Raises:
        UserCodeError: It wrote into one of the tensors.
    """
    before = _writes(returned)
    yield
    if _writes(returned) != before:
        raise UserCodeError(f"{function}: writes into the model's outputs; let it work on a copy, `outputs.clone()`")


def _writes(returned: Any) -> list[int]:
    """Return how often each tensor of a model's outputs has been written to, as far as torch counts it."""
    import torch
    from torch.utils._pytree import tree_leaves

    values = returned if isinstance(returned, torch.Tensor | Mapping | tuple | list) else attributes_of(returned)
    leaves = tree_leaves(dict(values) if isinstance(values, Mapping) else values)
    return [leaf._version for leaf in leaves if isinstance(leaf, torch.Tensor) and not leaf.is_inference()]
