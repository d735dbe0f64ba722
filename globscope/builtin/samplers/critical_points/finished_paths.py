"""How paths between minima are finished: sampled finely, looked at closer at their tops, or replaced by segments."""

from collections.abc import Sequence

import numpy as np
from attrs import define

from globscope.builtin.samplers.critical_points.curves import even_curves
from globscope.builtin.samplers.critical_points.minima_paths import PathsOfMinima, segment_samples
from globscope.builtin.samplers.critical_points.pairs import Pair, bridges
from globscope.builtin.samplers.critical_points.paths import insert, missing_samples, sample_finely, samples_needed
from globscope.builtin.samplers.critical_points.record import Steps

# Segments on each side of a path's highest one that are looked at more closely, and how often.
AROUND, CLOSER = 1, 3
# Iterations of a string that looks closer at least and at most.
LEAST_CLOSER, MOST_CLOSER = 5, 10


@define(kw_only=True)
class FinishedPaths(PathsOfMinima):
    """Minima and the paths between them, which are finished as results."""

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

    def join_apart(self) -> Steps[None]:
        """Join minima that no finished path joins by straight segments, as far as the budget reaches.

        So a leaf of the tree never means that the way from it was not looked at. Unfinished paths are given up.
        """
        pairs = bridges(self.minima.points, self.finished)
        costs = np.cumsum([segment_samples(self.straight(pair), self.step) for pair in pairs])
        pairs = [pair for pair, cost in zip(pairs, costs, strict=True) if cost <= self.record.left - self.record.cost]
        segments = [self.straight(pair) for pair in pairs]
        counts = [missing_samples(segment, self.step) for segment in segments]
        joined = yield from insert(self.record, segments, counts)
        # Without those that no edges of the graph will show.
        finished = {pair: self.paths[pair] for pair in self.finished}
        self.paths = finished | dict(zip(pairs, joined, strict=True))
        self.segments.update(pairs)
        self.finished.update(pairs)


def _all_matter(tops: np.ndarray, reach: np.ndarray) -> np.ndarray:
    del reach
    return np.ones(len(tops), bool)
