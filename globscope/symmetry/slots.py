"""Slots: what stands at an index of a tensor's axis, and which of them move together."""

import numpy as np

# The slot of every index whose place is fixed. Whatever is tied to it is fixed too.
FIXED = 0


class Slots:
    """A union–find of numbered slots; arrays of them say what stands along an axis."""

    def __init__(self) -> None:
        """Begin with the fixed slot alone."""
        self._parents = np.zeros(1, np.int64)

    def fresh(self, count: int) -> np.ndarray:
        """Return so many slots that nothing is tied to yet."""
        made = np.arange(len(self._parents), len(self._parents) + count)
        self._parents = np.concatenate([self._parents, made])
        return made

    def roots(self, slots: np.ndarray) -> np.ndarray:
        """Return the slot that stands for each one's class: equal for those that are tied."""
        found: np.ndarray = self._parents[slots]
        while not np.array_equal(above := self._parents[found], found):
            found = above
        self._parents[slots] = found  # so that the next way is short
        return found

    def tie(self, one: np.ndarray, two: np.ndarray) -> None:
        """Make two arrays of slots move together, index by index."""
        first, second = self.roots(one), self.roots(two)
        apart = first != second
        for a, b in {*zip(first[apart].tolist(), second[apart].tolist(), strict=True)}:
            low, high = sorted((self._root(a), self._root(b)))
            self._parents[high] = low  # the lower stands for both, so that nothing moves the fixed slot

    def freeze(self, slots: np.ndarray) -> None:
        """Fix slots where they are."""
        self._parents[self.roots(slots)] = FIXED

    def moves(self, slots: np.ndarray) -> bool:
        """Return whether any of these slots is not fixed, as far as is known."""
        return bool((self.roots(slots) != FIXED).any())

    def _root(self, slot: int) -> int:
        while self._parents[slot] != slot:
            slot = int(self._parents[slot])
        return slot
