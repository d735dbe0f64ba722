"""The order of a study: population, truth, maps, landscapes, topology, findings."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import asdict, define

from globscope.population import files
from globscope.spec.model import Entry
from globscope.store import key, read_json, write_json
from globscope.study.bench import StudyBench, identified
from globscope.study.check import check
from globscope.study.context import Context
from globscope.study.fields import evaluate, measured
from globscope.study.members import population
from globscope.study.record import record
from globscope.study.seeds import generator
from globscope.values.chart import Progress
from globscope.values.evaluation import Networks
from globscope.values.findings import Atlas, Finding, Table
from globscope.values.members import Population

FINDING = "finding.json"


@define(frozen=True, kw_only=True)
class Outcome:
    """The values of a finished study.

    Attributes:
        atlas: Population, truth and maps.
        findings: By analysis' name; `fidelity` first.
        record: The results as one JSON object.
    """

    atlas: Atlas
    findings: Mapping[str, Finding]
    record: Mapping[str, Any]


def run(context: Context) -> Outcome:
    """Return a study's values; every stage that was finished before is read, not computed.

    Raises:
        GlobscopeError: With what to mend; what was computed stays.
    """
    check(context)
    bench = StudyBench(context)
    members = members_of(bench)
    own = Networks.of(members.weights, members.statistics)
    truth, _ = evaluate(context, own, key("truth", members.identity), "evaluate members")
    maps = tuple(bench.landscape(bench.fit(entry.name, members)) for entry in context.spec.reducer)
    atlas = Atlas(population=members, truth=truth, maps=maps, chance=getattr(context.task.build("cpu"), "chance", {}))
    findings = dict(_findings(bench, atlas))
    return Outcome(atlas=atlas, findings=findings, record=record(context, atlas, findings))


def members_of(bench: StudyBench) -> Population:
    """Return all members of a study, trained or read, and derived."""
    return _derived(bench, population(bench.context))


def _derived(bench: StudyBench, members: Population) -> Population:
    """Return the population with the members that analyses ask for before the map."""
    context = bench.context
    for entry in context.spec.analysis:
        if not hasattr(entry.component, "derive"):
            continue
        identity = key("derive", context.identity(entry.component), measured(context, members.identity), bench.seed)

        def work(folder: Path, _: Progress, entry: Entry = entry, members: Population = members) -> None:
            rng = generator(bench.seed, "derive", entry.use)
            with context.blaming(entry.component):
                made = entry.component.derive(context.task, members, bench, rng)
                pairs = zip(made.members, made.weights, strict=True)
                files.save(folder, members.layout, len(made.members), pairs)

        before = dict(context.used)
        folder = context.stage("derive", identity, work, f"members of {entry.name}")
        # What it measured on the way belongs to the stage: a rerun, which only reads it, knows nothing of that.
        context.used = before | {f"derive/{identity}": context.used[f"derive/{identity}"]}
        members = identified(members.joined(files.load(folder, identity)))
    return members


def _findings(bench: StudyBench, atlas: Atlas) -> Iterator[tuple[str, Finding]]:
    context = bench.context
    seen = sorted(context.used)  # all that the values were made from, whatever order they were read in
    for entry in (context.spec.fidelity, *context.spec.analysis):
        identity = key("analysis", context.identity(entry.component), bench.seed, seen, _names(context, atlas))

        def work(folder: Path, _: Progress, entry: Entry = entry) -> None:
            rng = generator(bench.seed, "analysis", entry.use)
            with context.blaming(entry.component):
                found = json.dumps(asdict(entry.component.analyse(atlas, bench, rng)), allow_nan=False)
            write_json(folder / FINDING, json.loads(found))

        folder = context.stage("analysis", identity, work, entry.name)
        yield entry.name, _finding(read_json(folder / FINDING))


def _names(context: Context, atlas: Atlas) -> list[list[Any]]:
    """Return what findings call things by, with what the names stand for; other stages know no names."""
    maps = [[one.name, one.identity, list(one.landscapes)] for one in atlas.maps]
    entries = (*context.spec.sampler, *context.spec.topology)
    return maps + [[entry.name, context.identity(entry.component)] for entry in entries]


def _finding(saved: Mapping[str, Any]) -> Finding:
    tables = [
        Table(**table | {"columns": tuple(table["columns"]), "rows": tuple(table["rows"])}) for table in saved["tables"]
    ]
    return Finding(tables=tuple(tables), warnings=tuple(saved["warnings"]), records=saved["records"])
