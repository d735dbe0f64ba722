"""The derive stage: members that an analysis makes of the population before the maps are fitted."""

from pathlib import Path

from attrs import evolve

from globscope.pipeline.buffers import with_own_buffers
from globscope.pipeline.stage_keys import Stage, generator
from globscope.pipeline.stages.align.pairs import aligner_keys
from globscope.pipeline.stages.evaluate import evaluation_key
from globscope.pipeline.workshop import Workshop
from globscope.population import files
from globscope.returned.results import checked_population
from globscope.roles import Bench
from globscope.spec.component_entry import Entry
from globscope.store import key
from globscope.values.chart import Progress
from globscope.values.members import Population


def derive_members(bench: Bench, workshop: Workshop, entry: Entry, members: Population) -> Population:
    """Return the members that an analysis derives."""
    components = [workshop.key_of(entry.component), *aligner_keys(workshop, entry)]
    stage_key = key(Stage.DERIVE, components, evaluation_key(workshop, members.key), bench.seed)

    def work(folder: Path, _: Progress) -> None:
        rng = generator(bench.seed, "derive", entry.use)
        with workshop.errors_of(entry.component):
            made = entry.component.derive(workshop.task, members, bench, rng)
            checked_population(workshop.label_of(entry.component), made, members.layout)
            files.save_matrix(folder, members.layout, len(made.members), zip(made.members, made.weights, strict=True))

    folder = workshop.stage(Stage.DERIVE, stage_key, work, f"members of {entry.name}")
    found = files.load_population(folder, stage_key)
    found = with_own_buffers(found, members, workshop.task.build("cpu"), workshop.label_of(entry.component))
    return evolve(found, members=tuple(evolve(member, origin=entry.name) for member in found.members))
