"""The networks that are merged: which they are, where they started, and aligned to one of them."""

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import define, evolve, field

from globscope.api import Atlas, Bench, Field, Population, column_blocks, symmetry

PLACE = "analysis merging"


@define(frozen=True, kw_only=True)
class Mergeable:
    """n networks that are merged, and what is known of them.

    Attributes:
        networks: Weights and members, in the order of their names.
        names: Their names: the run's for a final network, else `variant@step`.
        base: The one network from which all were trained, as a population of one; None where there is none.
        fields: Their own fields, (n,) each.
    """

    networks: Population = field(repr=False)
    names: tuple[str, ...]
    base: Population | None = field(repr=False)
    fields: Mapping[str, np.ndarray] = field(eq=False, repr=False)

    def __len__(self) -> int:
        """Count the networks."""
        return len(self.names)

    @property
    def with_base(self) -> Population:
        """The networks, and after them their base if they have one."""
        return self.networks if self.base is None else self.networks.concatenate(self.base)

    def take(self, rows: Sequence[int]) -> "Mergeable":
        """Return some of the networks, with the same base."""
        return evolve(
            self,
            networks=self.networks.take(rows),
            names=tuple(self.names[row] for row in rows),
            fields={name: values[list(rows)] for name, values in self.fields.items()},
        )

    def order(self, by: Field) -> list[int]:
        """Return the rows by a field, the best first; a value that is not finite is the worst."""
        cost = by.cost(self.fields[by.key])
        return [int(row) for row in np.argsort(np.where(np.isfinite(cost), cost, np.inf), kind="stable")]

    def align_to_best(self, aligner: str | None, by: Field, bench: Bench) -> "Mergeable":
        """Return the networks aligned to the best of them in a field; as they are without an aligner."""
        return self if aligner is None else self.align(aligner, self.order(by)[0], bench)

    def align(self, aligner: str, reference: int, bench: Bench) -> "Mergeable":
        """Return the networks with their units permuted so that they fit those of one of them."""
        others = [row for row in range(len(self)) if row != reference]
        tensors, names = self.networks.tensors, self.names
        all_tensors = {names[row]: tensors(row) for row in (reference, *others)}
        found = bench.align_among(aligner, all_tensors, [(names[reference], names[row]) for row in others])
        orders = dict(zip(others, found, strict=True))
        symmetries, networks = symmetry(bench.task.build("cpu")), self.networks
        permuted = [symmetries.permute(tensors(row), orders.get(row, {})) for row in range(len(self))]
        members = tuple(
            evolve(member, buffers={name: own[name] for name in member.buffers})
            for member, own in zip(networks.members, permuted, strict=True)
        )
        weights = np.stack([networks.layout.flatten(own) for own in permuted])
        return evolve(self, networks=evolve(networks, members=members, weights=weights, keys=()))


def mergeable(atlas: Atlas, members: Sequence[str], base: str | None) -> Mergeable:
    """Return the networks of these names, or every run's final network, and their base.

    Raises:
        PopulationError: There is no network of a name.
    """
    population = atlas.population
    rows = [population.row(name, PLACE) for name in members] or population.finals
    finals = set(population.finals)
    named = (population.members[row] for row in rows)
    start = _common_start(population, rows) if base is None else population.row(base, f"{PLACE}: base")
    return Mergeable(
        networks=population.take(rows),
        names=tuple(member.variant if row in finals else member.label for row, member in zip(rows, named, strict=True)),
        base=None if start is None else population.take([start]),
        fields={name: values[rows] for name, values in atlas.truth.items()},
    )


def _common_start(population: Population, rows: Sequence[int]) -> int | None:
    """Return the row of a network with which all the runs of some networks begin; None where they differ."""
    starts = list(dict.fromkeys(population.of(population.members[row].variant)[0] for row in rows))
    if len(starts) < 2 or set(starts) & set(rows):
        return None
    weights = population.weights
    same = all(
        np.array_equal(weights[starts[0], block], weights[start, block])
        for block in column_blocks(population.layout.size, 2)
        for start in starts[1:]
    )
    return starts[0] if same else None
