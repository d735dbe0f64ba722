"""Minima to which descents lead, from starts and from the dips of paths."""

import numpy as np
from attrs import define, field

from globscope.builtin.samplers.critical_points.descents import Effort, descend
from globscope.builtin.samplers.critical_points.finished_paths import FinishedPaths
from globscope.builtin.samplers.critical_points.minima import Minima, distinct, ends_of
from globscope.builtin.samplers.critical_points.pairs import bridges
from globscope.builtin.samplers.critical_points.paths import Path, dips
from globscope.builtin.samplers.critical_points.record import Steps

# Descents leave one evaluation of so many to the strings.
KEPT = 3
# Steps of a whole descent, as a rule.
DESCENT = 20


@define(kw_only=True)
class DescendedMinima(FinishedPaths):
    """Minima that descents find, and the paths between them.

    Attributes:
        members: How many of the first starts are members.
    """

    members: int
    _dips: set[int] = field(factory=set, init=False)

    def affordable_starts(self, count: int) -> int:
        """Return how many starts leave enough for their descents and for what joins their minima; one at least.

        Members come first. A quasi-random start comes only where the budget pays for whole descents from all.
        """
        cost, joining, left = self.record.cost, self._joining_reserve, self.record.left
        members = min(self.members, count, left // (KEPT * cost + joining))
        if members < min(self.members, count):
            return max(members, int(left >= cost))
        return min(count, max(members, left // (DESCENT * cost + joining), int(left >= cost)))

    @property
    def _joining_reserve(self) -> int:
        """What is left for joining the minimum of a descent: a segment of half the box's diagonal."""
        return int(self.record.diagonal / (2 * self.step))

    def descend_from_starts(self, points: np.ndarray) -> Steps[None]:
        """Find minima from (n, d) starts, members first."""
        yield from self._descend(points, self.members, self._joining_reserve * len(points))

    def _descend(self, points: np.ndarray, important: int, reserve: int) -> Steps[None]:
        """Descend from points, and add those ends that are minima of their own.

        Between the samples on the ways from the first points, so many as are important, no wall is to be missed.
        """
        effort = Effort(gain=self.tolerance / 20, step=self.step, reserve=max(self.record.left // KEPT, reserve))
        ends = ends_of((yield from descend(self.record, points, important, effort)))
        reserve = min(reserve, self._joining_all(ends.points)) + self.record.cost
        self.minima = yield from distinct(
            self.record, self.minima, ends, tolerance=self.tolerance, step=self.step, reserve=reserve
        )

    def _joining_all(self, points: np.ndarray) -> int:
        """Return what straight segments cost that join (n, d) points and all minima, where no paths do."""
        every = np.concatenate([self.minima.points, points])
        ends = [every[list(pair)] for pair in bridges(every, self.paths)]
        return sum(int(np.linalg.norm(one - other) / self.step) for one, other in ends)

    def follow_dips(self) -> Steps[None]:
        """Join dips of finished paths to the minima that they belong to, new ones by descent."""
        paths = [self.paths[pair] for pair in self.wanted if pair in self.finished]
        found = [(path, at) for path in paths for at in dips(path, self.tolerance)]
        fresh = [(path, at) for path, at in found if int(path.rows[at]) not in self._dips]
        if not fresh or not self.record.affords(len(fresh), gradients=True, reserve=self.reserve_with()):
            return
        self._dips.update(int(path.rows[at]) for path, at in fresh)
        rows, points, values = (np.array([getattr(p, n)[at] for p, at in fresh]) for n in ("rows", "points", "values"))
        ends = Minima(rows=rows, points=points, values=values, of_start=np.arange(len(rows)))
        reserve = self.reserve_with()
        joined = yield from distinct(
            self.record, self.minima, ends, tolerance=self.tolerance, step=self.step, reserve=reserve
        )
        left = np.flatnonzero(np.isin(rows, joined.rows[len(self.minima.rows) :]))
        if len(left) and self.record.affords(len(left), gradients=True, reserve=reserve):
            self.record.join(np.stack([rows[left], self.record.count + np.arange(len(left))], axis=1))
            count = len(self.minima.rows)
            yield from self._descend(points[left], len(left), reserve)
            for place, minimum in zip(left.tolist(), self.minima.of_start[-len(left) :].tolist(), strict=True):
                if minimum >= count:
                    self._cut_at_dip(*fresh[place], minimum)

    def _cut_at_dip(self, path: Path, at: int, minimum: int) -> None:
        """Let both parts of a path join its ends to the new minimum to which a descent has led from its dip."""
        for end, part in zip(
            path.ends, (path.part(0, at + 1), path.reverse().part(0, len(path.rows) - at)), strict=True
        ):
            joined = part.join(self.straight((minimum, minimum)).part(0, 1), (end, minimum))
            if (end, minimum) not in self.paths or joined.top < self.paths[end, minimum].top:
                self.paths[end, minimum] = joined
                self.finished.discard((end, minimum))
