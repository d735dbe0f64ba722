"""Every two networks, merged: the line between them, and every recipe."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from attrs import define, field

from globscope.api import Bench, Field, barrier
from globscope.builtin.analyses.merging.merges import UNIFORM, Merged, Recipes, measure_mixtures, merge_all_ways
from globscope.builtin.analyses.merging.networks import Mergeable

# What a merged pair is compared with.
BETTER, AVERAGE = "the better one", "their average"


@define(frozen=True, kw_only=True)
class MergedPair:
    """Two networks, and what was made of them.

    Attributes:
        names: Names of the two.
        members: The two, as they are.
        t: (n,) places on the line between them, from 0 to 1.
        line: Fields on the line, (n,) each.
        merges: The merged networks, the mean among them.
    """

    names: tuple[str, str]
    members: Mergeable = field(repr=False)
    t: np.ndarray = field(eq=False, repr=False)
    line: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    merges: tuple[Merged, ...] = field(repr=False)

    def mean_value(self, key: str) -> float:
        """Return a field of the mean of the two."""
        return next(merge.fields[key] for merge in self.merges if merge.method == UNIFORM)

    def best(self, by: Field) -> float:
        """Return the better of the two members' values of a field."""
        values = self.members.fields[by.key]
        return float(values.max() if by.higher_is_better else values.min())

    def gap(self, by: Field) -> float:
        """Return how much worse the mean is than the better of the two, in a field; below 0 where it is better."""
        return gap(by, self.mean_value(by.key), self.members.fields[by.key])

    def than_average(self, by: Field) -> float:
        """Return how much worse the mean is than the two on average, in a field."""
        return float(by.cost(np.array(self.mean_value(by.key))) - by.cost(self.members.fields[by.key]).mean())

    def apart(self, by: Field) -> float:
        """Return the difference of the two in a field."""
        return float(np.ptp(self.members.fields[by.key]))

    def barrier(self, by: Field) -> float:
        """Return the largest excess of a field on the line over the line between its ends, as `scoring.lines` has."""
        return barrier(by.cost(self.line[by.key]), self.t)


def gap(by: Field, merged: float, members: np.ndarray) -> float:
    """Return how much worse a field is than the best of (k,) members; NaN where one is not finite."""
    with np.errstate(invalid="ignore"):
        return float(by.cost(np.array(merged)) - by.cost(members).min())


def merge_pairs(members: Mergeable, recipes: Recipes, points: int, bench: Bench) -> Iterator[MergedPair]:
    """Yield every two of the networks, merged; with an aligner, the worse of the two is aligned to the better."""
    for pair in combinations(range(len(members)), 2):
        two, t = members.take(pair), np.linspace(0, 1, points)
        # Aligned networks are new vectors: those of one pair are let go before the next.
        aligned = two.align_to_best(recipes.aligner, recipes.select, bench)
        merges, line = tuple(merge_all_ways(aligned, recipes, bench)), _line(aligned, t, bench)
        yield MergedPair(names=(two.names[0], two.names[1]), members=two, t=t, line=line, merges=merges)


def gaps_of(pairs: Sequence[MergedPair], by: Field) -> dict[str, np.ndarray]:
    """Return how much worse the means of pairs are, (pairs,) each, than the better one and than the two on average."""
    return {
        BETTER: np.array([pair.gap(by) for pair in pairs]),
        AVERAGE: np.array([pair.than_average(by) for pair in pairs]),
    }


def _line(two: Mergeable, t: np.ndarray, bench: Bench) -> dict[str, np.ndarray]:
    inner = t[1:-1]
    found = measure_mixtures(two.networks, np.column_stack([1 - inner, inner]), bench)
    return {
        name: np.concatenate([two.fields[name][:1], values, two.fields[name][1:]])
        for name, values in found.items()
        if name in two.fields
    }


def pair_matrix(values: Sequence[float] | np.ndarray, count: int) -> np.ndarray:
    """Return the symmetric (count, count) matrix of figures of pairs, with zeros on the diagonal."""
    matrix = np.zeros((count, count))
    matrix[np.triu_indices(count, 1)] = values
    matrix += matrix.T
    return matrix
