"""The derive stage: members that an analysis makes of the population before the maps are fitted."""

from pathlib import Path

from attrs import evolve

from globscope.population import files
from globscope.returned.results import checked_population
from globscope.roles import Bench
from globscope.spec.model import Entry
from globscope.store import key
from globscope.study.buffers import with_own_buffers
from globscope.study.context import Context
from globscope.study.seeds import generator
from globscope.study.stages.align import AlignerStage, aligners
from globscope.study.stages.evaluate import evaluation_key
from globscope.values.chart import Progress
from globscope.values.members import Population


def derive_members(bench: Bench, context: Context, entry: Entry, given: Population) -> Population:
    """Return the members that an analysis derives."""
    who = [context.identity(entry.component), *(AlignerStage.by(context, name).identity for name in aligners(entry))]
    identity = key("derive", who, evaluation_key(context, given.identity), bench.seed)

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
