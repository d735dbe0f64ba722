"""Soft permutations: doubly stochastic matrices, by which networks are permuted differentiably."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.api import Axis, Symmetry


def sinkhorn(logits: Any, iterations: int) -> Any:
    """Return the (…, n, n) soft permutations of logits: rows and columns scaled in turn, in logarithms.

    Every column adds up to 1, every row nearly so; with infinitely sharp logits it is the assignment.
    Source: Sinkhorn, Ann. Math. Stat. 35 (1964); Mena et al., "Learning Latent Permutations with Gumbel-Sinkhorn
    Networks", ICLR 2018, section 2.
    """
    for _ in range(iterations):
        logits = logits.log_softmax(dim=-1).log_softmax(dim=-2)
    return logits.exp()


def permute_softly(symmetry: Symmetry, tensors: Mapping[str, Any], soft: Mapping[str, Any]) -> dict[str, Any]:
    """Return a network with its units mixed: unit i of the result is Σ_j `soft[group][i, j]` of unit j.

    With the 0 and 1 of a hard permutation it equals `Symmetry.permute` with unit j at i.

    Args:
        symmetry: The symmetry of the network.
        tensors: Torch tensors by name.
        soft: (n, n) matrices by name of the group; groups that are omitted stay unchanged.
    """
    permuted = dict(tensors)
    for group in symmetry.groups:
        if group.name in soft:
            for axis in group.axes:
                if axis.tensor in permuted:
                    permuted[axis.tensor] = _mix_axis(permuted[axis.tensor], axis, soft[group.name])
    return permuted


def _mix_axis(tensor: Any, axis: Axis, soft: Any) -> Any:
    """Return a tensor with the units along one axis mixed; entries of no unit stay unchanged."""
    import torch

    units = tensor.movedim(axis.axis, 0)
    is_whole = axis.index.size == len(units) and np.array_equal(axis.index.ravel(), np.arange(len(units)))
    index = torch.from_numpy(np.ascontiguousarray(axis.index.ravel())).to(units.device)
    flat = (units if is_whole else units[index]).reshape(len(axis.index), -1)
    mixed = (soft.to(units.dtype) @ flat).reshape(-1, *units.shape[1:])
    return (mixed if is_whole else units.index_copy(0, index, mixed)).movedim(0, axis.axis)
