"""Slots: the units at the indices of tensors' axes, and which of them move together."""

import numpy as np

# The slot of every index whose place is fixed. Slots that are tied to it are fixed too.
FIXED = 0


class Slots:
    """A union–find of numbered slots; an axis is an array of them."""

    def __init__(self) -> None:
        """Start with the fixed slot alone."""
        self._parents = np.zeros(1, np.int64)

    def fresh(self, count: int) -> np.ndarray:
        """Return new slots that are not tied to any others."""
        slots = np.arange(len(self._parents), len(self._parents) + count)
        self._parents = np.concatenate([self._parents, slots])
        return slots

    def roots(self, slots: np.ndarray) -> np.ndarray:
        """Return the slot that represents each slot's class: equal for slots that are tied."""
        roots: np.ndarray = self._parents[slots]
        while not np.array_equal(above := self._parents[roots], roots):
            roots = above
        self._parents[slots] = roots  # so that the next search is short
        return roots

    def tie(self, left: np.ndarray, right: np.ndarray) -> None:
        """Make two arrays of slots move together, index by index."""
        first, second = self.roots(left), self.roots(right)
        apart = first != second
        for a, b in {*zip(first[apart].tolist(), second[apart].tolist(), strict=True)}:
            low, high = sorted((self._root(a), self._root(b)))
            self._parents[high] = low  # the lower represents both, so that nothing moves the fixed slot

    def freeze(self, slots: np.ndarray) -> None:
        """Fix slots where they are."""
        self._parents[self.roots(slots)] = FIXED

    def moves(self, slots: np.ndarray) -> bool:
        """Return whether any of these slots is not known to be fixed."""
        return bool((self.roots(slots) != FIXED).any())

    def _root(self, slot: int) -> int:
        while self._parents[slot] != slot:
            slot = int(self._parents[slot])
        return slot
