"""Paths between two runs that lead through other runs: one known path after another."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np

from globscope.values.known_path import KnownPath

Pair = tuple[int, int]


def chained_paths(
    runs: Sequence[str], paths: Mapping[Pair, KnownPath], costs: Mapping[Pair, float]
) -> Iterator[KnownPath]:
    """Yield a chain for every two runs that other runs join on a lower way than any path of their own.

    Paths that lead from network to network meet in the networks, so one after another they are a path, and it is as
    high as the highest of them. The lowest chain between every two is found by the algorithm of Floyd and Warshall,
    with the highest part in place of the sum (Hu, "The maximum capacity route problem", Operations Research 9, 1961).

    Args:
        runs: Names of the runs.
        paths: The lowest path of two runs' own, by the runs' places in order.
        costs: How high each of these is, lower values being better.
    """
    lowest = np.full((len(runs), len(runs)), np.inf)
    for (one, other), cost in costs.items():
        lowest[one, other] = lowest[other, one] = cost
    through = np.full(lowest.shape, -1)
    for middle in range(len(runs)):
        way = np.maximum(lowest[:, middle, None], lowest[None, middle])
        lower = way < lowest
        lowest[lower], through[lower] = way[lower], middle
    for one, other in np.argwhere(np.triu(through >= 0, 1)).tolist():
        stops = [one, *_stops(through, one, other), other]
        steps = [(min(step), max(step)) for step in pairwise(stops)]
        highest = paths[max(steps, key=lambda step: costs[step])]
        yield _chain([runs[stop] for stop in stops], [paths[step] for step in steps], highest.worst)


def _stops(through: np.ndarray, one: int, other: int) -> list[int]:
    """Return the runs between two on the lowest chain, in order."""
    middle = int(through[one, other])
    if middle < 0:
        return []
    return [*_stops(through, one, middle), middle, *_stops(through, middle, other)]


def _chain(runs: Sequence[str], parts: Sequence[KnownPath], worst: float) -> KnownPath:
    """Return paths one after another, through runs in order, as one."""
    maps, counts = {part.map for part in parts}, [part.networks for part in parts]
    sources = " and ".join(dict.fromkeys(part.found_by for part in parts))
    return KnownPath(
        one=runs[0],
        other=runs[-1],
        field=parts[0].field,
        worst=worst,
        found_by=f"through {', '.join(runs[1:-1])}: {sources}",
        map=maps.pop() if len(maps) == 1 else "",
        networks=None if None in counts else sum(count or 0 for count in counts),
        ends=max(part.ends or 0.0 for part in parts),
    )
