"""Minima: the ends of descents, one for each set between which a straight segment has no barrier."""

import numpy as np
from attrs import define

from globscope.builtin.samplers.critical_points.descents import Descents
from globscope.builtin.samplers.critical_points.record import Record, Steps

# The lower ends nearest to each end with which it is compared.
COMPARED = 3
# Samples of a segment: at most so far apart, in units of the box, but so many at least and at most.
APART, FEWEST, MOST = 0.03, 3, 24
# Counts that differ by less are equal: where a study continues elsewhere, the last bits may differ.
ROUNDING = 1e-6


@define(frozen=True, kw_only=True)
class Minima:
    """The minima found so far, the lowest of each set that is joined without a barrier.

    Attributes:
        rows: (m,) samples at the minima.
        points: (m, d) where they are, in units of the box.
        values: (m,) field there.
        of_start: (n,) number of the minimum to which each start led; −1 where the field is not finite.
    """

    rows: np.ndarray
    points: np.ndarray
    values: np.ndarray
    of_start: np.ndarray


def distinct(record: Record, known: Minima, ends: Minima, tolerance: float) -> Steps[Minima]:
    """Add ends to the known minima, without those from which a straight segment leads to one without a barrier.

    Known minima keep their numbers, and starts of the ends come after those of before.
    """
    first, count = len(known.rows), len(known.rows) + len(ends.rows)
    both = Minima(
        rows=np.concatenate([known.rows, ends.rows]),
        points=np.concatenate([known.points, ends.points]),
        values=np.concatenate([known.values, ends.values]),
        of_start=np.concatenate([known.of_start, np.where(ends.of_start >= 0, ends.of_start + first, -1)]),
    )
    group, tried = np.arange(count), set[tuple[int, int]]()
    while pairs := _new_comparisons(both, group, first, tried):
        tried.update(pairs)
        segments = yield from _segments(record, both, pairs)
        for (end, other), (rows, values) in zip(pairs, segments, strict=True):
            # An end joins one minimum alone: through it, two others would be one in spite of the barrier between them.
            if group[end] == end and _rise(values) <= tolerance:
                record.join(rows)
                group[group == end] = group[other]
    kept, numbers = np.unique(group, return_inverse=True)
    of_start = both.of_start.copy()
    of_start[of_start >= 0] = numbers[of_start[of_start >= 0]]
    return Minima(rows=both.rows[kept], points=both.points[kept], values=both.values[kept], of_start=of_start)


def no_minima(dimension: int) -> Minima:
    """Return no minima of a map of so many axes."""
    none = np.empty(0, int)
    return Minima(rows=none, points=np.empty((0, dimension)), values=np.empty(0), of_start=none)


def ends_of(descents: Descents) -> Minima:
    """Return the ends of descents, without those that went on as another, or never began."""
    count = len(descents.rows)
    root = descents.follows.copy()
    while not np.array_equal(deeper := root[root], root):
        root = deeper
    kept = np.flatnonzero((root == np.arange(count)) & np.isfinite(descents.values))
    number = np.full(count, -1)
    number[kept] = np.arange(len(kept))
    return Minima(
        rows=descents.rows[kept],
        points=descents.points[kept],
        values=descents.values[kept],
        of_start=number[root],
    )


def _new_comparisons(ends: Minima, group: np.ndarray, first: int, tried: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return, for each new set's lowest end, the nearest known or lower ones with which it was not compared."""
    order = [number for number in np.lexsort((np.arange(len(group)), ends.values)) if group[number] == number]
    order = sorted(order, key=lambda number: number >= first)
    pairs = []
    for place, upper in enumerate(order):
        if upper >= first:
            lower = np.array(order[:place], int)
            distances = np.linalg.norm(ends.points[lower] - ends.points[upper], axis=1)
            nearest = lower[np.argsort(distances, kind="stable")[:COMPARED]]
            pairs += [(int(upper), int(other)) for other in nearest if (int(upper), int(other)) not in tried]
    return pairs


def _segments(record: Record, ends: Minima, pairs: list[tuple[int, int]]) -> Steps[list[tuple[np.ndarray, np.ndarray]]]:
    """Return the samples and values of the segment between the ends of each pair; infinite ones past the budget."""
    inner = [_between(ends.points[one], ends.points[other]) for one, other in pairs]
    cuts = np.cumsum([0, *map(len, inner)])
    if not record.affords(int(cuts[-1]), gradients=False, reserve=record.cost):
        return [(np.empty(0, int), np.array([0, np.inf, 0]))] * len(pairs)
    measured = yield from record.measure(np.concatenate(inner), gradients=False)
    segments = []
    for pair, start, stop in zip(pairs, cuts[:-1], cuts[1:], strict=True):
        first, last = ([at] for at in pair)
        rows, values = (
            np.concatenate([getattr(ends, name)[first], getattr(measured, name)[start:stop], getattr(ends, name)[last]])
            for name in ("rows", "values")
        )
        segments.append((rows, values))
    return segments


def _rise(values: np.ndarray) -> float:
    """Return how far a segment rises again when it is followed from its higher end."""
    down = values if values[0] >= values[-1] else values[::-1]
    return float((down - np.minimum.accumulate(down)).max())


def _between(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return evenly spaced points strictly between two."""
    count = int(np.clip(np.ceil(np.linalg.norm(other - one) / APART - ROUNDING), FEWEST, MOST))
    shares = np.linspace(0, 1, count + 2)[1:-1, None]
    points: np.ndarray = one + shares * (other - one)
    return points
