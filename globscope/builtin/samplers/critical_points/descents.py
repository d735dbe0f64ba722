"""Many descents at once, each by quasi-Newton steps that never rise."""

import numpy as np
from attrs import define, field

from globscope.builtin.samplers.critical_points.past_steps import LONGEST, PastSteps
from globscope.builtin.samplers.critical_points.record import Measured, Record, Steps
from globscope.builtin.samplers.critical_points.tracks import join_tracks
from globscope.builtin.samplers.critical_points.trials import Trials

# A descent ends after so many steps that gain little, or so many shortened steps in a row.
IDLE, SHORTENED = 3, 7
# What is left of a step that led no lower.
SHORTER = 0.35
LONGEST_DESCENT = 400


@define(frozen=True, kw_only=True)
class Effort:
    """How far descents go.

    Attributes:
        gain: A descent ends when its steps gain less than this.
        step: Largest distance between samples on a way that matters.
        reserve: Evaluations that are left for what follows.
    """

    gain: float
    step: float
    reserve: int


@define
class Descents:
    """Positions of n descents, and what their next steps follow from.

    Attributes:
        rows: (n,) samples where they are.
        points: (n, d) where they are.
        values: (n,) field there.
        slopes: (n, d) gradients there.
        follows: (n,) number of the descent that each goes on as; its own where it goes on by itself.
        going: (n,) which still move.
        shares: (n,) shares of their next steps that are tried.
        idle: (n,) how many steps in a row gained little.
        shortened: (n,) how many steps in a row led no lower.
        past: Their last steps, from which the curvature is estimated.
    """

    rows: np.ndarray
    points: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    follows: np.ndarray
    going: np.ndarray
    shares: np.ndarray
    idle: np.ndarray
    shortened: np.ndarray
    past: PastSteps = field(factory=PastSteps)

    @classmethod
    def of(cls, first: Measured) -> "Descents":
        """Return descents that start at measured points; one whose field is not finite never moves."""
        count = len(first.rows)
        return cls(
            rows=first.rows.copy(),
            points=first.points.copy(),
            values=first.values.copy(),
            slopes=first.slopes.copy(),
            follows=np.arange(count),
            going=np.isfinite(first.values),
            shares=np.ones(count),
            idle=np.zeros(count, int),
            shortened=np.zeros(count, int),
        )

    def at(self, which: np.ndarray) -> Measured:
        """Return where some descents are."""
        return Measured(
            rows=self.rows[which], points=self.points[which], values=self.values[which], slopes=self.slopes[which]
        )

    def step(
        self, which: np.ndarray, measured: Measured, expected: np.ndarray, gain: float
    ) -> tuple[np.ndarray, Measured]:
        """Take those trial points that are lower, and return the descents that moved, with what was measured there."""
        gains = self.values[which] - measured.values
        lower = gains > 0
        little = np.where(lower, np.maximum(gains, 0), self.shares[which] * expected) < gain
        self.idle[which] = np.where(little, self.idle[which] + 1, 0)
        self.shortened[which] = np.where(lower, 0, self.shortened[which] + 1)
        self.shares[which] = np.where(lower, 1.0, self.shares[which] * SHORTER)
        self.going[which] = (self.idle[which] < IDLE) & (self.shortened[which] < SHORTENED)
        taken = Measured(
            rows=measured.rows[lower],
            points=measured.points[lower],
            values=measured.values[lower],
            slopes=measured.slopes[lower],
        )
        self._move(which[lower], taken)
        return which[lower], taken

    def _move(self, which: np.ndarray, measured: Measured) -> None:
        """Move some descents to their trial points, and remember how their slopes turned."""
        move, turn = np.zeros_like(self.points), np.zeros_like(self.points)
        move[which] = measured.points - self.points[which]
        turn[which] = measured.slopes - self.slopes[which]
        self.past.add(move, turn)
        self.rows[which], self.points[which] = measured.rows, measured.points
        self.values[which], self.slopes[which] = measured.values, measured.slopes


def descend(record: Record, starts: np.ndarray, important: int, effort: Effort) -> Steps[Descents]:
    """Return the ends of descents from (n, d) points.

    Every trial point is a neighbour of the point from which it was tried, and only a lower one is moved to: so along
    its edges every sample leads down to the end of its descent. On the ways down from the first starts, so many as are
    important, there are samples between those that are more than a step apart: they show a wall that was jumped over.
    """
    first = yield from record.measure(starts, gradients=True)
    descents, tracks, trials = Descents.of(first), [(np.arange(len(starts)), first)], Trials(effort.step)
    for _ in range(LONGEST_DESCENT):
        here = descents.at(np.arange(len(starts)))
        join_tracks(record, here, descents.follows, descents.going, tracks, gain=effort.gain, step=effort.step)
        which = np.flatnonzero(descents.going)
        between = trials.between + len(which) * int(LONGEST / effort.step)
        if not len(which) or not record.affords(len(which), gradients=True, reserve=effort.reserve + between):
            break
        directions = descents.past.directions(descents.points, descents.slopes, record.bounds)[which]
        points = descents.points[which] + descents.shares[which, None] * directions
        measured = yield from record.measure(points, gradients=True)
        trials.add(which, descents.at(which), measured)
        expected = -(descents.slopes[which] * directions).sum(axis=1) / 2
        tracks.append(descents.step(which, measured, expected, effort.gain))
    yield from trials.join(record, _on_ways(descents, important))
    return descents


def _on_ways(descents: Descents, important: int) -> np.ndarray:
    """Return (n,) whether a descent is one of the first ones, or one as which one of these goes on."""
    on_way = np.arange(len(descents.rows)) < important
    while not np.array_equal(further := on_way | np.isin(np.arange(len(on_way)), descents.follows[on_way]), on_way):
        on_way = further
    return on_way
