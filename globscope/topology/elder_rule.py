"""Where the components of a sweep begin and meet, by the elder rule: where two meet, the lower one goes on."""

import numpy as np
from attrs import define, field

from globscope.topology.union_find import root


@define(frozen=True, kw_only=True)
class ElderPairs:
    """The minima of a sweep, and which of them end where; vertices are numbered by their place in the sweep.

    Attributes:
        minima: (p,) vertices at which a component begins.
        younger: (q,) minima whose component ends where it meets a lower one, by rising end.
        elders: (q,) the minimum of the component that goes on.
        tops: (q,) vertex at which the two meet.
        descent: (m,) the minimum at which each vertex' way to its lowest neighbour, and on, ends.
    """

    minima: np.ndarray = field(eq=False)
    younger: np.ndarray = field(eq=False, repr=False)
    elders: np.ndarray = field(eq=False, repr=False)
    tops: np.ndarray = field(eq=False, repr=False)
    descent: np.ndarray = field(eq=False, repr=False)

    @classmethod
    def of(cls, count: int, low: np.ndarray, high: np.ndarray) -> "ElderPairs":
        """Return the pairs of a graph of `count` vertices, given the (e,) ends of its edges, by rising higher end."""
        home = _descent(count, low, high)
        ends = np.sort(np.stack([home[low], home[high]]), axis=0)
        meets = np.flatnonzero(ends[0] != ends[1])
        # Edges stand by rising higher end, so the first between two basins of descent is the lowest.
        first = meets[np.sort(np.unique(ends[0, meets] * count + ends[1, meets], return_index=True)[1])]
        minima, pairs = np.unique(home), list[tuple[int, int, int]]()
        parents = dict(zip(minima.tolist(), minima.tolist(), strict=True))
        for one, other, top in zip(*ends[:, first].tolist(), high[first].tolist(), strict=True):
            lower, higher = sorted((root(parents, one), root(parents, other)))
            if lower != higher:
                parents[higher] = lower
                pairs.append((higher, lower, top))
        younger, elders, tops = np.array(pairs, int).reshape(-1, 3).T
        return cls(minima=minima, younger=younger, elders=elders, tops=tops, descent=home)

    @classmethod
    def from_above(cls, count: int, low: np.ndarray, high: np.ndarray) -> "ElderPairs":
        """Return the pairs of the sweep from high to low, in which vertex i has the number m − 1 − i."""
        order = np.argsort(-low, kind="stable")
        return cls.of(count, count - 1 - high[order], count - 1 - low[order])

    def persistences(self, values: np.ndarray) -> np.ndarray:
        """Return the (q,) persistences of the components that end; `values`, (m,), are those of the swept vertices."""
        with np.errstate(over="ignore"):  # beyond the largest float it is infinite, above any threshold
            heights: np.ndarray = values[self.tops] - values[self.younger]
        return heights

    def lasting_count(self, values: np.ndarray, threshold: float) -> int:
        """Return how many components never end, or persist for more than a threshold."""
        return len(self.minima) - int((self.persistences(values) <= threshold).sum())

    def lasting_minima(self, values: np.ndarray, threshold: float) -> np.ndarray:
        """Return the (m,) minimum where each vertex' descent ends if pairs of at most the threshold are cancelled."""
        home = np.arange(len(self.descent))
        gone = self.persistences(values) <= threshold
        for younger, elder in zip(self.younger[gone].tolist()[::-1], self.elders[gone].tolist()[::-1], strict=True):
            home[younger] = home[elder]
        lasting: np.ndarray = home[self.descent]
        return lasting


def _descent(count: int, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the minimum at which each vertex' steepest descent ends."""
    down = np.arange(count)
    np.minimum.at(down, high, low)
    while (down != (further := down[down])).any():
        down = further
    return down
