"""The order of a study: population, truth, maps, landscapes, topology, findings."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import reduce
from itertools import chain
from typing import Any

from attrs import define, evolve

from globscope.pipeline.bench import StudyBench
from globscope.pipeline.compression_loss import compression_loss, with_own_truth
from globscope.pipeline.extent import Branches, PausedError
from globscope.pipeline.known_paths import paths_of_study
from globscope.pipeline.lowest_paths import lowest_paths
from globscope.pipeline.plan.check import check
from globscope.pipeline.results import study_results
from globscope.pipeline.scored_fields import examples_by_field, scored_fields
from globscope.pipeline.stages.align.pairs import learners
from globscope.pipeline.stages.aligned import align_population
from globscope.pipeline.stages.analysis import analyse
from globscope.pipeline.stages.compressed import compress
from globscope.pipeline.stages.derive import derive_members
from globscope.pipeline.stages.population import population
from globscope.pipeline.truth import measure_truth, noise, truth_of
from globscope.pipeline.verdict.verdict import verdict
from globscope.pipeline.workshop import Workshop
from globscope.roles import Derives, FitRequest, ProbeTraits, SamplerTraits, capability, traits
from globscope.spec.entries import KNOWN_PATHS
from globscope.spec.study_spec import Spec
from globscope.torch_settings import float32_by_default
from globscope.values.findings import Atlas, Finding, Map
from globscope.values.members import Population

# Steps of every study, beside its maps and analyses.
NETWORKS, MEMBERS, REPORT = "networks", "their losses", "report"


@define(frozen=True, kw_only=True)
class Outcome:
    """The values of a finished study.

    Attributes:
        atlas: Population, truth and maps.
        findings: By analysis' name; `fidelity` first, `known-paths` last.
        learned: How aligners learned, by aligner's name.
        record: The results as one JSON object.
    """

    atlas: Atlas
    findings: Mapping[str, Finding]
    learned: Mapping[str, Finding]
    record: Mapping[str, Any]


@float32_by_default()
def run(workshop: Workshop) -> Outcome:
    """Return a study's values; every stage that was finished before is read, not computed.

    Raises:
        GlobscopeError: With what to mend; what was computed stays.
    """
    check(workshop)
    workshop.observer.steps(steps(workshop.spec))
    learned, atlases = dict[str, Finding](), list[tuple[StudyBench, Atlas]]()
    with Branches() as branches:
        with branches.branch():
            atlases.append(_bench_and_atlas(StudyBench(workshop)))
        for learner in learners(workshop):
            with branches.branch():
                learned[learner.entry.name] = learner.learning()
    [(bench, atlas)] = atlases
    entries = (workshop.spec.fidelity, *workshop.spec.analysis)
    findings = dict[str, Finding]()
    with Branches() as branches:
        for entry in entries:
            with branches.branch():
                workshop.observer.step(entry.name)
                findings[entry.name] = analyse(workshop, evolve(bench, asking=entry), entry, atlas)
    known = paths_of_study(atlas, findings, _measuring(workshop))
    lowest = lowest_paths(known)
    if lowest is not None:
        findings[KNOWN_PATHS] = lowest
    results = study_results(workshop, atlas, findings, learned)
    results |= {"verdict": verdict(atlas, results, known).record}
    return Outcome(atlas=atlas, findings=findings, learned=learned, record=results)


def steps(spec: Spec) -> tuple[str, ...]:
    """Return what a study does one after the other, in words: its networks, its maps, its analyses, the report."""
    maps, analyses = [entry.name for entry in spec.reducer], [entry.name for entry in spec.analysis]
    return (NETWORKS, MEMBERS, *maps, spec.fidelity.name, *analyses, REPORT)


def _measuring(workshop: Workshop) -> list[str]:
    """Return the names of the samplers along whose edges paths are measured as a whole."""
    samplers = workshop.spec.sampler
    return [entry.name for entry in samplers if traits(entry.component, SamplerTraits).measures_paths]


def _bench_and_atlas(bench: StudyBench) -> tuple[StudyBench, Atlas]:
    """Return population, truth and maps, and the bench for analyses of them."""
    workshop = bench.workshop
    workshop.observer.step(NETWORKS)
    parts, maps = parts_of(bench), list[Map]()
    workshop.observer.step(MEMBERS)
    with Branches() as branches:
        with branches.branch():
            bench = evolve(bench, truth=measure_truth(workshop, parts))
        with branches.branch():
            bench = evolve(bench, noise=noise(workshop, parts[0]))
        lost = None
        with branches.branch():
            lost = compression_loss(workshop, parts[0])
        networks = networks_of_maps(workshop, parts)
        for given, small in chain.from_iterable(networks):
            with branches.branch():
                bench = evolve(bench, truth=with_own_truth(workshop, given, small, bench.truth))
        requests = fit_requests(workshop, networks)
        bench.fit_ahead(requests)
        for request in requests:
            with branches.branch():
                workshop.observer.step(request.reducer)
                maps += map(bench.with_landscapes, bench.fits([request]))
    members = concatenate_parts(parts)
    probe = workshop.task.build("cpu")
    atlas = Atlas(
        population=members,
        truth=truth_of(workshop, members, bench.truth),
        maps=tuple(map(bench.with_truth, maps)),
        chance=traits(probe, ProbeTraits).chance,
        noise=bench.noise,
        fields=scored_fields(workshop, probe),
        examples=examples_by_field(workshop, probe),
        compressed=lost,
    )
    return bench, atlas


@float32_by_default()
def members_alone(workshop: Workshop) -> Atlas:
    """Return the networks of a study without its maps; derived ones and measured fields where their stages are there.

    Raises:
        PausedError: The stages of the networks that are trained or read are left to others.
    """
    parts, truth = [align_population(workshop, population(workshop))], dict[str, Any]()
    with suppress(PausedError):
        parts = parts_of(StudyBench(workshop))
    members = concatenate_parts(parts)
    with suppress(PausedError):
        truth = truth_of(workshop, members, measure_truth(workshop, parts))
    return Atlas(population=members, truth=truth, maps=())


def parts_of(bench: StudyBench) -> list[Population]:
    """Return the members that are trained or read, then those that each analysis derives from them before the map."""
    given = align_population(bench.workshop, population(bench.workshop))
    asking = [entry for entry in bench.workshop.spec.analysis if capability(entry.component, Derives) is not None]
    parts = [given]
    with Branches() as branches:
        for entry in asking:
            with branches.branch():
                parts.append(derive_members(evolve(bench, asking=entry), bench.workshop, entry, given))
    return parts


# Parts of the members as they are, each with that to which a map is fitted; the same, unless the spec compresses them.
PartsOfMap = Sequence[tuple[Population, Population]]


def networks_of_maps(workshop: Workshop, parts: Sequence[Population]) -> list[PartsOfMap]:
    """Return the parts of every reducer's members: aligned or, where it says so, as they are given."""
    chosen = {True: list(parts), False: list(parts)}
    if workshop.spec.population.align is not None:
        chosen[False] = [population(workshop), *parts[1:]]
    networks = {align: [(part, compress(workshop, part, own[0])) for part in own] for align, own in chosen.items()}
    return [networks[entry.align] for entry in workshop.spec.reducer]


def fit_requests(workshop: Workshop, networks: Sequence[PartsOfMap]) -> list[FitRequest]:
    """Return the fits of all reducers, each to its networks."""
    return [
        FitRequest(reducer=entry.name, population=concatenate_parts([small for _, small in parts]))
        for entry, parts in zip(workshop.spec.reducer, networks, strict=True)
    ]


def concatenate_parts(parts: Sequence[Population]) -> Population:
    """Return all members as one population."""
    return reduce(Population.concatenate, parts)
