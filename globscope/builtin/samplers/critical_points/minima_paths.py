"""Minima and the paths between them: how paths sink, how they are finished, and what they say of the tree."""

from collections.abc import Collection, Sequence

import numpy as np
from attrs import define, field

from globscope.builtin.samplers.critical_points.curvature import measurements
from globscope.builtin.samplers.critical_points.curves import even_curves
from globscope.builtin.samplers.critical_points.minima import Minima
from globscope.builtin.samplers.critical_points.pairs import Pair, bridges, minimax, persistences, spanning
from globscope.builtin.samplers.critical_points.paths import (
    Path,
    insert,
    missing_samples,
    sample_finely,
    samples_needed,
)
from globscope.builtin.samplers.critical_points.record import Record, Steps
from globscope.builtin.samplers.critical_points.strings import Matters, relax

# Segments on each side of a path's highest one that are looked at more closely, and how often.
AROUND, CLOSER = 1, 3
# Iterations of a string that looks closer at least and at most.
LEAST_CLOSER, MOST_CLOSER = 5, 10
# By how much a path is taken to grow while it sinks, and the evaluations that its dips may take.
LONGER, FOR_DIPS = 1.3, 25


@define(kw_only=True)
class PathsOfMinima:
    """Minima, and the lowest paths found between them.

    Attributes:
        record: What was measured.
        images: Points of a string between its ends.
        tolerance: What counts as no barrier and as no gain, in the field's unit.
        step: Largest distance between samples of a finished path, in units of the box.
        all_of: Numbers of the starts between whose minima every path is wanted.
        minima: All minima found so far.
        paths: The lowest path found between every two minima that were joined.
        finished: The pairs whose path was sampled finely.
        segments: The pairs whose path is a straight segment, to which no string came, for want of evaluations.
        started: How many starts the budget allowed; later descents come after these.
    """

    record: Record
    images: int
    tolerance: float
    step: float
    all_of: Collection[int]
    minima: Minima = field(init=False)
    paths: dict[Pair, Path] = field(factory=dict, init=False)
    finished: set[Pair] = field(factory=set, init=False)
    segments: set[Pair] = field(factory=set, init=False)
    started: int = field(default=0, init=False)

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
        every = self.every
        return sorted({*self.tree, *(pair for pair in self.paths if every.issuperset(pair))})

    @property
    def lowest(self) -> np.ndarray:
        """(m, m) lowest heights at which finely sampled paths join minima, also through others."""
        return minimax(len(self.minima.rows), {pair: self.paths[pair].top for pair in self.finished})

    @property
    def persistences(self) -> dict[Pair, float]:
        """How far each pass of the tree lies above the higher of the two lowest minima that it joins."""
        return persistences(self.minima.values, self.heights)

    @property
    def every(self) -> set[int]:
        """Numbers of the minima of which every two are joined."""
        return {int(self.minima.of_start[number]) for number in self.all_of if number < self.started} - {-1}

    def straight(self, pair: Pair) -> Path:
        """Return the two minima of a pair as a path without samples between them."""
        ends, minima = list(pair), self.minima
        none = np.zeros((2, minima.points.shape[1]))
        return Path(
            ends=pair, rows=minima.rows[ends], points=minima.points[ends], values=minima.values[ends], slopes=none
        )

    def relax(
        self, starts: Sequence[Path], curves: np.ndarray, matters: Matters, most: int, reserve: int
    ) -> Steps[list[Path]]:
        """Relax strings; they have converged where they gain little, measured by the tolerance."""
        gain = self.tolerance / 4
        return relax(self.record, starts, curves, gain=gain, matters=matters, most=most, reserve=reserve)

    def finish(self) -> Steps[None]:
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
        """Return the first pairs whose paths can be sampled finely; those of the tree come first."""
        tree = set(self.tree)
        ordered = sorted(pairs, key=lambda pair: (pair not in tree, pair))
        costs = np.cumsum([0, *(samples_needed(self.paths[pair], self.step) for pair in ordered)]).tolist()
        for count in range(len(ordered), 0, -1):
            reserve = self.curvature_cost + self.joining_cost({*self.finished, *ordered[:count]})
            if self.record.affords(costs[count], gradients=False, reserve=reserve):
                return ordered[:count]
        return []

    def _sample(self, pairs: Sequence[Pair]) -> Steps[None]:
        paths = yield from sample_finely(self.record, [self.paths[pair] for pair in pairs], self.step)
        self.paths.update(zip(pairs, paths, strict=True))

    def _look_closer(self, pairs: Sequence[Pair]) -> Steps[bool]:
        """Relax a string along the highest part of each path, between fixed ends, if the budget allows."""
        cuts = [self.paths[pair].around_top(AROUND) for pair in pairs]
        parts = [self.paths[pair].part(*cut) for pair, cut in zip(pairs, cuts, strict=True)]
        reserve = self.reserve_with() + self.allowance(parts)
        if not self.record.affords(len(pairs) * self.images * LEAST_CLOSER, gradients=True, reserve=reserve):
            return False
        curves = np.concatenate([even_curves(part.points[None], self.images + 2) for part in parts])
        relaxed = yield from self.relax(parts, curves, _all_matter, MOST_CLOSER, reserve)
        for pair, cut, part in zip(pairs, cuts, relaxed, strict=True):
            self.paths[pair] = self.paths[pair].replace(*cut, part)
        return True

    def allowance(self, paths: Sequence[Path]) -> int:
        """Return the evaluations that paths may need once they have been moved: fine samples, and their dips'."""
        return sum(samples_needed(path, self.step / LONGER) + FOR_DIPS for path in paths)

    def reserve_with(self, pairs: Collection[Pair] = ()) -> int:
        """Return the evaluations that the rest of the search needs at least, where strings join these pairs too.

        They are for fine samples, curvatures at the tops, and segments between minima to which no string comes.
        """
        unfinished = [self.paths[pair] for pair in self.wanted if pair not in self.finished]
        paths = [*unfinished, *map(self.straight, pairs)]
        return self.allowance(paths) + self.curvature_cost + self.joining_cost({*self.paths, *pairs})

    def joining_cost(self, joined: Collection[Pair]) -> int:
        """Return what straight segments cost that join what the paths of some pairs leave apart."""
        return sum(_segment_samples(self.straight(pair), self.step) for pair in bridges(self.minima.points, joined))

    def join_apart(self) -> Steps[None]:
        """Join minima that no finished path joins by straight segments, as far as the budget reaches.

        So a leaf of the tree never means that the way from it was not looked at.
        """
        pairs = bridges(self.minima.points, self.finished)
        costs = np.cumsum([_segment_samples(self.straight(pair), self.step) for pair in pairs])
        pairs = [pair for pair, cost in zip(pairs, costs, strict=True) if cost <= self.record.left - self.record.cost]
        segments = [self.straight(pair) for pair in pairs]
        counts = [missing_samples(segment, self.step) for segment in segments]
        self.paths.update(zip(pairs, (yield from insert(self.record, segments, counts)), strict=True))
        self.segments.update(pairs)
        self.finished.update(pairs)

    @property
    def curvature_cost(self) -> int:
        """What it costs to look at the tops of all passes of the tree."""
        passes = max(len(self.minima.rows) - 1, 1)
        return measurements(passes, self.minima.points.shape[1]) * self.record.cost


def _segment_samples(segment: Path, step: float) -> int:
    return int(missing_samples(segment, step).sum())


def _all_matter(tops: np.ndarray, reach: np.ndarray) -> np.ndarray:
    del reach
    return np.ones(len(tops), bool)
