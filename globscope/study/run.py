"""The order of a study: population, truth, maps, landscapes, topology, findings."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Any

from attrs import define, evolve

from globscope.default_type import float32_by_default
from globscope.population import files
from globscope.returned.results import checked_population
from globscope.roles import Derives, ProbeTraits, offered, traits
from globscope.scoring.means import measured_fields
from globscope.store import key, read_json, write_json
from globscope.study.aligned import aligned
from globscope.study.aligning import Aligning, aligners, learners
from globscope.study.bench import StudyBench
from globscope.study.buffers import with_own_buffers
from globscope.study.check import check
from globscope.study.context import Context
from globscope.study.disk.finding import checked_finding, loaded, plain
from globscope.study.fields import measured
from globscope.study.members import population
from globscope.study.noise import noise
from globscope.study.record import record
from globscope.study.seeds import generator
from globscope.study.truth import truth
from globscope.values.chart import Progress
from globscope.values.findings import Atlas, Finding, Map
from globscope.values.members import Population

FINDING = "finding.json"
# Raised when findings hold other things from the same analysis: 2, a comparison is declared.
FINDINGS = 2


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
def run(context: Context) -> Outcome:
    """Return a study's values; every stage that was finished before is read, not computed.

    Raises:
        GlobscopeError: With what to mend; what was computed stays.
    """
    check(context)
    bench = StudyBench(context)
    parts = parts_of(bench)
    members, own = joined(parts), truth(context, parts)
    bench = evolve(bench, noise=noise(context, parts[0]))
    maps = tuple(bench.landscape(one) for one in fits(bench, parts))
    probe = context.task.build("cpu")
    chance, fields = traits(probe, ProbeTraits).chance, measured_fields(probe)
    atlas = Atlas(population=members, truth=own, maps=maps, chance=chance, noise=bench.noise, fields=fields)
    learned = {one.entry.name: one.told() for one in learners(context)}
    findings = dict(_findings(context, atlas))
    results = record(context, atlas, findings, learned)
    return Outcome(atlas=atlas, findings=findings, learned=learned, record=results)


def parts_of(bench: StudyBench) -> list[Population]:
    """Return the members that are trained or read, then those that each analysis derives from them before the map."""
    given = aligned(bench, population(bench.context))
    asking = [entry for entry in bench.context.spec.analysis if offered(entry.component, Derives) is not None]
    return [given, *(_derived(evolve(bench, asking=entry), given) for entry in asking)]


def fits(bench: StudyBench, parts: Sequence[Population]) -> Iterator[Map]:
    """Yield every reducer's map, fitted to the members as they are aligned or, where it says so, as they are given."""
    members = {True: joined(parts), False: joined(parts)}
    if bench.context.spec.population.align is not None:
        members[False] = joined([population(bench.context), *parts[1:]])
    for entry in bench.context.spec.reducer:
        yield bench.fit(entry.name, members[entry.align])


def joined(parts: Sequence[Population]) -> Population:
    """Return all members as one population."""
    return reduce(Population.concatenate, parts)


def _derived(bench: StudyBench, given: Population) -> Population:
    """Return the members that an analysis derives."""
    context, entry = bench.context, bench.asking
    assert entry is not None
    who = [context.identity(entry.component), *(Aligning.by(context, name).identity for name in aligners(entry))]
    identity = key("derive", who, measured(context, given.identity), bench.seed)

    def work(folder: Path, _: Progress) -> None:
        rng = generator(bench.seed, "derive", entry.use)
        with context.blaming(entry.component):
            made = entry.component.derive(context.task, given, bench, rng)
            checked_population(context.who(entry.component), made, given.layout)
            files.save_matrix(folder, given.layout, len(made.members), zip(made.members, made.weights, strict=True))

    before = dict(context.used)
    folder = context.stage("derive", identity, work, f"members of {entry.name}")
    # What it measured on the way belongs to the stage: a rerun, which only reads it, knows nothing of that.
    context.used = before | {f"derive/{identity}": context.used[f"derive/{identity}"]}
    found = files.load_population(folder, identity)
    found = with_own_buffers(found, given, context.task.build("cpu"), context.who(entry.component))
    return evolve(found, members=tuple(evolve(member, origin=entry.name) for member in found.members))


def _findings(context: Context, atlas: Atlas) -> Iterator[tuple[str, Finding]]:
    seen = sorted(context.used)  # all that the values were made from, whatever order they were read in
    for entry in (context.spec.fidelity, *context.spec.analysis):
        bench, asked = StudyBench(context, entry, atlas.noise), evolve(atlas, asking=entry.name)
        own = sum(member.origin == entry.name for member in atlas.population.members)
        who = [context.identity(entry.component), entry.name if own else ""]
        identity = key("analysis", FINDINGS, who, bench.seed, seen, _names(context, atlas))
        work = partial(_analyse, bench, asked)
        folder = context.stage("analysis", identity, work, entry.name)
        yield entry.name, loaded(read_json(folder / FINDING))


def _analyse(bench: StudyBench, atlas: Atlas, folder: Path, _: Progress) -> None:
    assert bench.asking is not None
    component, rng = bench.asking.component, generator(bench.seed, "analysis", bench.asking.use)
    with bench.context.blaming(component):
        found = component.analyse(atlas, bench, rng)
        write_json(folder / FINDING, plain(checked_finding(bench.context.who(component), found)))


def _names(context: Context, atlas: Atlas) -> list[list[Any]]:
    """Return what findings call things by, with what the names stand for; other stages know no names."""
    maps = [[one.name, one.identity, list(one.landscapes)] for one in atlas.maps]
    entries = (*context.spec.sampler, *context.spec.topology)
    return maps + [[entry.name, context.identity(entry.component)] for entry in entries]
