"""Sets of networks, and what each recipe makes of all of a set."""

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import define, field

from globscope.api import Bench, Field
from globscope.builtin.analyses.merging.merges import Merged, Recipes, merge_all_ways
from globscope.builtin.analyses.merging.networks import Mergeable
from globscope.builtin.analyses.merging.pairs import gap

ALL = "all"


@define(frozen=True, kw_only=True)
class Soup:
    """A set of networks, and what was made of it.

    Attributes:
        name: What the set is.
        members: Its networks as they are.
        merges: The merged networks.
    """

    name: str
    members: Mergeable = field(repr=False)
    merges: tuple[Merged, ...] = field(repr=False)

    def gap(self, merge: Merged, by: Field) -> float:
        """Return how much worse a merged network is than the best member, in a field; below 0 where it is better."""
        return gap(by, merge.fields[by.key], self.members.fields[by.key])


def sets_of(
    members: Mergeable, basins: np.ndarray | None, lists: Sequence[Sequence[str]]
) -> Iterator[tuple[str, list[int]]]:
    """Yield the name and rows of every set: all networks, those of each basin, and those of given lists.

    Sets of one network are left out, and those with the networks of a set before.
    """
    numbers = [] if basins is None else sorted(set(basins.tolist()) - {-1})
    found = [(ALL, list(range(len(members))))]
    found += [(f"basin {at}", np.flatnonzero(basins == number).tolist()) for at, number in enumerate(numbers, start=1)]
    found += [(" + ".join(names), [members.names.index(name) for name in names]) for names in lists]
    taken = list[list[int]]()
    for name, rows in found:
        if len(rows) > 1 and sorted(rows) not in taken:
            taken.append(sorted(rows))
            yield name, rows


def merge_sets(
    sets: Sequence[tuple[str, list[int]]], members: Mergeable, recipes: Recipes, bench: Bench
) -> Iterator[Soup]:
    """Yield what every recipe makes of each set; with an aligner, all of a set are aligned to its best member."""
    for name, rows in sets:
        own = members.take(rows)
        aligned = own.align_to_best(recipes.aligner, recipes.select, bench)
        yield Soup(name=name, members=own, merges=tuple(merge_all_ways(aligned, recipes, bench)))
