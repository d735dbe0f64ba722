"""Which minima are joined by strings, and which passes make the tree."""

from collections.abc import Collection, Mapping

import numpy as np

Pair = tuple[int, int]
# The longest way through a third point, as a multiple of the straight one.
FARTHEST = 1.5


def distances(points: np.ndarray) -> np.ndarray:
    """Return the (m, m) distances between points."""
    apart: np.ndarray = np.linalg.norm(points[:, None] - points[None], axis=2)
    return apart


def spanning(count: int, heights: Mapping[Pair, float]) -> list[Pair]:
    """Return the pairs of a minimum spanning forest by rising height, the passes of the tree (Kruskal's rule)."""
    group, kept = list(range(count)), []
    for pair in sorted(heights, key=lambda pair: (heights[pair], pair)):
        one, other = (group[number] for number in pair)
        if one != other and np.isfinite(heights[pair]):
            group = [one if number == other else number for number in group]
            kept.append(pair)
    return kept


def minimax(count: int, heights: Mapping[Pair, float]) -> np.ndarray:
    """Return the (m, m) lowest heights at which chains of passes join minima; infinite where none does."""
    lowest = np.full((count, count), np.inf)
    np.fill_diagonal(lowest, -np.inf)
    for (one, other), height in heights.items():
        lowest[one, other] = lowest[other, one] = min(height, lowest[one, other])
    for through in range(count):
        lowest = np.minimum(lowest, np.maximum(lowest[:, through, None], lowest[None, through]))
    return lowest


def first_pairs(points: np.ndarray, neighbours: int, every: Collection[int]) -> list[Pair]:
    """Return the pairs of a Euclidean minimum spanning tree, of nearest neighbours, and all of some minima."""
    apart, count = distances(points), len(points)
    near = {(i, j): float(apart[i, j]) for i in range(count) for j in range(i + 1, count)}
    chosen = set(spanning(count, near))
    for i in range(count):
        chosen.update(_pair(i, int(j)) for j in np.argsort(apart[i], kind="stable")[1 : 1 + neighbours])
    chosen.update(_pair(i, j) for i in every for j in every if i < j)
    return sorted(chosen)


def bridges(points: np.ndarray, joined: Collection[Pair]) -> list[Pair]:
    """Return the pairs whose straight segments would join what joined pairs leave apart, of least length in all."""
    apart, count = distances(points), len(points)
    lengths = {(i, j): 1 + float(apart[i, j]) for i in range(count) for j in range(i + 1, count)}
    kept = spanning(count, lengths | dict.fromkeys(joined, 0.0))
    return [pair for pair in kept if pair not in joined]


def detour(points: np.ndarray, pair: Pair, tried: Collection[Pair]) -> int | None:
    """Return the point through which the way between two others is least longer; None if far longer.

    A point is left out where both pairs that it makes with the two were tried.
    """
    apart = distances(points)
    lengths = apart[pair[0]] + apart[pair[1]]
    closed = [third for third in range(len(points)) if all(_pair(third, end) in tried for end in pair)]
    lengths[[*pair, *closed]] = np.inf
    third = int(lengths.argmin())
    return third if lengths[third] <= FARTHEST * apart[pair] else None


def crossing_pair(pass_: Pair, tree: Collection[Pair], points: np.ndarray, tried: Collection[Pair]) -> Pair | None:
    """Return the nearest pair of minima on both sides of a pass of the tree that was not tried; None if all were."""
    count, rest = len(points), {pair: 0.0 for pair in tree if pair != pass_}
    joined = minimax(count, rest) <= 0
    sides = joined[pass_[0]], joined[pass_[1]]
    apart = distances(points)
    open_pairs = [
        (apart[i, j], _pair(int(i), int(j)))
        for i in np.flatnonzero(sides[0])
        for j in np.flatnonzero(sides[1])
        if _pair(int(i), int(j)) not in tried
    ]
    return min(open_pairs)[1] if open_pairs else None


def persistences(values: np.ndarray, heights: Mapping[Pair, float]) -> dict[Pair, float]:
    """Return how far each pass of the tree lies above the higher of the two lowest minima that it joins."""
    group, found = list(range(len(values))), {}
    lowest = list(values)
    for pair in spanning(len(values), heights):
        one, other = (group[number] for number in pair)
        found[pair] = float(heights[pair] - max(lowest[one], lowest[other]))
        lowest[one] = min(lowest[one], lowest[other])
        group = [one if number == other else number for number in group]
    return found


def _pair(one: int, other: int) -> Pair:
    return (one, other) if one < other else (other, one)
