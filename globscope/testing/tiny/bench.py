"""The bench of analyses, which computes everything anew."""

import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, evolve, field

from globscope.api import (
    Chart,
    Draft,
    FitRequest,
    GlobscopeError,
    Landscape,
    Map,
    Networks,
    Pair,
    Part,
    Population,
    Progress,
    Samples,
    Tensors,
    Topology,
    Unit,
    symmetry,
)
from globscope.testing.tiny.landscapes import bowls, bowls_topology, height, landscape, swept_topology
from globscope.testing.tiny.population import inputs_of, principal
from globscope.testing.tiny.task import TinyTask

Work = Callable[[Draft, Progress], Mapping[str, np.ndarray]]
# What is counted of an aligner, before its name.
ALIGNER = "aligner "


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
        counts: How many `networks` it measured or decoded so far, and how often it aligned two by each `aligner NAME`.
        fitted: Keys of the maps that it fitted and gave a landscape.
    """

    seed: int = 0
    task: TinyTask = field(factory=TinyTask)
    counts: Counter[str] = field(factory=Counter, eq=False, repr=False)
    fitted: set[str] = field(factory=set, eq=False, repr=False)

    def fit(self, reducer: str, population: Population, seed: int | None = None) -> Map:
        """Return a linear map of the members in the fit, whatever the reducer and the seed."""
        inputs = inputs_of(population.fitted)
        found = _map_of(reducer, inputs.population, principal(inputs), inputs.coordinates)
        return evolve(found, whole=population, key=fit_key(reducer, population, seed))

    def fits(self, requests: Iterable[FitRequest]) -> Iterator[Map]:
        """Yield the maps of several fits."""
        return (self.fit(one.reducer, one.population, one.seed) for one in requests)

    def landscape(self, fitted: Map) -> Map:
        """Return the map with the two bowls as its landscape, which shows every member at its point as if it were so.

        Their own losses are the bowls' heights where they lie.
        """
        if fitted.chart.decode is None or fitted.reconstruction is None:
            return fitted
        self.fitted.add(fitted.key)
        heights = dict.fromkeys(bowls().fields, height(fitted.chart.latents))
        topologies = {"grid": {"gudhi": bowls_topology()}}
        return evolve(fitted, truth=heights, decoded=heights, landscapes={"grid": bowls()}, topologies=topologies)

    def measure(self, networks: Networks) -> Mapping[str, np.ndarray]:
        """Return the fields of networks on the tiny task."""
        import torch

        self.counts["networks"] += len(networks)
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

    def stages(self, parts: Iterable[Part]) -> list[Mapping[str, np.ndarray]]:
        """Return what the work of every part makes, pickled on the way, as in a study with worker processes."""
        return [pickle.loads(pickle.dumps(part.work))(MemoryDraft(), Progress()) for part in parts]  # noqa: S301

    def attempts(self, parts: Iterable[Part]) -> list[Mapping[str, np.ndarray] | GlobscopeError]:
        """Return what the work of every part makes, or its error."""
        return [self._attempt(part) for part in parts]

    def _attempt(self, part: Part) -> Mapping[str, np.ndarray] | GlobscopeError:
        try:
            return self.stages([part])[0]
        except GlobscopeError as error:
            return error

    def align(self, aligner: str, a: Tensors, b: Tensors, label: str) -> Mapping[str, np.ndarray]:
        """Return permutations drawn from a fixed seed, whatever the aligner."""
        del a, b, label
        self.counts[f"{ALIGNER}{aligner}"] += 1
        return symmetry(self.task.build("cpu")).random(np.random.default_rng(0))

    def align_pairs(self, aligner: str, pairs: Sequence[Pair]) -> list[Mapping[str, np.ndarray]]:
        """Return permutations drawn from a fixed seed for every pair."""
        return [self.align(aligner, *pair) for pair in pairs]

    def align_among(
        self, aligner: str, networks: Mapping[str, Tensors], pairs: Sequence[tuple[str, str]]
    ) -> list[Mapping[str, np.ndarray]]:
        """Return permutations drawn from a fixed seed for every pair."""
        return self.align_pairs(aligner, [(networks[a], networks[b], f"{b} to {a}") for a, b in pairs])

    def sample(self, fitted: Map, samples: Samples) -> Landscape:
        """Return the two bowls at given points, whatever the map."""
        del fitted
        self.counts["networks"] += len(samples.points)
        return landscape(height(samples.points), samples, "train_loss")

    def topology(self, name: str, landscape: Landscape) -> Topology:
        """Return the topology of the training loss, whatever it is called."""
        del name
        return swept_topology(landscape)


def tiny_bench() -> TinyBench:
    """Return a bench on the tiny task."""
    return TinyBench()


def fit_key(reducer: str, population: Population, seed: int | None = None) -> str:
    """Return the key of a fit, which is another one for other members, their weights or another seed."""
    fitted = population.fitted
    labels = ",".join(member.label for member in fitted.members)
    return f"tiny-{reducer}-{seed}-{labels}-{float(np.abs(fitted.weights).sum()):.6g}"


def _map_of(name: str, population: Population, chart: Chart, coordinates: np.ndarray) -> Map:
    return Map(
        name=name,
        chart=chart,
        population=population,
        coordinates=coordinates,
        outside=np.zeros(len(coordinates)),
        reconstruction=coordinates,  # as if two axes lost nothing of them
        seconds=0.5,
        key="",
    )
