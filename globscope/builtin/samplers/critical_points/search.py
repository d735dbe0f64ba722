"""The search: minima by descent, passes by strings between them, until the tree no longer changes."""

import hashlib
from collections.abc import Collection, Sequence

import numpy as np
from attrs import define, field

from globscope.builtin.samplers.critical_points.curvature import Top, curvatures_at_tops, measurements
from globscope.builtin.samplers.critical_points.curves import even_curves
from globscope.builtin.samplers.critical_points.descents import descend
from globscope.builtin.samplers.critical_points.graph import join_rest
from globscope.builtin.samplers.critical_points.minima import Minima, distinct, ends_of, no_minima
from globscope.builtin.samplers.critical_points.pairs import (
    Pair,
    crossing_pair,
    first_pairs,
    minimax,
    persistences,
    spanning,
)
from globscope.builtin.samplers.critical_points.paths import Path, dips, sample_finely, samples_needed
from globscope.builtin.samplers.critical_points.record import Record, Steps
from globscope.builtin.samplers.critical_points.starts import start_curves
from globscope.builtin.samplers.critical_points.strings import Matters, relax

# Segments on each side of a path's highest one that are looked at more closely, and how often.
AROUND, CLOSER = 1, 3
# How often the tree is challenged at most.
CHALLENGES = 8
# Iterations of a string at most, and of one that looks closer at least and at most.
MOST, LEAST_CLOSER, MOST_CLOSER = 200, 5, 10
# By how much a path is taken to grow while it sinks, and the evaluations that its dips may take.
LONGER, FOR_DIPS = 1.3, 25
# A curve whose images start higher than so many times what would count, above the minima, is not tried.
SINKS = 3
# A string whose top is no more tolerances above what would count is moved until it has converged.
RIVAL = 2
# Descents leave one evaluation of so many to the strings.
KEPT = 3


@define(kw_only=True)
class CriticalPoints:
    """A search on one map, and what it has found.

    Attributes:
        record: What was measured.
        images: Points of a string between its ends.
        tolerance: What counts as no barrier and as no gain, in the field's unit.
        step: Largest distance between samples of a finished path, in units of the box.
        neighbours: Nearest minima to which each is joined at first.
        all_of: Numbers of the starts between whose minima every path is wanted.
        minima: All minima found so far.
        paths: The lowest path found between every two minima that were joined.
        finished: The pairs whose path was sampled finely.
        tops: What the field is like at the tops of the tree's passes.
    """

    record: Record
    images: int
    tolerance: float
    step: float
    neighbours: int
    all_of: Collection[int]
    minima: Minima = field(init=False)
    paths: dict[Pair, Path] = field(factory=dict, init=False)
    finished: set[Pair] = field(factory=set, init=False)
    tops: dict[Pair, Top] = field(factory=dict, init=False)
    _tried: set[Pair] = field(factory=set, init=False)
    _dips: set[int] = field(factory=set, init=False)

    @property
    def heights(self) -> dict[Pair, float]:
        """The highest value along each path."""
        return {pair: path.top for pair, path in self.paths.items()}

    @property
    def tree(self) -> list[Pair]:
        """The pairs whose paths make the tree, by rising height."""
        return spanning(len(self.minima.rows), self.heights)

    @property
    def wanted(self) -> list[Pair]:
        """The pairs whose paths are results: those of the tree, and those that were asked for."""
        every = self._every
        return sorted({*self.tree, *(pair for pair in self.paths if every.issuperset(pair))})

    @property
    def lowest(self) -> np.ndarray:
        """(m, m) lowest heights at which finely sampled paths join minima, also through others."""
        return minimax(len(self.minima.rows), {pair: self.paths[pair].top for pair in self.finished})

    def run(self, starts: np.ndarray) -> Steps[None]:
        """Search from (n, d) starts, in units of the box."""
        self.minima = no_minima(starts.shape[1])
        starts = starts[: self.record.left // (KEPT * self.record.cost)]
        if not len(starts):
            return
        yield from self._descend(starts)
        # From what was measured, so that a replay draws the same.
        first = self.record.everything().points[: len(starts)]
        rng = np.random.default_rng(list(hashlib.blake2b(first.tobytes(), digest_size=16).digest()))
        pairs, before = self._first_pairs(), np.inf
        for _ in range(CHALLENGES):
            yield from self._join(pairs, rng)
            yield from self._finish()
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

    def _descend(self, points: np.ndarray) -> Steps[None]:
        reserve = self.record.left // KEPT
        descents = yield from descend(self.record, points, gain=self.tolerance / 20, reserve=reserve)
        self.minima = yield from distinct(self.record, self.minima, ends_of(descents), self.tolerance)

    def _first_pairs(self) -> list[Pair]:
        return first_pairs(self.minima.points, self.neighbours, self._every)

    @property
    def _every(self) -> set[int]:
        return {int(self.minima.of_start[number]) for number in self.all_of} - {-1}

    def _join(self, pairs: Sequence[Pair], rng: np.random.Generator) -> Steps[None]:
        """Relax a string between every two minima, and keep its path if it is the lowest between them."""
        starts = [self._straight(pair) for pair in pairs]
        reserve = self._reserve + self._allowance(starts)
        if not starts or not self.record.affords(len(starts) * self.images * 3, gradients=False, reserve=reserve):
            return
        self._tried.update(pairs)
        curves, tops = yield from start_curves(self.record, starts, self.images, rng)
        floors = np.array([path.top for path in starts])
        promising = self._matter_for(pairs)(tops, floors + (tops - floors) / SINKS)
        pairs = [pair for pair, matters in zip(pairs, promising, strict=True) if matters]
        starts = [self._straight(pair) for pair in pairs]
        reserve = self._reserve + self._allowance(starts)
        paths = yield from self._relax(starts, curves[promising], self._matter_for(pairs), MOST, reserve)
        for pair, path in zip(pairs, paths, strict=True):
            if len(path.rows) > 2 and (pair not in self.paths or path.top < self.paths[pair].top):
                self.paths[pair] = path
                self.finished.discard(pair)

    def _relax(
        self, starts: Sequence[Path], curves: np.ndarray, matters: Matters, most: int, reserve: int
    ) -> Steps[list[Path]]:
        gain = self.tolerance / 4
        return relax(self.record, starts, curves, gain=gain, matters=matters, most=most, reserve=reserve)

    def _allowance(self, paths: Sequence[Path]) -> int:
        """Return the evaluations that paths may need once they have been moved: fine samples, and their dips'."""
        return sum(samples_needed(path, self.step / LONGER) + FOR_DIPS for path in paths)

    def _straight(self, pair: Pair) -> Path:
        ends, minima = list(pair), self.minima
        none = np.zeros((2, minima.points.shape[1]))
        return Path(
            ends=pair, rows=minima.rows[ends], points=minima.points[ends], values=minima.values[ends], slopes=none
        )

    def _matter_for(self, pairs: Sequence[Pair]) -> Matters:
        """Return the rule by which a string matters: its path is wanted, nearly lies in the tree, or may come to."""
        count, every = len(self.minima.rows), self._every

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

    def _finish(self) -> Steps[None]:
        """Sample finely the paths that are results, until these no longer change, and look closer at their tops."""
        while pairs := self._affordable([pair for pair in self.wanted if pair not in self.finished]):
            yield from self._sample(pairs)
            self.finished.update(pairs)
            for _ in range(CLOSER):
                pairs = [pair for pair in pairs if self.paths[pair].excess > self.tolerance / 2]
                if not pairs or not (yield from self._look_closer(pairs)):
                    break
                yield from self._sample(pairs)

    def _affordable(self, pairs: Sequence[Pair]) -> list[Pair]:
        """Return the first pairs whose paths can be sampled finely."""
        costs = np.cumsum([samples_needed(self.paths[pair], self.step) for pair in pairs])
        left = self.record.left - self._curvature_cost
        self.record.ran_out |= bool((costs > left).any())
        return [pair for pair, cost in zip(pairs, costs, strict=True) if cost <= left]

    def _sample(self, pairs: Sequence[Pair]) -> Steps[None]:
        paths = yield from sample_finely(self.record, [self.paths[pair] for pair in pairs], self.step)
        self.paths.update(zip(pairs, paths, strict=True))

    def _look_closer(self, pairs: Sequence[Pair]) -> Steps[bool]:
        """Relax a string along the highest part of each path, between fixed ends, if the budget allows."""
        cuts = [self.paths[pair].around_top(AROUND) for pair in pairs]
        parts = [self.paths[pair].part(*cut) for pair, cut in zip(pairs, cuts, strict=True)]
        reserve = self._reserve + self._allowance(parts)
        if not self.record.affords(len(pairs) * self.images * LEAST_CLOSER, gradients=True, reserve=reserve):
            return False
        curves = np.concatenate([even_curves(part.points[None], self.images + 2) for part in parts])
        relaxed = yield from self._relax(parts, curves, _all_matter, MOST_CLOSER, reserve)
        for pair, cut, part in zip(pairs, cuts, relaxed, strict=True):
            self.paths[pair] = self.paths[pair].replace(*cut, part)
        return True

    def _follow_dips(self) -> Steps[None]:
        """Join dips of finished paths to the minima that they belong to, new ones by descent."""
        paths = [self.paths[pair] for pair in self.wanted if pair in self.finished]
        found = [(path, at) for path in paths for at in dips(path, self.tolerance)]
        fresh = [(path, at) for path, at in found if int(path.rows[at]) not in self._dips]
        if not fresh or not self.record.affords(len(fresh), gradients=True, reserve=self._curvature_cost):
            return
        self._dips.update(int(path.rows[at]) for path, at in fresh)
        rows, points, values = (np.array([getattr(p, n)[at] for p, at in fresh]) for n in ("rows", "points", "values"))
        ends = Minima(rows=rows, points=points, values=values, of_start=np.arange(len(rows)))
        joined = yield from distinct(self.record, self.minima, ends, self.tolerance)
        left = np.isin(rows, joined.rows[len(self.minima.rows) :])
        if left.any():
            self.record.join(np.stack([rows[left], self.record.count + np.arange(left.sum())], axis=1))
            yield from self._descend(points[left])

    @property
    def persistences(self) -> dict[Pair, float]:
        """How far each pass of the tree lies above the higher of the two lowest minima that it joins."""
        return persistences(self.minima.values, self.heights)

    def _challengers(self, persistent: dict[Pair, float]) -> list[Pair]:
        """Return, for each pass of the tree, the nearest pair of minima on its two sides that was not tried."""
        pairs: list[Pair] = []
        for pair, persistence in persistent.items():
            if persistence > self.tolerance:
                other = crossing_pair(pair, persistent, self.minima.points, {*self._tried, *pairs})
                pairs += [other] if other else []
        return pairs

    @property
    def _reserve(self) -> int:
        """Evaluations that the rest of the search needs at least: fine samples, and curvatures at the tops."""
        unfinished = [self.paths[pair] for pair in self.wanted if pair not in self.finished]
        return self._allowance(unfinished) + self._curvature_cost

    def _join_all(self) -> None:
        """Give the paths and all samples beside them their edges."""
        for pair in self.finished.intersection(self.wanted):
            self.record.join(self.paths[pair].rows)
        join_rest(self.record)

    @property
    def _affordable_tops(self) -> int:
        """How many tops can be looked at."""
        return self.record.left // (measurements(1, self.minima.points.shape[1]) * self.record.cost)

    @property
    def _curvature_cost(self) -> int:
        """What it costs to look at the tops of all passes of the tree."""
        passes = max(len(self.minima.rows) - 1, 1)
        return measurements(passes, self.minima.points.shape[1]) * self.record.cost

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


def _all_matter(tops: np.ndarray, reach: np.ndarray) -> np.ndarray:
    del reach
    return np.ones(len(tops), bool)
