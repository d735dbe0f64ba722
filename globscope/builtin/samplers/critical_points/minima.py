"""Minima: the ends of descents, one for each set between which a straight segment has no barrier."""

import numpy as np
from attrs import define

from globscope.builtin.samplers.critical_points.descents import Descents
from globscope.builtin.samplers.critical_points.paths import Path, insert, missing_samples
from globscope.builtin.samplers.critical_points.record import Record, Steps

# The lower ends nearest to each end with which it is compared.
COMPARED = 3
# Samples of a segment at first: at most so far apart, in units of the box, but so many at least and at most.
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


def distinct(
    record: Record, known: Minima, ends: Minima, *, tolerance: float, step: float, reserve: int
) -> Steps[Minima]:
    """Add ends to the known minima, without those from which a straight segment leads to one without a barrier.

    Known minima keep their numbers, and starts of the ends come after those of before. Where a few samples show no
    barrier, the segment is looked at again with samples at most a step apart, as a path's are.
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
        segments = yield from _segments(record, both, pairs, reserve)
        flat = [segment for segment in segments if _rise(segment.values) <= tolerance]
        for segment in (yield from _fill(record, flat, step, reserve)):
            end, other = segment.ends
            # An end joins one minimum alone: through it, two others would be one in spite of the barrier between them.
            if group[end] == end and _rise(segment.values) <= tolerance:
                record.join(segment.rows)
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


def _segments(record: Record, ends: Minima, pairs: list[tuple[int, int]], reserve: int) -> Steps[list[Path]]:
    """Return the segment between the ends of each pair, with samples; none past the budget."""
    straight = [_straight(ends, pair) for pair in pairs]
    counts = [np.array([_first_samples(segment)]) for segment in straight]
    return (yield from _insert_within_budget(record, straight, counts, reserve))


def _fill(record: Record, segments: list[Path], step: float, reserve: int) -> Steps[list[Path]]:
    """Return segments with samples at most a step apart; none past the budget."""
    counts = [missing_samples(segment, step) for segment in segments]
    return (yield from _insert_within_budget(record, segments, counts, reserve))


def _insert_within_budget(
    record: Record, segments: list[Path], counts: list[np.ndarray], reserve: int
) -> Steps[list[Path]]:
    needed = sum(int(count.sum()) for count in counts)
    if needed and not record.affords(needed, gradients=False, reserve=reserve):
        return []
    return (yield from insert(record, segments, counts))


def _straight(ends: Minima, pair: tuple[int, int]) -> Path:
    rows = list(pair)
    points = ends.points[rows]
    return Path(ends=pair, rows=ends.rows[rows], points=points, values=ends.values[rows], slopes=np.zeros_like(points))


def _first_samples(segment: Path) -> int:
    return int(np.clip(np.ceil(segment.steps[0] / APART - ROUNDING), FEWEST, MOST))


def _rise(values: np.ndarray) -> float:
    """Return how far a segment rises again when it is followed from its higher end."""
    down = values if values[0] >= values[-1] else values[::-1]
    return float((down - np.minimum.accumulate(down)).max())
