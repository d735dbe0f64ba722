"""Paths between minima: sampled finely, replaced in part by a closer look, and searched for dips."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import define, evolve

from globscope.builtin.samplers.critical_points.record import Record, Steps

ALONG = ("rows", "points", "values", "slopes")
# How often the surroundings of a path's highest sample are halved.
HALVINGS = 2
# Distances that differ by less are equal: where a study continues elsewhere, the last bits may differ.
ROUNDING = 1e-6


@define(frozen=True, kw_only=True)
class Path:
    """A polyline between two minima through measured points.

    Attributes:
        ends: Numbers of the two minima, or of those between which it is a part of a path.
        rows: (k,) samples along it.
        points: (k, d) where they are, in units of the box.
        values: (k,) field there.
        slopes: (k, d) gradients there; zero where they are not known.
        is_converged: Whether its string ended because it gained nothing more.
    """

    ends: tuple[int, int]
    rows: np.ndarray
    points: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    is_converged: bool = False

    @property
    def top(self) -> float:
        """The highest value of its samples."""
        return float(self.values.max())

    @property
    def steps(self) -> np.ndarray:
        """(k − 1,) distances between consecutive samples."""
        apart: np.ndarray = np.linalg.norm(np.diff(self.points, axis=0), axis=1)
        return apart

    @property
    def excess(self) -> float:
        """How far the highest sample lies above the highest image of the string."""
        images = self.values[(self.slopes != 0).any(axis=1)]
        return self.top - float(images.max()) if len(images) else 0.0

    @property
    def tangent(self) -> np.ndarray:
        """(d,) direction from the sample before the highest one to the one after it, of length one."""
        at = int(self.values.argmax())
        chord = self.points[min(at + 1, len(self.rows) - 1)] - self.points[max(at - 1, 0)]
        direction: np.ndarray = chord / max(float(np.linalg.norm(chord)), 1e-300)
        return direction

    def part(self, start: int, stop: int) -> "Path":
        """Return consecutive samples of it, whose string has not begun."""
        return Path(ends=self.ends, **{name: getattr(self, name)[start:stop] for name in ALONG})

    def reverse(self) -> "Path":
        """Return it from its other end."""
        return evolve(self, ends=self.ends[::-1], **{name: getattr(self, name)[::-1] for name in ALONG})

    def join(self, other: "Path", ends: tuple[int, int]) -> "Path":
        """Return it with another one behind it, as a path between two minima whose string has not begun."""
        pieces: dict[str, Any] = {name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in ALONG}
        return Path(ends=ends, **pieces)

    def around_top(self, images: int) -> tuple[int, int]:
        """Return where a part begins and ends that holds the highest sample and so many images on each side of it."""
        highest = int(self.values.argmax())
        known = (self.slopes != 0).any(axis=1)
        known[[0, -1]] = True
        before, after = np.flatnonzero(known[:highest]), highest + 1 + np.flatnonzero(known[highest + 1 :])
        start = int(before[-min(images, len(before))]) if len(before) else 0
        stop = int(after[min(images, len(after)) - 1]) if len(after) else len(known) - 1
        return start, stop + 1

    def replace(self, start: int, stop: int, part: "Path") -> "Path":
        """Return the path with other samples from `start` to `stop`; it has converged if both strings have."""
        pieces = {
            name: np.concatenate([getattr(self, name)[:start], getattr(part, name), getattr(self, name)[stop:]])
            for name in ALONG
        }
        return Path(ends=self.ends, is_converged=self.is_converged and part.is_converged, **pieces)


def sample_finely(record: Record, paths: Sequence[Path], step: float) -> Steps[list[Path]]:
    """Return paths with samples between theirs, nowhere farther apart than a step, and closer around the highest."""
    paths = yield from insert(record, paths, [missing_samples(path, step) for path in paths])
    for halving in range(HALVINGS):
        paths = yield from insert(record, paths, [_beside_top(path, step / 2 ** (halving + 1)) for path in paths])
    return paths


def samples_needed(path: Path, step: float) -> int:
    """Return how many samples `sample_finely` adds to a path at most."""
    return int(missing_samples(path, step).sum()) + 2 * HALVINGS


def dips(path: Path, depth: float) -> list[int]:
    """Return where a path's inner samples lie lowest between two that are higher by a depth, before any lower one."""
    values = path.values
    lows = [at for at in range(1, len(values) - 1) if values[at] <= min(values[at - 1], values[at + 1])]
    inner = [at for at in lows if np.isfinite(values[at])]
    return [at for at in inner if _rise(values[at:]) >= depth and _rise(values[at::-1]) >= depth]


def _rise(values: np.ndarray) -> float:
    """Return how far values rise above the first before they fall below it."""
    below = np.flatnonzero(values < values[0])
    stop = int(below[0]) if len(below) else len(values)
    return float(values[:stop].max() - values[0])


def missing_samples(path: Path, step: float) -> np.ndarray:
    """Return how many samples each segment of a path lacks, (k − 1,), for none to be farther apart than a step."""
    needed: np.ndarray = np.maximum(np.ceil(path.steps / step - ROUNDING).astype(int) - 1, 0)
    return needed


def _beside_top(path: Path, step: float) -> np.ndarray:
    at, counts = int(path.values.argmax()), np.zeros(len(path.rows) - 1, int)
    beside = [segment for segment in (at - 1, at) if 0 <= segment < len(counts)]
    counts[beside] = path.steps[beside] > step * (1 + ROUNDING)
    return counts


def insert(record: Record, paths: Sequence[Path], counts: Sequence[np.ndarray]) -> Steps[list[Path]]:
    """Measure so many evenly spaced points within each segment of each path, all in one round."""
    if not any(count.any() for count in counts):
        return list(paths)
    between = [_within(path.points, count) for path, count in zip(paths, counts, strict=True)]
    measured = yield from record.measure(np.concatenate(between), gradients=False)
    cuts = np.cumsum([0, *map(len, between)])
    longer = []
    for path, count, start, stop in zip(paths, counts, cuts[:-1], cuts[1:], strict=True):
        places = np.repeat(np.arange(1, len(count) + 1), count)
        pieces = {
            name: np.insert(getattr(path, name), places, getattr(measured, name)[start:stop], axis=0) for name in ALONG
        }
        longer.append(evolve(path, **pieces))
    return longer


def _within(points: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return evenly spaced points strictly within segments of a polyline, so many in each."""
    segment = np.repeat(np.arange(len(counts)), counts)
    number = np.concatenate([np.empty(0), *(np.arange(1, count + 1) for count in counts)])
    share = (number / (counts[segment] + 1))[:, None]
    within: np.ndarray = points[segment] + share * (points[segment + 1] - points[segment])
    return within
