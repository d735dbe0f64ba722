"""The search: minima by descent, passes by strings between them, until the tree no longer changes."""

import hashlib

import numpy as np
from attrs import define, field

from globscope.builtin.samplers.critical_points.curvature import Top, curvatures_at_tops, measurements
from globscope.builtin.samplers.critical_points.descended_minima import DESCENT
from globscope.builtin.samplers.critical_points.graph import join_rest
from globscope.builtin.samplers.critical_points.minima import no_minima
from globscope.builtin.samplers.critical_points.pairs import Pair, bridges, crossing_pair, first_pairs
from globscope.builtin.samplers.critical_points.record import Steps
from globscope.builtin.samplers.critical_points.strings_of_pairs import CURVES, StringsOfPairs

# How often the tree is challenged at most.
CHALLENGES = 8
# What a gradient costs at least, and iterations of a string that are of any use.
GRADIENT, LEAST = 3, 5


def least_budget(starts: int, images: int) -> int:
    """Return the evaluations of so many whole descents, and of a string that is moved a few times."""
    return starts * DESCENT * GRADIENT + images * (CURVES + LEAST * GRADIENT)


@define(kw_only=True)
class CriticalPointSearch(StringsOfPairs):
    """A search on one map, and what it has found.

    Attributes:
        neighbours: Nearest minima to which each is joined at first.
        tops: What the field is like at the tops of the tree's passes.
    """

    neighbours: int
    tops: dict[Pair, Top] = field(factory=dict, init=False)

    def run(self, starts: np.ndarray) -> Steps[None]:
        """Search from (n, d) starts, in units of the box."""
        self.minima = no_minima(starts.shape[1])
        self.started = self.affordable_starts(len(starts))
        self.record.ran_out |= self.started < len(starts)
        if not self.started:
            return
        yield from self.descend_from_starts(starts[: self.started])
        # From what was measured, so that a replay draws the same.
        first = self.record.everything().points[: self.started]
        rng = np.random.default_rng(list(hashlib.blake2b(first.tobytes(), digest_size=16).digest()))
        yield from self._join_minima(rng)
        yield from self._conclude()

    def _join_minima(self, rng: np.random.Generator) -> Steps[None]:
        """Join minima by strings until the tree no longer changes."""
        pairs, before = self._first_pairs(), np.inf
        for _ in range(CHALLENGES):
            yield from self.join(pairs, rng)
            yield from self.finish()
            count = len(self.minima.rows)
            yield from self.follow_dips()
            persistent = self.persistences
            total = sum(persistent.values())
            if len(self.minima.rows) > count:
                pairs = [pair for pair in self._first_pairs() if pair not in self.tried]
            elif apart := [pair for pair in bridges(self.minima.points, self.paths) if pair not in self.tried]:
                pairs = apart
            elif before - total < self.tolerance:
                break
            else:
                pairs = self._challengers(persistent)
            before = total

    def _first_pairs(self) -> list[Pair]:
        return first_pairs(self.minima.points, self.neighbours, self.every)

    def _challengers(self, persistent: dict[Pair, float]) -> list[Pair]:
        """Return, for each pass of the tree, the nearest pair of minima on its two sides that was not tried."""
        pairs: list[Pair] = []
        for pair, persistence in persistent.items():
            if persistence > self.tolerance:
                other = crossing_pair(pair, persistent, self.minima.points, {*self.tried, *pairs})
                pairs += [other] if other else []
        return pairs

    def _join_all(self) -> None:
        """Give the paths and all samples beside them their edges."""
        for pair in self.finished.intersection(self.wanted):
            self.record.join(self.paths[pair].rows)
        join_rest(self.record, self.minima.rows)

    @property
    def _affordable_tops(self) -> int:
        """How many tops can be looked at."""
        return self.record.left // (measurements(1, self.minima.points.shape[1]) * self.record.cost)

    def _conclude(self) -> Steps[None]:
        """Join minima that are still apart, look at the tops of the tree's passes, and give every sample its edges."""
        yield from self.finish()
        yield from self.join_apart()
        persistent = {pair: height for pair, height in self.persistences.items() if pair not in self.segments}
        tree = sorted(persistent, key=lambda pair: -persistent[pair])[: self._affordable_tops]
        if tree:
            tops = yield from curvatures_at_tops(self.record, [self.paths[pair] for pair in tree], self._join_all)
            self.tops = dict(zip(tree, tops, strict=True))
        elif len(self.minima.rows):
            self._join_all()
            self.record.join(np.array([[self.minima.rows[0], self.record.count]]))
            yield from self.record.measure(self.minima.points[:1], gradients=True)
