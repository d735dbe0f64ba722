"""Matching of units by their weights."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import define, field
from attrs.validators import ge

from globscope.api import Axis, Group, Symmetry, Task, symmetry
from globscope.builtin.aligners.assignment import assigned

# What a sweep must gain, as a share of the similarity that there is: less is rounding.
GAIN = 1e-12


@define(frozen=True, kw_only=True)
class WeightMatching:
    """Match units so that the weights of both networks have the largest inner product.

    No data is used. Group by group, in random order, the best permutation of its units is found while those of the
    other groups stay as they are, until nothing is gained: a local optimum. Running statistics do not count.

    Source: Ainsworth, Hayase, Srinivasa, "Git Re-Basin: Merging Models modulo Permutation Symmetries", ICLR 2023,
    section 3.2 and algorithm 1.

    Attributes:
        sweeps: Over all groups, at most.
    """

    sweeps: int = field(default=100, validator=ge(1))

    def align(
        self, task: Task, a: Mapping[str, Any], b: Mapping[str, Any], rng: np.random.Generator
    ) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a."""
        found = symmetry(task.build("cpu"))
        permutations = {group.name: np.arange(group.size) for group in found.groups}
        for _ in range(self.sweeps):
            order = rng.permutation(len(found.groups))
            if not sum(_improved(found, found.groups[at], a, b, permutations) for at in order):
                break
        return permutations


def _improved(
    found: Symmetry, group: Group, a: Mapping[str, Any], b: Mapping[str, Any], permutations: dict[str, np.ndarray]
) -> bool:
    """Put in the best permutation of a group, given the others, and return whether something is gained."""
    similarity = np.zeros((group.size, group.size))
    for one in group.axes:
        if one.tensor not in found.statistics and one.tensor in a:
            moved = _others_moved(found, one, b[one.tensor], permutations)
            similarity += _by_unit(a[one.tensor], one) @ _by_unit(moved, one).T
    rows, before, best = np.arange(group.size), permutations[group.name], assigned(similarity)
    old, new = similarity[rows, before].sum(), similarity[rows, best].sum()
    if new - old <= GAIN * abs(old):
        return False
    permutations[group.name] = best
    return True


def _others_moved(found: Symmetry, fixed: Axis, tensor: Any, permutations: Mapping[str, np.ndarray]) -> Any:
    """Return b's tensor with the units of all axes but one in their present order."""
    for group in found.groups:
        for one in group.axes:
            if one.tensor == fixed.tensor and one != fixed:
                order = np.arange(tensor.shape[one.axis])
                order[one.index] = one.index[permutations[group.name]]
                tensor = np.take(tensor, order, one.axis)
    return tensor


def _by_unit(tensor: Any, one: Axis) -> np.ndarray:
    """Return (n, …) all weights of every unit, in double precision."""
    units: np.ndarray = np.moveaxis(np.asarray(tensor, float), one.axis, 0)[one.index]
    return units.reshape(len(one.index), -1)
