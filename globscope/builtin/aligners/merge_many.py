"""Matching of any number of networks, each with the mean of the others."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge

from globscope.api import STEPS, Symmetry, Task, Tensors, symmetry
from globscope.builtin.aligners.coordinate_descent import identity, match_weights

Permutations = dict[str, np.ndarray]


@define(frozen=True, kw_only=True)
class MergeMany:
    """Match every network of a set with the mean of the others, until none changes.

    No data is used. The networks take turns in random order. Each is matched by its weights with the mean of the
    others, as they are permuted so far; the sum of the inner products of all pairs never decreases. So all
    permutations agree: from A to B and on to C is from A to C. Two networks are matched with each other. Running
    statistics do not count.

    Source: Ainsworth, Hayase, Srinivasa, "Git Re-Basin: Merging Models modulo Permutation Symmetries", ICLR 2023,
    algorithm 3 (MergeMany).

    Attributes:
        rounds: Largest number of rounds in which every network has its turn.
        sweeps: Largest number of sweeps over all groups of units in a turn.
    """

    rounds: int = field(default=100, validator=and_(ge(1), STEPS))
    sweeps: int = field(default=100, validator=and_(ge(1), STEPS))

    @classmethod
    def quick_examples(cls) -> "tuple[MergeMany, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(rounds=1, sweeps=3),
        )

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a."""
        return self.align_set(task, [a, b], rng)[1]

    def align_set(self, task: Task, networks: Sequence[Tensors], rng: np.random.Generator) -> Sequence[Permutations]:
        """Return the permutations that fit all networks to one another; those of the first keep its order."""
        groups = symmetry(task.build("cpu"))
        orders = [identity(groups) for _ in networks]
        for _ in range(self.rounds):
            turns = [self._turn(groups, networks, orders, int(number), rng) for number in rng.permutation(len(orders))]
            if not any(turns):
                break
        first = orders[0]
        return [{name: order[name][np.argsort(first[name])] for name in first} for order in orders]

    def _turn(
        self,
        groups: Symmetry,
        networks: Sequence[Tensors],
        orders: list[Permutations],
        number: int,
        rng: np.random.Generator,
    ) -> bool:
        """Match one network with the mean of the others; return whether its order changes."""
        others = [at for at in range(len(orders)) if at != number]
        total = _sum(groups.permute(networks[at], orders[at]) for at in others)
        before = orders[number]
        orders[number] = match_weights(groups, (total, networks[number]), before, self.sweeps, rng)
        return any(not np.array_equal(orders[number][name], before[name]) for name in before)


def _sum(networks: Iterable[Tensors]) -> dict[str, np.ndarray]:
    """Return the sum of networks in double precision, which is matched as their mean is."""
    total = dict[str, np.ndarray]()
    for network in networks:
        for name, tensor in network.items():
            total[name] = total.get(name, 0) + tensor.astype(float)
    return total
