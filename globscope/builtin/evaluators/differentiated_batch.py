"""One batch's sum of a measure, differentiated as soon as it is computed, so that its activations are freed."""

from typing import Any

from globscope.api import Probe, Reduced, Tensors, graft


def reduce_and_differentiate(probe: Probe, parameters: Tensors, buffers: Tensors, batch: Any, measure: str) -> Reduced:
    """Return what `reduce` does; the measure's sum keeps its value and is linear in what it was differentiated by.

    Other sums are as `reduce` gives them, and no functions of the parameters.
    """
    import torch

    inner = _leaves(parameters), _leaves(buffers)
    sums = dict(probe.reduce(*inner, batch))
    total, weight = sums[measure]
    sums = {name: (part.detach() if torch.is_tensor(part) else part, count) for name, (part, count) in sums.items()}
    if not total.requires_grad:
        return sums
    outer = [t for tensors in (parameters, buffers) for t in tensors.values() if t.requires_grad]
    begun = [t for tensors in inner for t in tensors.values() if t.requires_grad]
    # The mean's gradient is small enough for float16, as in training.
    scale = weight or 1.0
    found = torch.autograd.grad(total / scale, begun, allow_unused=True)
    terms = [(t * gradient).sum() * scale for t, gradient in zip(outer, found, strict=True) if gradient is not None]
    return {**sums, measure: (graft(total, sum(terms)), weight)}


def _leaves(tensors: Tensors) -> dict[str, Any]:
    """Return tensors on the same memory, where those that require gradients begin a new graph."""
    return {name: t.detach().requires_grad_() if t.requires_grad else t for name, t in tensors.items()}
