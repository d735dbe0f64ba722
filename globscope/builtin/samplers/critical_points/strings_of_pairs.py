"""Strings between pairs of minima: where they start, which of them matter, and what the budget allows."""

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import define, field

from globscope.builtin.samplers.critical_points.descended_minima import DescendedMinima
from globscope.builtin.samplers.critical_points.ground import Ground
from globscope.builtin.samplers.critical_points.pairs import Pair, bridges, detour, minimax
from globscope.builtin.samplers.critical_points.record import Steps
from globscope.builtin.samplers.critical_points.start_curves import along_ways, lowest_curves, straight_and_bent
from globscope.builtin.samplers.critical_points.strings import Matters

# Iterations of a string at most.
MOST = 200
# A curve whose images start higher than so many times what would count, above the minima, is not tried.
SINKS = 3
# A string whose top is no more tolerances above what would count is moved until it has converged.
RIVAL = 2
# Curves at which a string may start, beside those along what others have measured.
CURVES = 4


@define(kw_only=True)
class StringsOfPairs(DescendedMinima):
    """Minima, and strings between pairs of them.

    Attributes:
        grounds: What other samplers measured on the map, along which strings may start.
        tried: The pairs between which a string was tried.
    """

    grounds: Sequence[Ground] = ()
    tried: set[Pair] = field(factory=set, init=False)

    def join(self, pairs: Sequence[Pair], rng: np.random.Generator) -> Steps[None]:
        """Relax a string between every two minima, and keep its path if it is the lowest between them."""
        pairs = self._within_budget(pairs)
        if not pairs:
            return
        starts = [self.straight(pair) for pair in pairs]
        self.tried.update(pairs)
        curves, tops = yield from lowest_curves(self.record, [self._start_curves(pair, rng) for pair in pairs])
        floors = np.array([path.top for path in starts])
        promising = self._matter_for(pairs)(tops, floors + (tops - floors) / SINKS)
        pairs = [pair for pair, matters in zip(pairs, promising, strict=True) if matters]
        starts = [self.straight(pair) for pair in pairs]
        paths = yield from self.relax(
            starts, curves[promising], self._matter_for(pairs), MOST, self.reserve_with(pairs)
        )
        for pair, path in zip(pairs, paths, strict=True):
            if len(path.rows) > 2 and (pair not in self.paths or path.top < self.paths[pair].top):
                self.paths[pair] = path
                self.finished.discard(pair)

    def _within_budget(self, pairs: Sequence[Pair]) -> Sequence[Pair]:
        """Return all pairs if the budget reaches them, else those by which it joins minima that are apart."""
        tree = [pair for pair in bridges(self.minima.points, self.paths) if pair in pairs]
        parts = (tree[:count] for count in range(len(tree), 0, -1))
        return next((chosen for chosen in (pairs, *parts) if self._affords_strings(chosen)), ())

    def _affords_strings(self, pairs: Sequence[Pair]) -> bool:
        """Return whether all curves can be tried between every two minima, and one of them moved once."""
        tried, moved = CURVES + len(self.grounds), len(pairs) * self.images * self.record.cost
        reserve = self.reserve_with(pairs) + moved
        return self.record.affords(len(pairs) * self.images * tried, gradients=False, reserve=reserve)

    def _start_curves(self, pair: Pair, rng: np.random.Generator) -> np.ndarray:
        """Return the (c, images + 2, d) curves at which the string of a pair may start."""
        ends = self.minima.points[list(pair)]
        ways = [*self._through_third(pair), *(ground.way(ends) for ground in self.grounds)]
        curves = straight_and_bent(ends, self.images, self.record.bounds, rng)
        return np.concatenate([curves, *along_ways(ways, self.images)])

    def _through_third(self, pair: Pair) -> Iterator[np.ndarray]:
        """Yield the way through the minimum that is the shortest detour, along paths that are known.

        Where strings join that minimum to both ends, the way brings nothing new.
        """
        third = detour(self.minima.points, pair, self.tried)
        if third is not None:
            yield np.concatenate([self._leg(pair[0], third), self._leg(third, pair[1])])

    def _leg(self, start: int, stop: int) -> np.ndarray:
        """Return the points of the lowest path found from one minimum to another; both, where there is none."""
        path = self.paths.get((min(start, stop), max(start, stop)))
        points = self.minima.points[[start, stop]] if path is None else path.points[:: 1 if start < stop else -1]
        leg: np.ndarray = points
        return leg

    def _matter_for(self, pairs: Sequence[Pair]) -> Matters:
        """Return the rule by which a string matters: its path is wanted, nearly lies in the tree, or may come to."""
        count, every = len(self.minima.rows), self.every

        def matters(tops: np.ndarray, reach: np.ndarray) -> np.ndarray:
            heights = self.heights
            for pair, top in zip(pairs, tops, strict=True):
                heights[pair] = min(float(top), heights.get(pair, np.inf))
            lowest = minimax(count, heights)[tuple(np.array(pairs).T)]
            is_wanted = np.array([every.issuperset(pair) for pair in pairs])
            is_near = tops <= lowest + RIVAL * self.tolerance
            still: np.ndarray = is_wanted | is_near | (reach < lowest - self.tolerance / 2)
            return still

        return matters
