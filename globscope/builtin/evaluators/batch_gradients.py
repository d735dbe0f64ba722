"""Gradients of a mean with respect to what networks are formed from, batch by batch: activations of one are held."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from globscope.api import ProbeTraits, Tensors, fixed_seed, traits
from globscope.builtin.evaluators.scorer import Scorer


def batch_gradients(
    scorer: Scorer, rows: Any, own: Sequence[Mapping[str, np.ndarray]], split: str, measure: str
) -> Any:
    """Return the (n, P) gradients of a measure of a split with respect to (n, P) rows, the mean over all draws.

    The networks' buffers are no functions of the rows.
    """
    leaves = rows.detach().requires_grad_()
    buffers, axes = scorer.stacked_buffers(leaves, own)
    found = [_gradients_of_draw(scorer, (leaves, buffers, axes), (split, measure), at) for at in range(scorer.repeats)]
    return sum(found[1:], start=found[0]) / scorer.repeats


def _gradients_of_draw(scorer: Scorer, networks: tuple[Any, Any, Any], field: tuple[str, str], repeat: int) -> Any:
    import torch

    (leaves, *_), (split, measure), place = networks, field, [*scorer.batches].index(field[0])
    total, gradients, weight = leaves.new_zeros(len(leaves)), torch.zeros_like(leaves), 0.0
    for number, batch in enumerate(scorer.batches[split]):
        with fixed_seed(scorer.draw.of(place, number, repeat), scorer.device):
            sums, count = _batch_sums(scorer, networks, measure, batch)
        gradients = gradients + torch.autograd.grad(sums.sum(), leaves)[0]
        total, weight = total + sums.detach(), weight + count
    is_root = measure in traits(scorer.probe, ProbeTraits).roots
    return gradients / weight / (2 * (total / weight).sqrt())[:, None] if is_root else gradients / weight


def _batch_sums(scorer: Scorer, networks: tuple[Any, Any, Any], measure: str, batch: Any) -> tuple[Any, float]:
    """Return the (n,) sums of a measure over a batch, and their weight, which is the same for all networks."""
    (leaves, buffers, axes), counts = networks, list[float]()

    def batch_sum(row: Any, own: Tensors) -> Any:
        value, count = scorer.probe.reduce(scorer.tensors(row), own, batch)[measure]
        counts.append(count)
        return value

    if len(leaves) > 1:
        return scorer.at_once(batch_sum, axes)(leaves, buffers), counts[-1]
    alone = {name: buffer if axes[name] is None else buffer[0] for name, buffer in buffers.items()}
    return batch_sum(leaves[0], alone)[None], counts[-1]
