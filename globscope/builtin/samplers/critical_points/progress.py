"""How far strings have sunk: when their steps are shortened, when they have converged, and what they may still gain."""

import numpy as np
from attrs import define, field

# A first step as a share of the distance between images, and what is left of it where a string has converged.
FIRST, LAST = 0.5, 0.03
# Steps are halved after so many without a lower top.
PATIENCE = 2
# Iterations over which the gain is looked at; also those before the highest image climbs.
WINDOW = 4
# What may still be gained, in what is to be expected; and the slowest decline of gains that is taken for one.
HOPE, SLOWEST = 2, 0.8


@define
class Progress:
    """How far s strings have sunk.

    Attributes:
        rates: (s,) longest steps, in units of the box.
        shortest: (s,) rates at which a string has converged.
        stale: (s,) iterations since a top was lower or a rate was halved.
        history: (s,) lowest tops after each iteration.
    """

    rates: np.ndarray
    shortest: np.ndarray
    stale: np.ndarray
    history: list[np.ndarray] = field(factory=list)

    @classmethod
    def of(cls, apart: np.ndarray) -> "Progress":
        """Return that of strings that have not moved, whose images are (s,) so far apart."""
        rates = FIRST * apart
        return cls(rates=rates, shortest=LAST * rates, stale=np.zeros(len(rates), int))

    @property
    def best(self) -> np.ndarray:
        """(s,) lowest tops so far; infinite before the first iteration."""
        return self.history[-1] if self.history else np.full(len(self.rates), np.inf)

    def note(self, tops: np.ndarray, gain: float) -> None:
        """Take the (s,) tops of an iteration, and shorten steps that have led no lower."""
        before = self.best
        self.history.append(np.minimum(before, tops))
        self.stale = np.where(tops < before - gain / 10, 0, self.stale + 1)
        self.rates = np.where(self.stale >= PATIENCE, self.rates / 2, self.rates)
        self.stale[self.stale >= PATIENCE] = 0

    def have_converged(self, turn: int, push: np.ndarray, gain: float) -> np.ndarray:
        """Return (s,) whether strings gain nothing more; `push` are the (s,) forces at their highest images."""
        converged = self.rates < self.shortest
        if turn >= WINDOW:
            recent = _sunk(self.history[turn - WINDOW], self.best)
            converged |= (recent < gain) & (push * self.rates < gain)
        return converged

    @property
    def reach(self) -> np.ndarray:
        """(s,) how low the tops may come if gains go on shrinking as in the last iterations; infinite ones stay."""
        tops, half = self.history, WINDOW // 2
        before, now = _sunk(tops[-1 - 2 * half], tops[-1 - half]), _sunk(tops[-1 - half], tops[-1])
        known = np.isfinite(before) & (before > 0)
        ratio = np.minimum(np.divide(now, before, out=np.full(len(now), SLOWEST), where=known), SLOWEST)
        gain = HOPE * now * ratio / (1 - ratio)
        reach: np.ndarray = np.subtract(tops[-1], gain, out=np.full(len(now), np.inf), where=np.isfinite(tops[-1]))
        return reach


def _sunk(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return by how much tops have sunk; infinite for those that are still infinite."""
    sunk: np.ndarray = np.subtract(before, after, out=np.full(len(after), np.inf), where=np.isfinite(after))
    return sunk
