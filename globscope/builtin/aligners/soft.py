"""Soft permutations: doubly stochastic matrices, by which networks can be permuted so that gradients pass."""

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


def permuted(found: Symmetry, tensors: Mapping[str, Any], soft: Mapping[str, Any]) -> dict[str, Any]:
    """Return a network with its units mixed: unit i of the result is Σ_j `soft[group][i, j]` of unit j.

    With a permutation's 0 and 1 in place of the soft ones it is `Symmetry.permute` with unit j at i.

    Args:
        found: The symmetry of the network.
        tensors: Torch tensors by name.
        soft: (n, n) by name of the group; groups that are left out stay.
    """
    moved = dict(tensors)
    for group in found.groups:
        if group.name in soft:
            for one in group.axes:
                if one.tensor in moved:
                    moved[one.tensor] = _mixed(moved[one.tensor], one, soft[group.name])
    return moved


def _mixed(tensor: Any, one: Axis, soft: Any) -> Any:
    """Return a tensor with the units along one axis mixed; what belongs to no unit stays."""
    import torch

    units = tensor.movedim(one.axis, 0)
    whole = one.index.size == len(units) and np.array_equal(one.index.ravel(), np.arange(len(units)))
    index = torch.from_numpy(np.ascontiguousarray(one.index.ravel())).to(units.device)
    taken = (units if whole else units[index]).reshape(len(one.index), -1)
    mixed = (soft.to(units.dtype) @ taken).reshape(-1, *units.shape[1:])
    return (mixed if whole else units.index_copy(0, index, mixed)).movedim(0, one.axis)
