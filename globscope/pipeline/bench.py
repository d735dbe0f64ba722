"""The bench: a study's stages as calls, for the study itself and for its analyses."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from attrs import define, evolve, field

from globscope.errors import GlobscopeError, PluginError, near
from globscope.pipeline.buffers import with_buffers
from globscope.pipeline.extent import Branches
from globscope.pipeline.landscapes import as_measured, landscape, landscape_at
from globscope.pipeline.map_sampler import MapSampler
from globscope.pipeline.networks_digest import coordinates_digest, networks_digest
from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.stages.align.pairs import AlignerStage
from globscope.pipeline.stages.align.sets import align_among
from globscope.pipeline.stages.evaluate import evaluate
from globscope.pipeline.stages.explain import explain
from globscope.pipeline.stages.part import attempt_parts, compute_part, compute_parts
from globscope.pipeline.stages.population import population
from globscope.pipeline.stages.reduce import ReducerStage, fit_side_by_side
from globscope.pipeline.stages.topology import topology
from globscope.pipeline.truth import Truth, truth_of, with_keys
from globscope.pipeline.workshop import Workshop
from globscope.roles import BuildsOn, FitRequest, Pair, Part, Task, Tensors, Work, capability
from globscope.spec.component_entry import Entry, ReducerEntry
from globscope.store import fingerprint, key
from globscope.topology.leaf_count import leaves_by_neighbours
from globscope.values.evaluation import Networks
from globscope.values.findings import Finding, Map
from globscope.values.landscape import Landscape, Samples
from globscope.values.members import Population
from globscope.values.topology import Topology

# Fits that are read ahead for every worker.
AHEAD = 4


@define(frozen=True)
class StudyBench:
    """Everything is stored under its key, so what was computed once is never computed again.

    Attributes:
        workshop: The study at work.
        asking: The analysis whose bench it is; None for the study's own.
        noise: Standard deviation of each field between draws.
        truth: Fields of members' own networks that were measured already, by the members' keys.
    """

    workshop: Workshop
    asking: Entry | None = None
    noise: Mapping[str, float] = field(factory=dict)
    truth: Truth = field(factory=dict)

    @property
    def seed(self) -> int:
        """The study's seed."""
        return self.workshop.spec.seed

    @property
    def task(self) -> Task:
        """The study's task, by what of its weights is flattened."""
        return self.workshop.task

    def fit(self, reducer: str, population: Population, seed: int | None = None) -> Map:
        """Return a reducer of the spec fitted to `population`'s members in the fit.

        Raises:
            PluginError: The spec has no reducer of this name.
        """
        return next(self.fits([FitRequest(reducer=reducer, population=population, seed=seed)]))

    def fits(self, requests: Iterable[FitRequest]) -> Iterator[Map]:
        """Yield the maps of several fits, in their order; the pool's workers fit side by side.

        Raises:
            PluginError: The spec has no reducer of a request's name.
        """
        count, waiting = self.workshop.workers.count, iter(requests)
        while batch := list(islice(waiting, AHEAD * count if count > 1 else 1)):
            self.fit_ahead(batch)
            yield from (evolve(self._reducer_stage(one).map(), whole=one.population) for one in batch)

    def fit_ahead(self, requests: Iterable[FitRequest]) -> None:
        """Compute what several fits need, so far as the pool's workers or shards can do it side by side."""
        if self.workshop.workers.count > 1 or not self.workshop.computes(Stage.REDUCE):
            fit_side_by_side(self.workshop, [self._reducer_stage(one) for one in requests])

    def _reducer_stage(self, request: FitRequest) -> ReducerStage:
        entry, fitted = self._entry(request.reducer), with_keys(request.population.fitted)
        seed = self.workshop.spec.seed_of(entry) if request.seed is None else request.seed
        label = f"fit {entry.name}" if self.asking is None else f"refit {entry.name} on {len(fitted.members)} members"
        return ReducerStage(self.workshop, entry, fitted, seed, label)

    def landscape(self, fitted: Map) -> Map:
        """Return the map with its samplers' landscapes, topologies, and its members, decoded and as they are."""
        return self.with_truth(self.with_landscapes(fitted))

    def with_landscapes(self, fitted: Map) -> Map:
        """Return the map with its samplers' landscapes, topologies, and its decoded members."""
        if fitted.chart.decode is None:
            return fitted
        assert fitted.reconstruction is not None
        decoded = Networks(
            space=fitted.chart.space,
            coordinates=fitted.reconstruction,
            buffers=fitted.population.buffers,
            nearest=np.arange(len(fitted.population.members)),
        )
        measured = as_measured(self.workshop, fitted)
        label, fields = f"evaluate {fitted.name}'s members", dict[str, np.ndarray]()
        found, trees, explained = dict[str, Landscape](), dict[str, dict[str, Topology]](), dict[str, Finding]()
        earlier = dict[str, Landscape]()
        with Branches() as branches:
            with branches.branch():
                fields, _ = evaluate(self.workshop, decoded, key("decoded", fitted.key), label)
            for number, entry in enumerate(self.workshop.spec.samplers_of(self._entry(fitted.name))):
                if len(found) < number and capability(entry.component, BuildsOn) is not None:
                    continue  # what it builds on is left to others
                with branches.branch():
                    sampler = MapSampler.of(self.workshop, measured, entry, earlier)
                    sampled, landscape_key = landscape(self.workshop, measured, sampler)
                    found[entry.name] = earlier[landscape_key] = sampled
                    trees[entry.name] = self._trees(sampled, landscape_key, f"merge tree of {fitted.name}")
                    if (finding := explain(self.workshop, measured, sampler, sampled, landscape_key)) is not None:
                        explained[entry.name] = finding
        return evolve(fitted, decoded=fields, landscapes=found, topologies=trees, explanations=explained)

    def with_truth(self, map_: Map) -> Map:
        """Return a map with the fields of its members as they are, if it can be decoded."""
        if map_.chart.decode is None:
            return map_
        return evolve(map_, truth=truth_of(self.workshop, map_.population, self.truth))

    def measure(self, networks: Networks) -> Mapping[str, np.ndarray]:
        """Return the fields of given networks, (n,) each.

        Raises:
            PluginError: They come without buffers, in which the members differ.
        """
        asking = "the study" if self.asking is None else self.workshop.label_of(self.asking.component)
        if not networks.buffers and self.task.build("cpu").initialise(0)[1]:
            networks = with_buffers(networks, population(self.workshop), self.task.build("cpu"), asking)
        # Their buffers belong to the key: they are scored with them.
        # The same weights have other gradients in another space.
        space = [] if networks.gradient is None else [coordinates_digest(networks.space)]
        own_seed = [] if networks.seed is None else [networks.seed]
        buffers = _of_buffers(networks.buffers)
        networks_key = key(networks_digest(networks), buffers, networks.nearest, *space, *own_seed)
        return evaluate(self.workshop, networks, networks_key, "evaluate networks")[0]

    def stage(self, label: str, parts: Sequence[Any], work: Work) -> Mapping[str, np.ndarray]:
        """Return the arrays that `work` makes, from the store where they were made before."""
        return compute_part(self.workshop, self.asking, parts, work, label)

    def stages(self, parts: Iterable[Part]) -> list[Mapping[str, np.ndarray]]:
        """Return the arrays of several parts, in their order; the pool's workers compute them side by side."""
        return compute_parts(self.workshop, self.asking, parts)

    def attempts(self, parts: Iterable[Part]) -> list[Mapping[str, np.ndarray] | GlobscopeError]:
        """Return the arrays of several parts, or the error of each that failed, in their order."""
        return attempt_parts(self.workshop, self.asking, parts)

    def align(self, aligner: str, a: Tensors, b: Tensors, label: str) -> Mapping[str, np.ndarray]:
        """Return the permutations that an aligner of the spec finds for two networks."""
        return AlignerStage.by(self.workshop, aligner).permutations(a, b, label)

    def align_pairs(self, aligner: str, pairs: Sequence[Pair]) -> list[Mapping[str, np.ndarray]]:
        """Return the permutations that an aligner of the spec finds for several pairs."""
        return AlignerStage.by(self.workshop, aligner).align_pairs(pairs)

    def align_among(
        self, aligner: str, networks: Mapping[str, Tensors], pairs: Sequence[tuple[str, str]]
    ) -> list[Mapping[str, np.ndarray]]:
        """Return the permutations of the second network of each pair that fit the first; of a set if it can."""
        return align_among(AlignerStage.by(self.workshop, aligner), networks, pairs)

    def sample(self, fitted: Map, samples: Samples) -> Landscape:
        """Return the landscape at given points of a map with an inverse, decoded as one batch."""
        return landscape_at(self.workshop, fitted, samples)

    def topology(self, name: str, landscape: Landscape) -> Topology:
        """Return what a topology of the spec makes of a landscape.

        Raises:
            PluginError: The spec has no topology of this name.
        """
        known = {entry.name: entry for entry in self.workshop.spec.topology}
        if name not in known:
            raise PluginError(f"this study has no topology {name!r}; {near(name, known)}")
        return self._tree(known[name], landscape, _content(landscape), f"merge tree, {name}")

    def _trees(self, found: Landscape, landscape_key: str, label: str) -> dict[str, Topology]:
        return {entry.name: self._tree(entry, found, landscape_key, label) for entry in self.workshop.spec.topology}

    def _tree(self, entry: Entry, landscape: Landscape, landscape_key: str, label: str) -> Topology:
        found = topology(self.workshop, entry, landscape, landscape_key, label)
        counts = leaves_by_neighbours(landscape, found)
        return evolve(found, noise=self.noise.get(found.field, 0.0), leaves_by_neighbours=counts)

    def _entry(self, reducer: str) -> ReducerEntry:
        known = {entry.name: entry for entry in self.workshop.spec.reducer}
        if reducer not in known:
            raise PluginError(f"this study has no reducer {reducer!r}; {near(reducer, known)}")
        return known[reducer]


def _of_buffers(buffers: Sequence[Mapping[str, np.ndarray]]) -> list[dict[str, Any]]:
    """Return the buffers' fingerprints; one that many networks have in common is read once."""
    known: dict[int, Any] = {}
    for array in (array for one in buffers for array in one.values()):
        if id(array) not in known:
            known[id(array)] = fingerprint(array)
    return [{name: known[id(array)] for name, array in one.items()} for one in buffers]


def _content(landscape: Landscape) -> str:
    """Return the key of all that a topology may look at, for a landscape that an analysis put together."""
    total, samples = hashlib.blake2b(), landscape.samples
    optional = {"index": samples.index, "edges": samples.edges, "gradients": landscape.gradients}
    arrays = {"points": samples.points, "trusted": landscape.trusted} | dict(landscape.fields)
    arrays |= {name: array for name, array in optional.items() if array is not None}
    for name in sorted(arrays):
        total.update(name.encode())
        total.update(np.ascontiguousarray(arrays[name]).tobytes())
    return key(total.hexdigest(), samples.shape)
