"""How alike two networks' units are by their weights, and whom to pair so that the sum is largest."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.api import Axis, Group, Symmetry, Tensors


def assigned(similarity: np.ndarray) -> np.ndarray:
    """Return, for every row of an (n, n) matrix, its column, so that the sum over the pairs is the largest."""
    from scipy.optimize import linear_sum_assignment

    columns: np.ndarray = linear_sum_assignment(similarity, maximize=True)[1]
    return columns


def scaled(similarity: np.ndarray) -> np.ndarray:
    """Return a matrix whose largest absolute entry is 1; one of zeros stays."""
    return similarity / (np.abs(similarity).max() or 1)


def by_weights(
    found: Symmetry, group: Group, a: Tensors, b: Tensors, permutations: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return (n, n) inner products of the weights of a's units, which are rows, and b's, which are columns.

    The other groups of b are in the order that `permutations` say. Running statistics do not count.
    """
    similarity = np.zeros((group.size, group.size))
    for one in group.axes:
        if one.tensor not in found.statistics and one.tensor in a:
            moved = _others_moved(found, one, b[one.tensor], permutations)
            similarity += _by_unit(a[one.tensor], one) @ _by_unit(moved, one).T
    return similarity


def _others_moved(found: Symmetry, still: Axis, tensor: Any, permutations: Mapping[str, np.ndarray]) -> Any:
    """Return b's tensor with the units along all axes but one in their present order."""
    for group in found.groups:
        for one in group.axes:
            if one.tensor == still.tensor and one.axis != still.axis:
                order = np.arange(tensor.shape[one.axis])
                order[one.index] = one.index[permutations[group.name]]
                tensor = np.take(tensor, order, one.axis)
    return tensor


def _by_unit(tensor: Any, one: Axis) -> np.ndarray:
    """Return (n, …) all weights of every unit, in double precision."""
    units: np.ndarray = np.moveaxis(np.asarray(tensor, float), one.axis, 0)[one.index]
    return units.reshape(len(one.index), -1)
