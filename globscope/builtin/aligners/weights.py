"""Matching of units by their weights."""

from collections.abc import Mapping

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge

from globscope.api import STEPS, Symmetry, Task, Tensors, symmetry
from globscope.builtin.aligners.coordinate_descent import identity, match_weights
from globscope.builtin.aligners.unit_similarity import weight_similarity


@define(frozen=True, kw_only=True)
class WeightMatching:
    """Match units so that the weights of both networks have the largest inner product.

    No data is used. Group by group, in random order, the best permutation of the units is found while the other groups
    stay unchanged, until nothing is gained: a local optimum. Running statistics do not count.

    Source: Ainsworth, Hayase, Srinivasa, "Git Re-Basin: Merging Models modulo Permutation Symmetries", ICLR 2023,
    section 3.2 and algorithm 1.

    Attributes:
        sweeps: Largest number of sweeps over all groups.
    """

    sweeps: int = field(default=100, validator=and_(ge(1), STEPS))

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a."""
        return self._match(symmetry(task.build("cpu")), a, b, rng)

    def scores(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the inner products of the weights by group, with the other groups of b permuted.

        Their best assignment is the result of `align`, unless the sweeps ended too early.
        """
        groups = symmetry(task.build("cpu"))
        permutations = self._match(groups, a, b, rng)
        return {group.name: weight_similarity(groups, group, a, b, permutations) for group in groups.groups}

    def _match(self, groups: Symmetry, a: Tensors, b: Tensors, rng: np.random.Generator) -> dict[str, np.ndarray]:
        return match_weights(groups, (a, b), identity(groups), self.sweeps, rng)
