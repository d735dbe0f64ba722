"""The analysis stage: the finding of an analysis."""

from pathlib import Path
from typing import Any

from attrs import evolve

from globscope.pipeline.disk.json_values import checked_finding, finding_as_json, finding_from_json
from globscope.pipeline.stage_keys import Stage, generator
from globscope.pipeline.stages.align.pairs import aligner_keys
from globscope.pipeline.stages.evaluate import evaluation_key
from globscope.pipeline.workshop import Workshop
from globscope.returned.known_paths import check_paths
from globscope.roles import AnalysisTraits, Bench, traits
from globscope.spec.component_entry import Entry
from globscope.store import key, read_json, write_json
from globscope.values.chart import Progress
from globscope.values.findings import Atlas, Finding

FINDING = "finding.json"
# Raised when findings hold other things from the same analysis: 2, a comparison is declared; 3, known paths.
FINDINGS = 3


def analyse(workshop: Workshop, bench: Bench, entry: Entry, atlas: Atlas) -> Finding:
    """Return what an analysis finds in the atlas, at a bench of its own."""
    derives = any(member.origin == entry.name for member in atlas.population.members)
    component = [workshop.key_of(entry.component), *aligner_keys(workshop, entry), entry.name if derives else ""]
    atlas, figures = _visible_figures(entry, atlas)
    stage_key = key(Stage.ANALYSIS, FINDINGS, component, bench.seed, atlas_key(workshop, atlas), *figures)

    def work(folder: Path, _: Progress) -> None:
        rng = generator(bench.seed, "analysis", entry.use)
        with workshop.errors_of(entry.component):
            found = entry.component.analyse(evolve(atlas, asking=entry.name), bench, rng)
            found = checked_finding(workshop.label_of(entry.component), found)
            check_paths(workshop.label_of(entry.component), found, atlas)
            write_json(folder / FINDING, finding_as_json(found))

    return finding_from_json(read_json(workshop.stage(Stage.ANALYSIS, stage_key, work, entry.name) / FINDING))


def _visible_figures(entry: Entry, atlas: Atlas) -> tuple[Atlas, list[Any]]:
    """Return the atlas as an analysis sees it, and what of its key follows from figures of tables."""
    figures = [dict(member.figures) for member in atlas.population.members]
    if traits(entry.component, AnalysisTraits).figures:
        return atlas, [figures]
    if any(figures):
        atlas = evolve(atlas, population=atlas.population.with_figures({} for _ in figures))
    return atlas, []


def atlas_key(workshop: Workshop, atlas: Atlas) -> str:
    """Return the key of all values of an atlas, and of the names by which findings call them."""
    maps = [[map_.name, map_.kind, map_.key, list(map_.landscapes)] for map_ in atlas.maps]
    entries = (*workshop.spec.sampler, *workshop.spec.topology)
    names = [[entry.name, workshop.key_of(entry.component)] for entry in entries]
    return key(evaluation_key(workshop, atlas.population.key), maps, names)
