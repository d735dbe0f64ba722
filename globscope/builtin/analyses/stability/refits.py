"""The refits of a map with further seeds and on draws of its members, and the counts on every fit."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, Literal

import attrs
import numpy as np

from globscope.api import Atlas, Bench, FitRequest, Landscape, Map, Population, Topology, finite_or_none, last_networks
from globscope.builtin.analyses.reconstruction import decoding_gaps, reconstruction

STUDY: Final = "this map"
SEEDS: Final = "seeds"
BOOTSTRAPS: Final = "bootstraps"
By = Literal["this map", "seeds", "bootstraps"]


@attrs.define(frozen=True, kw_only=True)
class Refit:
    """One fit of a map.

    Attributes:
        by: What differs from the study: nothing, the seed, or the members.
        number: 0 for the study's own fit, then 1, 2 and so on over seeds and bootstraps.
        seed: Seed of the fit; None if it is the study's.
        map: The map, with its landscapes.
        equal: Number of an earlier fit with the same bits; None if there is none.
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
        """The number of members in the fit."""
        return len(self.map.population.members)

    def counts(self) -> Iterator["TreeCounts"]:
        """Yield the counts on every merge tree of a landscape along all axes."""
        for sampler, topologies in self.map.topologies.items():
            landscape = self.map.landscapes[sampler]
            shape = landscape.samples.shape
            if shape is None or len(shape) == self.map.chart.dimension:
                for name, topology in topologies.items():
                    figures = _figures(self.map, self.gap, landscape, topology)
                    yield TreeCounts(fit=self, sampler=sampler, topology=name, figures=figures)


@attrs.define(frozen=True, kw_only=True)
class TreeCounts:
    """The counts on one merge tree of one fit.

    Attributes:
        fit: The fit of the map.
        sampler: Name of the landscape's sampler.
        topology: Name of the merge tree's method.
        figures: Figures by name; `homes` are the minima in whose basins the variants' final networks lie, −1 where the
            map does not show one.
    """

    fit: Refit
    sampler: str
    topology: str
    figures: dict[str, Any] = attrs.field(repr=False)

    @property
    def tree(self) -> tuple[str, str, str]:
        """Names of the map, the sampler and the topology."""
        return self.fit.map.name, self.sampler, self.topology

    @property
    def grouping(self) -> tuple[int, ...]:
        """The variants' basins, numbered in order of appearance; −1 where the map does not show the final network."""
        order = list(dict.fromkeys(home for home in self.figures["homes"] if home >= 0))
        return tuple(order.index(home) if home >= 0 else -1 for home in self.figures["homes"])


def refits(
    map_: Map, atlas: Atlas, bench: Bench, *, field: str, seeds: Sequence[int], draws: Sequence[Sequence[int]]
) -> list[Refit]:
    """Return the study's own fit of a map, the fits with further seeds, and those to draws of the members' rows."""
    members = atlas.population.fitted
    fits = [Refit(by=STUDY, number=0, map=map_, gap=_gap(map_, field))]
    plans: list[tuple[By, int | None, Population]] = [(SEEDS, seed, members) for seed in seeds]
    plans += [(BOOTSTRAPS, None, members.take(rows)) for rows in draws]
    requests = (FitRequest(reducer=map_.name, population=population, seed=seed) for _, seed, population in plans)
    for number, ((by, seed, _), fitted) in enumerate(zip(plans, bench.fits(requests), strict=True), 1):
        twin = next((other for other in fits if other.equal is None and _equal(other.map, fitted)), None)
        # The same map has the same landscape, which need not be evaluated again.
        whole = bench.landscape(fitted) if twin is None else twin.map
        equal = None if twin is None else twin.number
        gap = _gap(whole, field)
        fits.append(Refit(by=by, number=number, seed=seed, map=whole, equal=equal, gap=gap))
    return fits


def bootstrap_rows(population: Population, rng: np.random.Generator) -> list[int]:
    """Return the distinct rows of a draw of as many members as there are, with replacement, and all final networks.

    The final networks define the basins of the variants. About 63 % of many members are drawn.
    """
    count = len(population.members)
    return sorted({*rng.integers(count, size=count).tolist(), *population.finals})


def _equal(first: Map, second: Map) -> bool:
    """Return whether two fits placed and decoded the members with the same bits."""
    pairs = ((first.chart.latents, second.chart.latents), (first.reconstruction, second.reconstruction))
    return all(a is not None and b is not None and np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def _gap(map_: Map, field: str) -> float | None:
    gaps = decoding_gaps(map_, field)
    return None if gaps is None else finite_or_none(np.median(gaps))


def _figures(map_: Map, gap: float | None, landscape: Landscape, topology: Topology) -> dict[str, Any]:
    tree, homes = topology.tree, last_networks(map_, landscape, topology).basins.tolist()
    return {
        "leaves": len(tree.minima),
        "leaves_trusted": int(landscape.trusted[tree.minima].sum()),
        "basins": len({home for home in homes if home >= 0}),
        "average_persistence": tree.average_persistence,
        "mse_per_weight": reconstruction(map_)["mse_per_weight"],
        "loss_gap": gap,
        "homes": homes,
    }
