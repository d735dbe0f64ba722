"""Re-based networks as members of the population."""

from collections.abc import Mapping

import numpy as np
from attrs import define, evolve

from globscope.api import Member, Population, Symmetry

Permutations = Mapping[str, np.ndarray]
# What is compared with the aligners: B by chance, and B aligned to a network that is not A.
RANDOM, THIRD = "random", "third network"


@define(frozen=True, kw_only=True)
class Rebased:
    """One run brought to another one, or to none.

    Attributes:
        one: The variant that it is to be compared with.
        other: The variant whose networks are permuted.
        how: Name of the aligner, `random`, or `third network`.
    """

    one: str
    other: str
    how: str

    @property
    def variant(self) -> str:
        """What its members are called."""
        return f"{self.other}→{self.one} {self.how}"

    @property
    def null(self) -> bool:
        """Whether it is no alignment to the partner."""
        return self.how in (RANDOM, THIRD)


def members(
    who: Rebased, found: Symmetry, order: Permutations, population: Population, *, whole: bool, in_fit: bool
) -> Population:
    """Return a run with its units in another order, statistics too: the `whole` of it, or its last network alone."""
    rows = population.of(who.other)[0 if whole else -1 :]
    tensors = [found.permute(population.tensors(row), order) for row in rows]
    goal = population.members[population.of(who.one)[-1]].label
    made = tuple(
        Member(
            variant=who.variant,
            step=before.step,
            kind="rebased",
            parents=(before.label, goal),
            in_fit=in_fit,
            buffers={name: own[name] for name in before.buffers},
        )
        for before, own in zip((population.members[row] for row in rows), tensors, strict=True)
    )
    weights = np.stack([population.layout.flatten(own) for own in tensors])
    return evolve(population, members=made, weights=weights, keys=())
