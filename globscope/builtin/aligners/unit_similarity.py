"""The similarity of two networks' units by their weights, and the assignment with the largest sum."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.api import Axis, Group, Symmetry, Tensors


def best_assignment(similarity: np.ndarray) -> np.ndarray:
    """Return the column assigned to every row of an (n, n) matrix, with the largest sum over the pairs."""
    from scipy.optimize import linear_sum_assignment

    columns: np.ndarray = linear_sum_assignment(similarity, maximize=True)[1]
    return columns


def rescale(similarity: np.ndarray) -> np.ndarray:
    """Return the matrix with its largest absolute entry scaled to 1; zeros stay zeros."""
    return similarity / (np.abs(similarity).max() or 1)


def weight_similarity(
    symmetry: Symmetry, group: Group, a: Tensors, b: Tensors, permutations: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return the (n, n) inner products of the weights of a's units (rows) and b's units (columns).

    The other groups of b are permuted by `permutations`. Running statistics do not count.
    """
    similarity = np.zeros((group.size, group.size))
    for axis in group.axes:
        if axis.tensor not in symmetry.statistics and axis.tensor in a:
            permuted = _permute_other_axes(symmetry, axis, b[axis.tensor], permutations)
            similarity += _by_unit(a[axis.tensor], axis) @ _by_unit(permuted, axis).T
    return similarity


def _permute_other_axes(
    symmetry: Symmetry, unchanged: Axis, tensor: Any, permutations: Mapping[str, np.ndarray]
) -> Any:
    """Return b's tensor with the units along all axes but one permuted."""
    for group in symmetry.groups:
        for axis in group.axes:
            if axis.tensor == unchanged.tensor and axis.axis != unchanged.axis:
                order = np.arange(tensor.shape[axis.axis])
                order[axis.index] = axis.index[permutations[group.name]]
                tensor = np.take(tensor, order, axis.axis)
    return tensor


def _by_unit(tensor: Any, axis: Axis) -> np.ndarray:
    """Return the (n, …) weights of every unit, in double precision."""
    units: np.ndarray = np.moveaxis(np.asarray(tensor, float), axis.axis, 0)[axis.index]
    return units.reshape(len(axis.index), -1)
