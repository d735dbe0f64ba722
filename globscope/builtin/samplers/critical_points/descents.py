"""Many descents at once, each by quasi-Newton steps that never rise."""

import numpy as np
from attrs import define, field

from globscope.builtin.samplers.critical_points.record import Measured, Record, Steps
from globscope.builtin.samplers.critical_points.trials import Trials

# Steps whose differences of gradients are remembered, as L-BFGS does.
MEMORY = 6
# Lengths of a first step and of any step, in units of the box.
FIRST, LONGEST = 0.02, 0.05
# Two descents so near to each other, with slopes less than 60° apart, go on as one.
NEAR, AGREE = 0.01, 0.7
# A descent ends after so many steps that gain little, or so many shortened steps in a row.
IDLE, SHORTENED = 3, 7
# What is left of a step that led no lower.
SHORTER = 0.35
LONGEST_DESCENT = 400
# Points so near to the rim of the box lie on it.
ROUNDING = 1e-12


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
        moves: Last steps, (n, d) each; zero where the slope did not turn upwards along one.
        turns: By how much the slopes changed in these steps, (n, d) each.
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
    moves: list[np.ndarray] = field(factory=list)
    turns: list[np.ndarray] = field(factory=list)

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

    def directions(self, bounds: np.ndarray) -> np.ndarray:
        """Return (n, d) directions of descent by L-BFGS's two loops, that do not lead out of the box.

        Source: Nocedal, "Updating quasi-Newton matrices with limited storage", Math. Comput. 35, 1980.
        """
        slopes = inward(self.points, self.slopes, bounds)
        direction, pairs = slopes.copy(), list(zip(self.moves, self.turns, strict=True))
        weights = []
        for move, turn in reversed(pairs):
            scale = (move * turn).sum(axis=1)
            weight = np.divide((move * direction).sum(axis=1), scale, out=np.zeros(len(scale)), where=scale > 0)
            direction -= weight[:, None] * turn
            weights.append(weight)
        direction *= self._first_scale()[:, None]
        for (move, turn), weight in zip(pairs, reversed(weights), strict=True):
            scale = (move * turn).sum(axis=1)
            back = np.divide((turn * direction).sum(axis=1), scale, out=np.zeros(len(scale)), where=scale > 0)
            direction += np.where(scale > 0, weight - back, 0.0)[:, None] * move
        # A direction that rises has lost its way: along the slope then.
        rises = (direction * slopes).sum(axis=1) <= 0
        direction[rises] = _of_length(slopes[rises], FIRST)
        direction = inward(self.points, direction, bounds)
        length = np.linalg.norm(direction, axis=1, keepdims=True)
        shortened: np.ndarray = -direction * np.minimum(1.0, LONGEST / np.maximum(length, 1e-300))
        return shortened

    def _first_scale(self) -> np.ndarray:
        """Return what one over the curvature is thought to be, from the newest step that says so."""
        scale: np.ndarray = FIRST / np.maximum(np.linalg.norm(self.slopes, axis=1), 1e-300)
        for move, turn in zip(self.moves, self.turns, strict=True):
            product, square = (move * turn).sum(axis=1), (turn**2).sum(axis=1)
            scale = np.where(product > 0, product / np.maximum(square, 1e-300), scale)
        return scale

    def _move(self, which: np.ndarray, measured: Measured) -> None:
        """Move some descents to their trial points, and remember how their slopes turned."""
        move, turn = np.zeros_like(self.points), np.zeros_like(self.points)
        move[which] = measured.points - self.points[which]
        turn[which] = measured.slopes - self.slopes[which]
        bends_up = ((move * turn).sum(axis=1) > 1e-12 * (turn**2).sum(axis=1))[:, None]
        self.moves = [*self.moves, np.where(bends_up, move, 0)][-MEMORY:]
        self.turns = [*self.turns, np.where(bends_up, turn, 0)][-MEMORY:]
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
        _join_tracks(record, descents, tracks, effort)
        which = np.flatnonzero(descents.going)
        between = trials.between + len(which) * int(LONGEST / effort.step)
        if not len(which) or not record.affords(len(which), gradients=True, reserve=effort.reserve + between):
            break
        directions = descents.directions(record.bounds)[which]
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


def inward(points: np.ndarray, slopes: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Return slopes without what would lead out of the box when followed downwards."""
    leaves = ((points <= bounds[0] + ROUNDING) & (slopes > 0)) | ((points >= bounds[1] - ROUNDING) & (slopes < 0))
    kept: np.ndarray = np.where(leaves, 0.0, slopes)
    return kept


def _join_tracks(record: Record, descents: Descents, tracks: list[tuple[np.ndarray, Measured]], effort: Effort) -> None:
    """End descents that have come upon the track of another one that is no higher there and leads the same way."""
    from scipy.spatial import cKDTree

    owner = np.concatenate([which for which, _ in tracks])
    points, values, slopes, rows = (
        np.concatenate([getattr(part, name) for _, part in tracks]) for name in ("points", "values", "slopes", "rows")
    )
    near = cKDTree(points).query_ball_point(descents.points[descents.going], min(NEAR, effort.step))
    for number, around in zip(np.flatnonzero(descents.going), near, strict=True):
        roots = np.array([_root(descents.follows, owner[at]) for at in around], int)
        lower = (roots != number) & (values[around] < descents.values[number] + effort.gain)
        agree = _agreement(slopes[around], descents.slopes[number], flat=effort.gain / NEAR)
        for at in np.array(around, int)[lower & agree][:1]:
            descents.follows[number], descents.going[number] = owner[at], False
            record.join(np.array([[descents.rows[number], rows[at]]]))


def _root(follows: np.ndarray, number: int) -> int:
    while follows[number] != number:
        number = follows[number]
    return int(number)


def _agreement(slopes: np.ndarray, one: np.ndarray, flat: float) -> np.ndarray:
    """Return which slopes lead the same way as one; flat ones lead nowhere, and so do not disagree."""
    lengths, length = np.linalg.norm(slopes, axis=1), np.linalg.norm(one)
    agree: np.ndarray = (slopes @ one > AGREE * lengths * length) | (lengths < flat) | (length < flat)
    return agree


def _of_length(vectors: np.ndarray, length: float) -> np.ndarray:
    scaled: np.ndarray = vectors * (length / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-300))
    return scaled
