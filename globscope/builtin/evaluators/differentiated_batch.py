"""One batch's sum of a measure, differentiated as soon as it is computed, so that its activations are freed."""

from contextlib import nullcontext
from typing import Any

from globscope.api import Probe, Reduced, Tensors, graft
from globscope.builtin.evaluators.fused_statistics import FusedStatistics


def reduce_and_differentiate(
    probe: Probe, network: tuple[Tensors, Tensors], batch: Any, measure: str, statistics: FusedStatistics | None = None
) -> Reduced:
    """Return what `reduce` does; the measure's sum keeps its value and is linear in what it was differentiated by.

    Other sums are as `reduce` gives them, and no functions of the network.

    Args:
        probe: The probe of the task.
        network: Parameters and buffers; those that require gradients are what is differentiated by.
        batch: The examples.
        measure: What is differentiated.
        statistics: Those that an earlier batch estimated in passing, which may require gradients too.
    """
    import torch
    from torch.utils._pytree import tree_leaves, tree_map

    outer = *network, statistics.estimates if statistics else []
    inner = tree_map(lambda t: t.detach().requires_grad_() if t.requires_grad else t, outer)
    with statistics.replace(inner[2]) if statistics else nullcontext():
        sums = dict(probe.reduce(inner[0], inner[1], batch))
    total, weight = sums[measure]
    sums = {name: (part.detach() if torch.is_tensor(part) else part, count) for name, (part, count) in sums.items()}
    if not total.requires_grad:
        return sums
    pairs = [(t, leaf) for t, leaf in zip(tree_leaves(outer), tree_leaves(inner), strict=True) if leaf.requires_grad]
    # The mean's gradient is small enough for float16, as in training.
    scale = weight or 1.0
    gradients = torch.autograd.grad(total / scale, [leaf for _, leaf in pairs], allow_unused=True)
    known = [(t, gradient) for (t, _), gradient in zip(pairs, gradients, strict=True) if gradient is not None]
    return {**sums, measure: (graft(total, sum((t * gradient).sum() for t, gradient in known) * scale), weight)}
