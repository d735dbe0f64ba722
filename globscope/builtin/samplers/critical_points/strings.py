"""Strings: curves between fixed ends that sink across their tangents until their highest point is a pass.

Source: E, Ren, Vanden-Eijnden, "Simplified and improved string method", J. Chem. Phys. 126, 2007; the climbing image is
from Henkelman, Uberuaga, Jónsson, "A climbing image nudged elastic band method", J. Chem. Phys. 113, 2000.
"""

from collections.abc import Callable, Sequence

import numpy as np
from attrs import define, evolve

from globscope.builtin.samplers.critical_points.curves import lengths, profile, respace, tangents
from globscope.builtin.samplers.critical_points.paths import Path
from globscope.builtin.samplers.critical_points.progress import WINDOW, Progress
from globscope.builtin.samplers.critical_points.record import Measured, Record, Steps

# Weights of what went before in the means of forces and of their squares.
MOMENTUM, SQUARES = 0.4, 0.8

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
        going: (s,) which of them still move.
        push: (s,) force across the string at its highest image.
        force: (s, k − 2, d) running means of forces.
        square: (s, k − 2) running means of their squares.
        progress: How far they have sunk.
    """

    best: list[Path]
    curves: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    going: np.ndarray
    push: np.ndarray
    force: np.ndarray
    square: np.ndarray
    progress: Progress

    @classmethod
    def of(cls, starts: Sequence[Path], curves: np.ndarray) -> "Strings":
        """Return strings that start as curves between the ends of paths."""
        count, points, axes = curves.shape
        values = np.full((count, points), np.inf)
        values[:, 0], values[:, -1] = ([path.values[at] for path in starts] for at in (0, -1))
        return cls(
            best=list(starts),
            curves=curves.copy(),
            values=values,
            slopes=np.zeros(curves.shape),
            going=np.ones(count, bool),
            push=np.zeros(count),
            force=np.zeros((count, points - 2, axes)),
            square=np.zeros((count, points - 2)),
            progress=Progress.of(lengths(curves)[:, -1] / (points - 1)),
        )

    @property
    def images(self) -> int:
        """How many points of a string move."""
        return int(self.curves.shape[1] - 2)

    def take(self, which: np.ndarray, measured: Measured, gain: float) -> None:
        """Take what was measured at the inner points, and keep the paths that are the best so far."""
        shape = (len(which), self.images)
        self.curves[which, 1:-1] = measured.points.reshape(*shape, -1)
        self.slopes[which, 1:-1] = measured.slopes.reshape(*shape, -1)
        self.values[which, 1:-1] = measured.values.reshape(shape)
        before = self.progress.best
        tops = before.copy()
        tops[which] = profile(self.curves[which], self.values[which], self.slopes[which]).max(axis=1)
        for rows, string in zip(measured.rows.reshape(shape), which, strict=True):
            if tops[string] < before[string]:
                self.best[string] = self._path(string, rows)
        self.progress.note(tops, gain)

    def move(self, which: np.ndarray, turn: int, bounds: np.ndarray) -> None:
        """Move inner points along the forces across the string, and space them anew."""
        force, pinned = self._forces(which, climbs=turn >= WINDOW)
        self.force[which] = MOMENTUM * self.force[which] + (1 - MOMENTUM) * force
        self.square[which] = SQUARES * self.square[which] + (1 - SQUARES) * (force**2).sum(axis=2)
        mean = self.force[which] / (1 - MOMENTUM ** (turn + 1))
        size = np.sqrt(self.square[which] / (1 - SQUARES ** (turn + 1)))[..., None]
        moved = self.curves[which].copy()
        moved[:, 1:-1] += self.progress.rates[which, None, None] * mean / np.maximum(size, 1e-300)
        moved[:, 1:-1] = np.clip(moved[:, 1:-1], *bounds)
        self.curves[which] = respace(moved, pinned)

    def end(self, turn: int, gain: float, matters: Matters) -> None:
        """End strings that have converged, and those that no longer matter."""
        converged = self.progress.have_converged(turn, self.push, gain)
        for string in np.flatnonzero(converged & self.going):
            self.best[string] = evolve(self.best[string], is_converged=True)
        self.going &= ~converged
        if turn >= WINDOW:
            self.going &= matters(self.progress.best, self.progress.reach)

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
