"""The classes that networks decide for, and where two of them disagree."""

from collections.abc import Sequence
from functools import cached_property
from itertools import combinations

import numpy as np
from attrs import define, field


@define(frozen=True, kw_only=True, slots=False)
class Decisions:
    """The classes that n networks decide for on m examples.

    Attributes:
        names: Names of the networks.
        chosen: (n, m) classes that the networks decide for.
        right: (m,) right classes.
    """

    names: tuple[str, ...]
    chosen: np.ndarray = field(eq=False, repr=False)
    right: np.ndarray = field(eq=False, repr=False)

    @cached_property
    def classes(self) -> tuple[int, ...]:
        """The right classes that occur."""
        return tuple(np.unique(self.right).tolist())

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Numbers of the networks of every pair."""
        return list(combinations(range(len(self.names)), 2))

    def examples(self, label: int) -> int:
        """Return how many examples are of a class."""
        return int((self.right == label).sum())

    def accuracy(self, label: int) -> np.ndarray:
        """Return the (n,) shares of the examples of a class that are decided rightly."""
        shares: np.ndarray = (self.chosen[:, self.right == label] == label).mean(axis=1)
        return shares

    @cached_property
    def shares(self) -> np.ndarray:
        """(pairs, classes, 3) shares of a class' examples: only the first right, only the second, both wrong apart.

        Their sum is the share on which the two networks disagree.
        """
        shares: np.ndarray = np.stack([self._shares(one, other) for one, other in self.pairs])
        return shares

    def _shares(self, one: int, other: int) -> np.ndarray:
        first, second = self.chosen[one], self.chosen[other]
        apart, right = first != second, np.stack([first == self.right, second == self.right])
        kinds = [apart & right[0], apart & right[1], apart & ~right[0] & ~right[1]]
        return np.array([[kind[self.right == label].mean() for kind in kinds] for label in self.classes])

    @cached_property
    def disagreements(self) -> np.ndarray:
        """(pairs, classes) shares of a class' examples on which two networks decide differently."""
        apart: np.ndarray = self.shares.sum(axis=2)
        return apart

    def of_network(self, number: int) -> np.ndarray:
        """Return the (classes,) mean disagreements of a network with all others."""
        own = [row for row, pair in enumerate(self.pairs) if number in pair]
        mean: np.ndarray = self.disagreements[own].mean(axis=0)
        return mean

    @cached_property
    def instead(self) -> dict[tuple[int, int], int]:
        """How often one network of a pair decides for one class and the other for another, over all pairs.

        By the two classes, the lower first; most frequent first.
        """
        counts: dict[tuple[int, int], int] = {}
        for one, other in self.pairs:
            low, high = np.sort(self.chosen[[one, other]], axis=0)
            both, times = np.unique(np.stack([low, high])[:, low != high], axis=1, return_counts=True)
            for a, b, count in zip(*both.tolist(), times.tolist(), strict=True):
                counts[a, b] = counts.get((a, b), 0) + count
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def most_disputed(decisions: Decisions, count: int) -> Sequence[int]:
    """Return the places of the `count` classes with the largest mean disagreement, in the order of the classes."""
    order = np.argsort(-decisions.disagreements.mean(axis=0), kind="stable")[:count]
    return sorted(order.tolist())
