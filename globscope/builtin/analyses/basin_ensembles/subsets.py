"""Ensembles of networks from several basins and from one, and how much better they are than their members."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import comb

import numpy as np
from attrs import define

from globscope.builtin.analyses.basin_ensembles.predictions import Predictions

ACROSS, WITHIN = "one network a basin", "one basin"


@define(frozen=True, kw_only=True)
class Ensemble:
    """Some networks whose predictions are averaged.

    Attributes:
        kind: Whether they are of as many basins as networks, or of one.
        basins: Numbers of the basins that they are from.
        runs: How many training runs they are from.
        size: How many networks there are.
        loss: Loss of the averaged probabilities.
        accuracy: Accuracy of the averaged probabilities.
        members_loss: Mean of the networks' own losses, on the same examples.
    """

    kind: str
    basins: frozenset[int]
    runs: int
    size: int
    loss: float
    accuracy: float
    members_loss: float

    @property
    def gain(self) -> float:
        """How much lower its loss is than the mean of its members' losses."""
        with np.errstate(invalid="ignore"):
            return float(np.subtract(self.members_loss, self.loss))


def ensembles(found: Predictions, sizes: Sequence[int], most: int, rng: np.random.Generator) -> list[Ensemble]:
    """Return ensembles of both kinds and of several sizes.

    Args:
        found: Predictions of the networks.
        sizes: Numbers of networks.
        most: The most ensembles of a size across basins, and the most of one basin.
        rng: Draws networks.
    """
    groups: dict[int, list[int]] = {}
    for row, basin in enumerate(found.basins):
        groups.setdefault(basin, []).append(row)
    own = [found.of([row])[0] for row in range(len(found.basins))]
    kinds = {ACROSS: _across, WITHIN: _within}
    return [
        _ensemble(kind, rows, found, own)
        for size in sizes
        for kind, choose in kinds.items()
        for rows in choose(groups, size, most, rng)
    ]


def _ensemble(kind: str, rows: Sequence[int], found: Predictions, own: Sequence[float]) -> Ensemble:
    loss, accuracy = found.of(rows)
    return Ensemble(
        kind=kind,
        basins=frozenset(found.basins[row] for row in rows),
        runs=len({found.runs[row] for row in rows}),
        size=len(rows),
        loss=loss,
        accuracy=accuracy,
        members_loss=float(np.mean([own[row] for row in rows])),
    )


def _across(
    groups: Mapping[int, Sequence[int]], size: int, most: int, rng: np.random.Generator
) -> Iterator[tuple[int, ...]]:
    """Yield networks of `size` basins each, of every choice of basins alike often; `most`, or all if they are fewer."""
    names = list(groups)
    if size > len(names):
        return
    total = _choices([len(rows) for rows in groups.values()], size)
    seen = set[tuple[int, ...]]()
    while len(seen) < min(most, total):
        basins = rng.choice(len(names), size, replace=False)
        rows = tuple(sorted(int(rng.choice(groups[names[at]])) for at in basins))
        if rows not in seen:
            seen.add(rows)
            yield rows


def _choices(counts: Sequence[int], size: int) -> int:
    """Return in how many ways `size` groups and one item of each can be chosen: an elementary symmetric polynomial."""
    ways = [1, *[0] * size]
    for count in counts:
        for chosen in range(size, 0, -1):
            ways[chosen] += ways[chosen - 1] * count
    return ways[size]


def _within(
    groups: Mapping[int, Sequence[int]], size: int, most: int, rng: np.random.Generator
) -> Iterator[tuple[int, ...]]:
    """Yield `size` networks of one basin, of each basin `most`, or all where they are fewer."""
    for rows in groups.values():
        if comb(len(rows), size) <= most:
            yield from combinations(rows, size)
        else:
            yield from (tuple(sorted(rng.choice(rows, size, replace=False).tolist())) for _ in range(most))
