"""Minima and the paths between them: what these say of the tree, and what the budget still has to pay for."""

from collections.abc import Collection, Sequence

import numpy as np
from attrs import define, field

from globscope.builtin.samplers.critical_points.curvature import measurements
from globscope.builtin.samplers.critical_points.minima import Minima
from globscope.builtin.samplers.critical_points.pairs import Pair, bridges, minimax, persistences, spanning
from globscope.builtin.samplers.critical_points.paths import (
    Path,
    missing_samples,
    samples_needed,
)
from globscope.builtin.samplers.critical_points.record import Record, Steps
from globscope.builtin.samplers.critical_points.strings import Matters, relax

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
        return sum(segment_samples(self.straight(pair), self.step) for pair in bridges(self.minima.points, joined))

    @property
    def curvature_cost(self) -> int:
        """What it costs to look at the tops of all passes of the tree."""
        passes = max(len(self.minima.rows) - 1, 1)
        return measurements(passes, self.minima.points.shape[1]) * self.record.cost


def segment_samples(segment: Path, step: float) -> int:
    """Return how many samples a segment lacks for none to be farther apart than a step."""
    return int(missing_samples(segment, step).sum())
