"""The order of a study: population, truth, maps, landscapes, topology, findings."""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

from attrs import define, evolve

from globscope.roles import Derives, ProbeTraits, capability, traits
from globscope.scoring.means import measured_fields
from globscope.study.bench import StudyBench
from globscope.study.plan.check import check
from globscope.study.results import study_results
from globscope.study.stages.align import learners
from globscope.study.stages.aligned import align_population
from globscope.study.stages.analysis import analyse
from globscope.study.stages.derive import derive_members
from globscope.study.stages.population import population
from globscope.study.truth import measure_truth, noise, truth_of
from globscope.study.workshop import Workshop
from globscope.torch_settings import float32_by_default
from globscope.values.findings import Atlas, Finding, Map
from globscope.values.members import Population


@define(frozen=True, kw_only=True)
class Outcome:
    """The values of a finished study.

    Attributes:
        atlas: Population, truth and maps.
        findings: By analysis' name; `fidelity` first.
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
    bench = StudyBench(workshop)
    parts = parts_of(bench)
    members = concatenate_parts(parts)
    bench = evolve(bench, truth=measure_truth(workshop, parts), noise=noise(workshop, parts[0]))
    own = truth_of(workshop, members, bench.truth)
    maps = tuple(bench.landscape(one) for one in fits(bench, parts))
    probe = workshop.task.build("cpu")
    chance, fields = traits(probe, ProbeTraits).chance, measured_fields(probe)
    atlas = Atlas(population=members, truth=own, maps=maps, chance=chance, noise=bench.noise, fields=fields)
    learned = {one.entry.name: one.learning() for one in learners(workshop)}
    entries = (workshop.spec.fidelity, *workshop.spec.analysis)
    findings = {entry.name: analyse(workshop, evolve(bench, asking=entry), entry, atlas) for entry in entries}
    results = study_results(workshop, atlas, findings, learned)
    return Outcome(atlas=atlas, findings=findings, learned=learned, record=results)


def parts_of(bench: StudyBench) -> list[Population]:
    """Return the members that are trained or read, then those that each analysis derives from them before the map."""
    given = align_population(bench.workshop, population(bench.workshop))
    asking = [entry for entry in bench.workshop.spec.analysis if capability(entry.component, Derives) is not None]
    return [given, *(derive_members(evolve(bench, asking=entry), bench.workshop, entry, given) for entry in asking)]


def fits(bench: StudyBench, parts: Sequence[Population]) -> Iterator[Map]:
    """Yield every reducer's map, fitted to the members as they are aligned or, where it says so, as they are given."""
    members = {True: concatenate_parts(parts), False: concatenate_parts(parts)}
    if bench.workshop.spec.population.align is not None:
        members[False] = concatenate_parts([population(bench.workshop), *parts[1:]])
    for entry in bench.workshop.spec.reducer:
        yield bench.fit(entry.name, members[entry.align])


def concatenate_parts(parts: Sequence[Population]) -> Population:
    """Return all members as one population."""
    return reduce(Population.concatenate, parts)
