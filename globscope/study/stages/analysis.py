"""The analysis stage: the finding of an analysis."""

from pathlib import Path
from typing import Any

from attrs import evolve

from globscope.roles import Bench
from globscope.spec.model import Entry
from globscope.store import key, read_json, write_json
from globscope.study.context import Context
from globscope.study.disk.finding import checked_finding, loaded, plain
from globscope.study.seeds import generator
from globscope.values.chart import Progress
from globscope.values.findings import Atlas, Finding

FINDING = "finding.json"
# Raised when findings hold other things from the same analysis: 2, a comparison is declared.
FINDINGS = 2


def analyse(context: Context, bench: Bench, entry: Entry, atlas: Atlas, seen: list[str]) -> Finding:
    """Return what an analysis finds.

    Args:
        context: The study at work.
        bench: The analysis' own.
        entry: The analysis.
        atlas: What it looks at.
        seen: Keys of all that the atlas was made from.
    """
    own = sum(member.origin == entry.name for member in atlas.population.members)
    who = [context.identity(entry.component), entry.name if own else ""]
    identity = key("analysis", FINDINGS, who, bench.seed, seen, _names(context, atlas))

    def work(folder: Path, _: Progress) -> None:
        rng = generator(bench.seed, "analysis", entry.use)
        with context.blaming(entry.component):
            found = entry.component.analyse(evolve(atlas, asking=entry.name), bench, rng)
            write_json(folder / FINDING, plain(checked_finding(context.who(entry.component), found)))

    return loaded(read_json(context.stage("analysis", identity, work, entry.name) / FINDING))


def _names(context: Context, atlas: Atlas) -> list[list[Any]]:
    """Return what findings call things by, with what the names stand for; other stages know no names."""
    maps = [[one.name, one.identity, list(one.landscapes)] for one in atlas.maps]
    entries = (*context.spec.sampler, *context.spec.topology)
    return maps + [[entry.name, context.identity(entry.component)] for entry in entries]
