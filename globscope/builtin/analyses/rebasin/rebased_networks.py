"""Re-based networks as members of the population."""

from collections.abc import Mapping

import numpy as np
from attrs import define, evolve

from globscope.api import Member, Population, Symmetry

Permutations = Mapping[str, np.ndarray]
# Null models for the aligners: a random permutation, and an alignment to a network other than the partner.
RANDOM, THIRD = "random", "third network"


@define(frozen=True, kw_only=True)
class Rebased:
    """A run whose networks are permuted.

    Attributes:
        partner: Variant that it is compared with.
        run: Variant whose networks are permuted.
        method: Name of the aligner, `random`, or `third network`.
    """

    partner: str
    run: str
    method: str

    @property
    def variant(self) -> str:
        """Variant of the re-based members."""
        return f"{self.run}→{self.partner} {self.method}"

    @property
    def is_null(self) -> bool:
        """Whether it is a null model, and no alignment to the partner."""
        return self.method in (RANDOM, THIRD)


def members(
    rebased: Rebased, symmetries: Symmetry, order: Permutations, population: Population, *, whole: bool, in_fit: bool
) -> Population:
    """Return a run with permuted units and statistics: the `whole` run, or its final network alone."""
    rows = population.of(rebased.run)[0 if whole else -1 :]
    tensors = [symmetries.permute(population.tensors(row), order) for row in rows]
    goal = population.members[population.of(rebased.partner)[-1]].label
    members_ = tuple(
        Member(
            variant=rebased.variant,
            step=member.step,
            kind="rebased",
            parents=(member.label, goal),
            in_fit=in_fit,
            buffers={name: tensors_of[name] for name in member.buffers},
        )
        for member, tensors_of in zip((population.members[row] for row in rows), tensors, strict=True)
    )
    weights = np.stack([population.layout.flatten(tensors_of) for tensors_of in tensors])
    return evolve(population, members=members_, weights=weights, keys=())
