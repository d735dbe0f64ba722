"""Strings: curves between fixed ends that sink across their tangents until their highest point is a pass.

Source: E, Ren, Vanden-Eijnden, "Simplified and improved string method", J. Chem. Phys. 126, 2007; the climbing image is
from Henkelman, Uberuaga, Jónsson, "A climbing image nudged elastic band method", J. Chem. Phys. 113, 2000.
"""

from collections.abc import Callable, Sequence

import numpy as np
from attrs import define, evolve, field

from globscope.builtin.samplers.critical_points.curves import lengths, profile, respace, tangents
from globscope.builtin.samplers.critical_points.paths import Path
from globscope.builtin.samplers.critical_points.record import Measured, Record, Steps

# A first step as a share of the distance between images, and what is left of it where a string has converged.
FIRST, LAST = 0.5, 0.03
# Weights of what went before in the means of forces and of their squares.
MOMENTUM, SQUARES = 0.4, 0.8
# Steps are halved after so many without a lower top.
PATIENCE = 2
# Iterations over which the gain is looked at; also those before the highest image climbs.
WINDOW = 4
# What may still be gained, in what is to be expected; and the slowest decline of gains that is taken for one.
HOPE, SLOWEST = 2, 0.8

# Given (s,) tops of strings and what these may still reach, which of the strings still matter.
Matters = Callable[[np.ndarray, np.ndarray], np.ndarray]


def relax(
    record: Record,
    starts: Sequence[Path],
    curves: np.ndarray,
    *,
    gain: float,
    matters: Matters,
    most: int,
    reserve: int,
) -> Steps[list[Path]]:
    """Return the best path that each string came to; all strings move in the same rounds.

    Args:
        record: Receives what is measured.
        starts: For each string, a path whose first and last sample are its fixed ends.
        curves: (s, k, d) where the strings start.
        gain: A string has converged once its top sinks by less, and its highest image would move to gain less.
        matters: Which strings are moved on.
        most: Largest number of iterations.
        reserve: Evaluations that are left for what follows.
    """
    strings = Strings.of(starts, curves)
    for turn in range(most):
        which = np.flatnonzero(strings.going)
        if not len(which) or not record.affords(len(which) * strings.images, gradients=True, reserve=reserve):
            break
        inner = strings.curves[which, 1:-1]
        measured = yield from record.measure(inner.reshape(-1, inner.shape[2]), gradients=True)
        strings.take(which, measured, gain)
        strings.move(which, turn, record.bounds)
        strings.end(turn, gain, matters)
    return strings.best


@define
class Strings:
    """Strings that move together.

    Attributes:
        best: The best path of each so far.
        curves: (s, k, d) where they are.
        values: (s, k) field there.
        slopes: (s, k, d) gradients there; zero at the ends.
        rates: (s,) longest steps, in units of the box.
        shortest: (s,) rates at which a string has converged.
        going: (s,) which of them still move.
        stale: (s,) iterations since a top was lower or a rate was halved.
        push: (s,) force across the string at its highest image.
        force: (s, k − 2, d) running means of forces.
        square: (s, k − 2) running means of their squares.
        history: (s,) tops of the best paths after each iteration.
    """

    best: list[Path]
    curves: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    rates: np.ndarray
    shortest: np.ndarray
    going: np.ndarray
    stale: np.ndarray
    push: np.ndarray
    force: np.ndarray
    square: np.ndarray
    history: list[np.ndarray] = field(factory=list)

    @classmethod
    def of(cls, starts: Sequence[Path], curves: np.ndarray) -> "Strings":
        """Return strings that start as curves between the ends of paths."""
        count, points, axes = curves.shape
        values = np.full((count, points), np.inf)
        values[:, 0], values[:, -1] = ([path.values[at] for path in starts] for at in (0, -1))
        rates = FIRST * lengths(curves)[:, -1] / (points - 1)
        return cls(
            best=list(starts),
            curves=curves.copy(),
            values=values,
            slopes=np.zeros(curves.shape),
            rates=rates,
            shortest=LAST * rates,
            going=np.ones(count, bool),
            stale=np.zeros(count, int),
            push=np.zeros(count),
            force=np.zeros((count, points - 2, axes)),
            square=np.zeros((count, points - 2)),
        )

    @property
    def images(self) -> int:
        """How many points of a string move."""
        return int(self.curves.shape[1] - 2)

    def take(self, which: np.ndarray, measured: Measured, gain: float) -> None:
        """Take what was measured at the inner points, keep paths that are the best so far, and shorten stale steps."""
        shape = (len(which), self.images)
        self.curves[which, 1:-1] = measured.points.reshape(*shape, -1)
        self.slopes[which, 1:-1] = measured.slopes.reshape(*shape, -1)
        self.values[which, 1:-1] = measured.values.reshape(shape)
        before = self.history[-1] if self.history else np.full(len(self.best), np.inf)
        tops = before.copy()
        tops[which] = profile(self.curves[which], self.values[which], self.slopes[which]).max(axis=1)
        for rows, string in zip(measured.rows.reshape(shape), which, strict=True):
            if tops[string] < before[string]:
                self.best[string] = self._path(string, rows)
        self.history.append(np.minimum(before, tops))
        self.stale = np.where(tops < before - gain / 10, 0, self.stale + 1)
        self.rates = np.where(self.stale >= PATIENCE, self.rates / 2, self.rates)
        self.stale[self.stale >= PATIENCE] = 0

    def move(self, which: np.ndarray, turn: int, bounds: np.ndarray) -> None:
        """Move inner points along the forces across the string, and space them anew."""
        force, pinned = self._forces(which, climbs=turn >= WINDOW)
        self.force[which] = MOMENTUM * self.force[which] + (1 - MOMENTUM) * force
        self.square[which] = SQUARES * self.square[which] + (1 - SQUARES) * (force**2).sum(axis=2)
        mean = self.force[which] / (1 - MOMENTUM ** (turn + 1))
        size = np.sqrt(self.square[which] / (1 - SQUARES ** (turn + 1)))[..., None]
        moved = self.curves[which].copy()
        moved[:, 1:-1] += self.rates[which, None, None] * mean / np.maximum(size, 1e-300)
        moved[:, 1:-1] = np.clip(moved[:, 1:-1], *bounds)
        self.curves[which] = respace(moved, pinned)

    def end(self, turn: int, gain: float, matters: Matters) -> None:
        """End strings that have converged, and those that no longer matter."""
        best = self.history[-1]
        recent = _sunk(self.history[max(0, turn - WINDOW)], best)
        converged = self.rates < self.shortest
        if turn >= WINDOW:
            converged |= (recent < gain) & (self.push * self.rates < gain)
        for string in np.flatnonzero(converged & self.going):
            self.best[string] = evolve(self.best[string], is_converged=True)
        self.going &= ~converged
        if turn >= WINDOW:
            self.going &= matters(best, self._reach())

    def _reach(self) -> np.ndarray:
        """Return how low the tops may come if gains go on shrinking as in the last iterations; infinite ones stay."""
        tops, half = self.history, WINDOW // 2
        before, now = _sunk(tops[-1 - 2 * half], tops[-1 - half]), _sunk(tops[-1 - half], tops[-1])
        known = np.isfinite(before) & (before > 0)
        ratio = np.minimum(np.divide(now, before, out=np.full(len(now), SLOWEST), where=known), SLOWEST)
        gain = HOPE * now * ratio / (1 - ratio)
        reach: np.ndarray = np.subtract(tops[-1], gain, out=np.full(len(now), np.inf), where=np.isfinite(tops[-1]))
        return reach

    def _forces(self, which: np.ndarray, *, climbs: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return forces on the inner points, and the numbers of points that keep their place along the string."""
        rows, values = np.arange(len(which)), self.values[which]
        along = tangents(self.curves[which], values)
        down = -self.slopes[which, 1:-1]
        parallel = (down * along).sum(axis=2, keepdims=True) * along
        force = down - parallel
        highest = values[:, 1:-1].argmax(axis=1)
        self.push[which] = np.linalg.norm(force[rows, highest], axis=1)
        if not climbs:
            return force, np.zeros(len(which), int)
        force[rows, highest] -= parallel[rows, highest]
        return force, highest + 1

    def _path(self, string: int, rows: np.ndarray) -> Path:
        old = self.best[string]
        return evolve(
            old,
            rows=np.array([old.rows[0], *rows, old.rows[-1]]),
            points=self.curves[string].copy(),
            values=self.values[string].copy(),
            slopes=self.slopes[string].copy(),
        )


def _sunk(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return by how much tops have sunk; infinite for those that are still infinite."""
    sunk: np.ndarray = np.subtract(before, after, out=np.full(len(after), np.inf), where=np.isfinite(after))
    return sunk
