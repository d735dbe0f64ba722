"""The search: minima by descent, passes by strings between them, until the tree no longer changes."""

import hashlib
from collections.abc import Sequence

import numpy as np
from attrs import define, field

from globscope.builtin.samplers.critical_points.curvature import Top, curvatures_at_tops, measurements
from globscope.builtin.samplers.critical_points.descents import Effort, descend
from globscope.builtin.samplers.critical_points.graph import join_rest
from globscope.builtin.samplers.critical_points.minima import Minima, distinct, ends_of, no_minima
from globscope.builtin.samplers.critical_points.minima_paths import PathsOfMinima
from globscope.builtin.samplers.critical_points.pairs import Pair, crossing_pair, first_pairs, minimax
from globscope.builtin.samplers.critical_points.paths import dips
from globscope.builtin.samplers.critical_points.record import Steps
from globscope.builtin.samplers.critical_points.starts import start_curves
from globscope.builtin.samplers.critical_points.strings import Matters

# How often the tree is challenged at most.
CHALLENGES = 8
# Iterations of a string at most.
MOST = 200
# A curve whose images start higher than so many times what would count, above the minima, is not tried.
SINKS = 3
# A string whose top is no more tolerances above what would count is moved until it has converged.
RIVAL = 2
# Descents leave one evaluation of so many to the strings.
KEPT = 3


@define(kw_only=True)
class CriticalPoints(PathsOfMinima):
    """A search on one map, and what it has found.

    Attributes:
        neighbours: Nearest minima to which each is joined at first.
        tops: What the field is like at the tops of the tree's passes.
    """

    neighbours: int
    members: int
    tops: dict[Pair, Top] = field(factory=dict, init=False)
    _tried: set[Pair] = field(factory=set, init=False)
    _dips: set[int] = field(factory=set, init=False)

    def run(self, starts: np.ndarray) -> Steps[None]:
        """Search from (n, d) starts, in units of the box."""
        self.minima = no_minima(starts.shape[1])
        self.started = min(len(starts), self.record.left // (KEPT * self.record.cost))
        self.record.ran_out |= self.started < len(starts)
        starts = starts[: self.started]
        if not self.started:
            return
        yield from self._descend(starts, self.members)
        # From what was measured, so that a replay draws the same.
        first = self.record.everything().points[: len(starts)]
        rng = np.random.default_rng(list(hashlib.blake2b(first.tobytes(), digest_size=16).digest()))
        pairs, before = self._first_pairs(), np.inf
        for _ in range(CHALLENGES):
            yield from self._join(pairs, rng)
            yield from self.finish()
            count = len(self.minima.rows)
            yield from self._follow_dips()
            persistent = self.persistences
            total = sum(persistent.values())
            if len(self.minima.rows) > count:
                pairs = [pair for pair in self._first_pairs() if pair not in self._tried]
            elif before - total < self.tolerance:
                break
            else:
                pairs = self._challengers(persistent)
            before = total
        yield from self._conclude()

    def _descend(self, points: np.ndarray, important: int) -> Steps[None]:
        """Descend from points; between the samples on the ways from the first ones of them, no wall is to be missed."""
        effort = Effort(gain=self.tolerance / 20, step=self.step, reserve=self.record.left // KEPT)
        descents = yield from descend(self.record, points, important, effort)
        self.minima = yield from distinct(self.record, self.minima, ends_of(descents), self.tolerance, self.step)

    def _first_pairs(self) -> list[Pair]:
        return first_pairs(self.minima.points, self.neighbours, self.every)

    def _join(self, pairs: Sequence[Pair], rng: np.random.Generator) -> Steps[None]:
        """Relax a string between every two minima, and keep its path if it is the lowest between them."""
        pairs = self._within_budget(pairs)
        if not pairs:
            return
        starts = [self.straight(pair) for pair in pairs]
        self._tried.update(pairs)
        curves, tops = yield from start_curves(self.record, starts, self.images, rng)
        floors = np.array([path.top for path in starts])
        promising = self._matter_for(pairs)(tops, floors + (tops - floors) / SINKS)
        pairs = [pair for pair, matters in zip(pairs, promising, strict=True) if matters]
        starts = [self.straight(pair) for pair in pairs]
        reserve = self.reserve + self.allowance(starts)
        paths = yield from self.relax(starts, curves[promising], self._matter_for(pairs), MOST, reserve)
        for pair, path in zip(pairs, paths, strict=True):
            if len(path.rows) > 2 and (pair not in self.paths or path.top < self.paths[pair].top):
                self.paths[pair] = path
                self.finished.discard(pair)

    def _within_budget(self, pairs: Sequence[Pair]) -> Sequence[Pair]:
        """Return all pairs if the budget reaches them, else those of a Euclidean spanning tree that it reaches."""
        tree = [pair for pair in first_pairs(self.minima.points, 0, ()) if pair in pairs]
        parts = (tree[:count] for count in range(len(tree), 0, -1))
        return next((chosen for chosen in (pairs, *parts) if self._affords_strings(chosen)), ())

    def _affords_strings(self, pairs: Sequence[Pair]) -> bool:
        """Return whether three curves can be tried between every two minima, and one of them moved once."""
        starts = [self.straight(pair) for pair in pairs]
        reserve = self.reserve + self.allowance(starts)
        moved = len(starts) * self.images * self.record.cost
        return self.record.affords(len(starts) * self.images * 3, gradients=False, reserve=reserve + moved)

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

    def _follow_dips(self) -> Steps[None]:
        """Join dips of finished paths to the minima that they belong to, new ones by descent."""
        paths = [self.paths[pair] for pair in self.wanted if pair in self.finished]
        found = [(path, at) for path in paths for at in dips(path, self.tolerance)]
        fresh = [(path, at) for path, at in found if int(path.rows[at]) not in self._dips]
        if not fresh or not self.record.affords(len(fresh), gradients=True, reserve=self.curvature_cost):
            return
        self._dips.update(int(path.rows[at]) for path, at in fresh)
        rows, points, values = (np.array([getattr(p, n)[at] for p, at in fresh]) for n in ("rows", "points", "values"))
        ends = Minima(rows=rows, points=points, values=values, of_start=np.arange(len(rows)))
        joined = yield from distinct(self.record, self.minima, ends, self.tolerance, self.step)
        left = np.isin(rows, joined.rows[len(self.minima.rows) :])
        if left.any() and self.record.affords(int(left.sum()), gradients=True, reserve=self.record.cost):
            self.record.join(np.stack([rows[left], self.record.count + np.arange(left.sum())], axis=1))
            yield from self._descend(points[left], int(left.sum()))

    def _challengers(self, persistent: dict[Pair, float]) -> list[Pair]:
        """Return, for each pass of the tree, the nearest pair of minima on its two sides that was not tried."""
        pairs: list[Pair] = []
        for pair, persistence in persistent.items():
            if persistence > self.tolerance:
                other = crossing_pair(pair, persistent, self.minima.points, {*self._tried, *pairs})
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
        """Look at the tops of the tree's passes, and give every sample its edges."""
        persistent = self.persistences
        tree = sorted(persistent, key=lambda pair: -persistent[pair])[: self._affordable_tops]
        if tree:
            tops = yield from curvatures_at_tops(self.record, [self.paths[pair] for pair in tree], self._join_all)
            self.tops = dict(zip(tree, tops, strict=True))
        elif len(self.minima.rows):
            self._join_all()
            self.record.join(np.array([[self.minima.rows[0], self.record.count]]))
            yield from self.record.measure(self.minima.points[:1], gradients=True)
