"""The explain stage: what a sampler found on a map, in its own words."""

from pathlib import Path

from attrs import evolve

from globscope.errors import PluginError
from globscope.pipeline.disk.json_values import checked_finding, finding_as_json, finding_from_json
from globscope.pipeline.map_sampler import MapSampler
from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.workshop import Workshop
from globscope.roles import Explains, capability
from globscope.store import key, read_json, write_json
from globscope.values.chart import Progress
from globscope.values.findings import Finding, Map
from globscope.values.landscape import Landscape
from globscope.values.pictures import Overlay

FINDING = "finding.json"


def explain(
    workshop: Workshop, fitted: Map, sampler: MapSampler, landscape: Landscape, landscape_key: str
) -> Finding | None:
    """Return what a sampler found in its landscape of a map; None where it explains nothing."""
    explaining = capability(sampler.asked, Explains)
    if explaining is None:
        return None

    def work(folder: Path, _: Progress) -> None:
        label = workshop.label_of(sampler.entry.component)
        with workshop.errors_of(sampler.entry.component):
            found = checked_finding(f"{label}: explain", explaining.explain(fitted.chart, landscape))
        if found.records or found.comparison:
            raise PluginError(f"{label}: explain: has records or a comparison, which only analyses have")
        write_json(folder / FINDING, finding_as_json(found))

    stage_key = key(Stage.EXPLAIN, workshop.key_of(sampler.entry.component), landscape_key)
    folder = workshop.stage(Stage.EXPLAIN, stage_key, work, f"explain {fitted.name}, {sampler.entry.name}")
    found = finding_from_json(read_json(folder / FINDING))
    pictures = (
        evolve(one, map=fitted.name) if isinstance(one, Overlay) and not one.map else one for one in found.pictures
    )
    return evolve(found, pictures=tuple(pictures))
