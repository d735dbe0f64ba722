"""What surrounds components in a study: a registry, finished maps, and the bench of analyses."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, evolve, field

from globscope.api import (
    Atlas,
    Chart,
    Draft,
    Landscape,
    Map,
    Networks,
    Population,
    Progress,
    Samples,
    Tensors,
    Topology,
    Unit,
    symmetry,
)
from globscope.registry import Component, Registry
from globscope.testing.landscapes import bowls, bowls_topology, height, landscape, lattice, no_topology, swept_topology
from globscope.testing.population import inputs_of, principal, tiny_population
from globscope.testing.roles import role_of
from globscope.testing.task import TinyTask


def registry_of(*others: Registry, **components: type) -> Registry:
    """Return a registry of these classes by name, and of other registries; nothing is discovered.

    A name with a hyphen is passed as `**{"top-variance": TopVariance}`.
    """
    own = [
        Component(role=role_of(cls), name=name, cls=cls, distribution="globscope-testing", version="0")
        for name, cls in components.items()
    ]
    found = [component for other in others for component in other.components]
    return Registry(components=(*found, *own), problems=tuple(text for other in others for text in other.problems))


Work = Callable[[Draft, Progress], Mapping[str, np.ndarray]]


@define
class MemoryDraft:
    """A draft in memory."""

    arrays: dict[str, np.ndarray] = field(factory=dict)

    def read(self) -> dict[str, np.ndarray]:
        """Return the arrays that were written last."""
        return dict(self.arrays)

    def write(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays in place of those before."""
        self.arrays = {name: np.array(array) for name, array in arrays.items()}


@define(frozen=True, kw_only=True)
class TinyBench:
    """A bench that computes everything anew: linear maps, and the two bowls as their landscape.

    Attributes:
        seed: Seed of the study.
        task: The tiny task.
    """

    seed: int = 0
    task: TinyTask = field(factory=TinyTask)

    def fit(self, reducer: str, population: Population, seed: int | None = None) -> Map:
        """Return a linear map of the members in the fit, whatever the reducer and the seed."""
        del seed
        inputs = inputs_of(population.fitted)
        found = _mapped(reducer, inputs.population, principal(inputs), inputs.coordinates)
        return evolve(found, whole=population)

    def landscape(self, fitted: Map) -> Map:
        """Return the map with the two bowls as its landscape, which shows every member at its point as if it were so.

        Their own losses are the bowls' heights where they lie.
        """
        if fitted.chart.decode is None or fitted.reconstruction is None:
            return fitted
        heights = dict.fromkeys(bowls().fields, height(fitted.chart.latents))
        topologies = {"grid": {"gudhi": bowls_topology()}}
        return evolve(fitted, truth=heights, decoded=heights, landscapes={"grid": bowls()}, topologies=topologies)

    def measure(self, networks: Networks) -> Mapping[str, np.ndarray]:
        """Return the fields of networks on the tiny task."""
        import torch

        probe = self.task.build("cpu")
        found: dict[str, list[float]] = {}
        weights = torch.from_numpy(networks.weights(Unit(start=0, stop=len(networks))))
        for row in weights:
            for split in probe.splits:
                batch = probe.batch(split, torch.arange(probe.examples(split)))
                for name, (total, count) in probe.reduce(probe.layout.unflatten(row), {}, batch).items():
                    found.setdefault(f"{split}_{name}", []).append(float(total) / count)
        return {name: np.array(values) for name, values in found.items()}

    def stage(self, label: str, parts: Sequence[Any], work: Work) -> Mapping[str, np.ndarray]:
        """Return what `work` makes; nothing is kept."""
        del label, parts
        return work(MemoryDraft(), Progress())

    def align(self, aligner: str, a: Tensors, b: Tensors, label: str) -> Mapping[str, np.ndarray]:
        """Return permutations drawn from a fixed seed, whatever the aligner."""
        del aligner, a, b, label
        return symmetry(self.task.build("cpu")).random(np.random.default_rng(0))

    def sample(self, fitted: Map, samples: Samples) -> Landscape:
        """Return the two bowls at given points, whatever the map."""
        del fitted
        return landscape(height(samples.points), samples, "train_loss")

    def topology(self, name: str, landscape: Landscape) -> Topology:
        """Return the topology of the training loss, whatever it is called."""
        del name
        return swept_topology(landscape)


# What the analysis that looks at the tiny atlas is called.
ASKING = "asking"


def tiny_bench() -> TinyBench:
    """Return a bench on the tiny task."""
    return TinyBench()


def tiny_atlas(derived: Population | None = None) -> Atlas:
    """Return finished values of the tiny population, and of members derived from it, with three maps.

    `linear` has a landscape and a merge tree; `scatter` has no inverse; `barren` decodes to networks
    whose losses are all NaN, so its topology is empty.
    """
    bench, members = TinyBench(), tiny_population()
    if derived is not None:
        own = tuple(evolve(member, origin=ASKING) for member in derived.members)
        members = members.concatenate(evolve(derived, members=own))
    linear = bench.landscape(bench.fit("linear", members))
    truth = bench.measure(Networks.of(members.weights))
    return Atlas(population=members, truth=truth, maps=(linear, _scatter(linear), _barren(linear)), asking=ASKING)


def _mapped(name: str, population: Population, chart: Chart, coordinates: np.ndarray) -> Map:
    return Map(
        name=name,
        chart=chart,
        population=population,
        coordinates=coordinates,
        outside=np.zeros(len(coordinates)),
        reconstruction=coordinates,  # as if two axes lost nothing of them
        seconds=0.5,
        identity=f"tiny-{name}",
    )


def _scatter(one: Map) -> Map:
    why = "This map places networks, but has no way back."
    chart = evolve(one.chart, encode=None, decode=None, why_no_inverse=why)
    empty: dict[str, Any] = {"reconstruction": None, "decoded": {}, "landscapes": {}, "topologies": {}}
    return evolve(one, name="scatter", chart=chart, hidden=why, **empty)


def _barren(one: Map) -> Map:
    samples = lattice()
    count = len(samples.points)
    decoded = {name: np.full(len(values), np.nan) for name, values in one.decoded.items()}
    return evolve(
        one,
        name="barren",
        decoded=decoded,
        landscapes={"grid": landscape(np.full(count, np.nan), samples, "train_loss")},
        topologies={"grid": {"gudhi": no_topology(count)}},
    )
