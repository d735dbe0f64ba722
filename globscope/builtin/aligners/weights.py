"""Matching of units by their weights."""

from collections.abc import Mapping

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge

from globscope.api import STEPS, Group, Symmetry, Task, Tensors, symmetry
from globscope.builtin.aligners.unit_similarity import assigned, by_weights

# What a step must gain, as a share of the similarity that there is: less is rounding.
GAIN = 1e-12


@define(frozen=True, kw_only=True)
class WeightMatching:
    """Match units so that the weights of both networks have the largest inner product.

    No data is used. Group by group, in random order, the best permutation of its units is found while those of the
    other groups stay as they are, until nothing is gained: a local optimum. Running statistics do not count.

    Source: Ainsworth, Hayase, Srinivasa, "Git Re-Basin: Merging Models modulo Permutation Symmetries", ICLR 2023,
    section 3.2 and algorithm 1.

    Attributes:
        sweeps: Largest number of sweeps over all groups.
    """

    sweeps: int = field(default=100, validator=and_(ge(1), STEPS))

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a."""
        return self._matched(symmetry(task.build("cpu")), a, b, rng)

    def scores(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return by group the inner products of the weights, the other groups of b in their matched order.

        Their best assignment is what `align` returns, unless the sweeps ended before nothing was gained.
        """
        found = symmetry(task.build("cpu"))
        permutations = self._matched(found, a, b, rng)
        return {group.name: by_weights(found, group, a, b, permutations) for group in found.groups}

    def _matched(self, found: Symmetry, a: Tensors, b: Tensors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        permutations = {group.name: np.arange(group.size) for group in found.groups}
        for _ in range(self.sweeps):
            order = rng.permutation(len(found.groups))
            if not sum(_improved(found, found.groups[at], a, b, permutations) for at in order):
                break
        return permutations


def _improved(found: Symmetry, group: Group, a: Tensors, b: Tensors, permutations: dict[str, np.ndarray]) -> bool:
    """Put in the best permutation of a group, given the others, and return whether something is gained."""
    similarity = by_weights(found, group, a, b, permutations)
    rows, before, best = np.arange(group.size), permutations[group.name], assigned(similarity)
    old, new = similarity[rows, before].sum(), similarity[rows, best].sum()
    if new - old <= GAIN * abs(old):
        return False
    permutations[group.name] = best
    return True
