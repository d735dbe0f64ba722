"""A map fitted again, with further seeds and on draws of its members, and what is counted on every fit."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import attrs
import numpy as np

from globscope.api import Atlas, Bench, Landscape, Map, Population, Topology, finite_or_none, last_networks
from globscope.builtin.analyses.reconstruction import decoding_gaps, reconstruction

STUDY: Final = "this map"
SEEDS: Final = "seeds"
BOOTSTRAPS: Final = "bootstraps"
By = Literal["this map", "seeds", "bootstraps"]


@attrs.define(frozen=True, kw_only=True)
class Refit:
    """One fit of a map.

    Attributes:
        by: What is other than in the study: nothing, the seed, or the members.
        number: 0 for the study's own, then 1, 2 … over seeds and bootstraps.
        seed: Of the fit, where it is not the study's.
        map: With its landscapes.
        equal: Number of an earlier fit that this one is bit for bit; None where there is none.
        gap: Median |true − decoded| loss of the trained members in the fit.
    """

    by: By
    number: int
    seed: int | None = None
    map: Map = attrs.field(repr=False)
    equal: int | None = None
    gap: float | None = None

    @property
    def identity(self) -> int:
        """Number of the first fit that gave this map."""
        return self.number if self.equal is None else self.equal

    @property
    def members(self) -> int:
        """How many members are in the fit."""
        return len(self.map.population.members)

    def counts(self) -> Iterator["Count"]:
        """Yield what is counted on every merge tree of a landscape along all axes."""
        for sampler, by_name in self.map.topologies.items():
            landscape = self.map.landscapes[sampler]
            shape = landscape.samples.shape
            if shape is None or len(shape) == self.map.chart.dimension:
                for name, topology in by_name.items():
                    yield Count(
                        fit=self, sampler=sampler, topology=name, found=_found(self.map, self.gap, landscape, topology)
                    )


@attrs.define(frozen=True, kw_only=True)
class Count:
    """What is counted on one merge tree of one fit.

    Attributes:
        fit: The fit.
        sampler: Name of the landscape's sampler.
        topology: Name of the merge tree's method.
        found: Figures, and under `homes` the minimum in whose basin each variant's last network lies, −1 where the
            map does not show it.
    """

    fit: Refit
    sampler: str
    topology: str
    found: dict[str, Any] = attrs.field(repr=False)

    @property
    def place(self) -> tuple[str, str, str]:
        """Names of the map, the sampler and the topology."""
        return self.fit.map.name, self.sampler, self.topology

    @property
    def grouping(self) -> tuple[int, ...]:
        """The variants' basins, numbered in order of appearance; −1 where the map does not show the variant's last."""
        order = list(dict.fromkeys(home for home in self.found["homes"] if home >= 0))
        return tuple(order.index(home) if home >= 0 else -1 for home in self.found["homes"])


def refits(
    one: Map, atlas: Atlas, bench: Bench, *, field: str, seeds: Sequence[int], draws: Sequence[Sequence[int]]
) -> list[Refit]:
    """Return the study's own fit of a map, those with further seeds, and those on draws of the members' rows."""
    members = atlas.population.fitted
    found = [Refit(by=STUDY, number=0, map=one, gap=_gap(one, field))]
    plans: list[tuple[By, int | None, Population]] = [(SEEDS, seed, members) for seed in seeds]
    plans += [(BOOTSTRAPS, None, members.take(rows)) for rows in draws]
    for number, (by, seed, population) in enumerate(plans, 1):
        fitted = bench.fit(one.name, population, seed)
        twin = next((other for other in found if other.equal is None and _equal(other.map, fitted)), None)
        # The same map has the same landscape; a lattice's need not be evaluated to know it.
        whole = bench.landscape(fitted) if twin is None else twin.map
        equal = None if twin is None else twin.number
        gap = _gap(whole, field)
        found.append(Refit(by=by, number=number, seed=seed, map=whole, equal=equal, gap=gap))
    return found


def drawn(population: Population, rng: np.random.Generator) -> list[int]:
    """Return the distinct rows of a draw of as many members as there are, with replacement, and all last networks.

    So each basin of a variant stays defined. Of many members about 63 % are drawn.
    """
    count = len(population.members)
    return sorted({*rng.integers(count, size=count).tolist(), *population.finals})


def _equal(one: Map, other: Map) -> bool:
    """Whether two fits placed the members and decoded them bit for bit alike."""
    pairs = ((one.chart.latents, other.chart.latents), (one.reconstruction, other.reconstruction))
    return all(a is not None and b is not None and np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def _gap(one: Map, field: str) -> float | None:
    found = decoding_gaps(one, field)
    return None if found is None else finite_or_none(np.median(found))


def _found(one: Map, gap: float | None, landscape: Landscape, topology: Topology) -> dict[str, Any]:
    tree, homes = topology.tree, last_networks(one, landscape, topology).basins.tolist()
    return {
        "leaves": len(tree.minima),
        "leaves_trusted": int(landscape.trusted[tree.minima].sum()),
        "basins": len({home for home in homes if home >= 0}),
        "average_persistence": tree.average_persistence,
        "mse_per_weight": reconstruction(one)["mse_per_weight"],
        "loss_gap": gap,
        "homes": homes,
    }
