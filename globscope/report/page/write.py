"""Writes a study's report: figures, tables, page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve

from globscope.pipeline.cost_table import cost_table
from globscope.report.explorer.page import write_explorer
from globscope.report.page.compared_maps import comparison_table
from globscope.report.page.files import TableFiles, write_values
from globscope.report.page.gallery import Gallery, Shown
from globscope.report.page.html import Contents, page
from globscope.report.page.section import Section, Source
from globscope.report.page.verdict import pair_table
from globscope.roles import Workers
from globscope.spec.style import AUTO, Style
from globscope.store import claim, remove_stale, times_written, write_bytes
from globscope.values.findings import Atlas, Finding
from globscope.workers import ThisProcess

PLACES = ("figures", "tables", "landscapes", "topology", "members")


def write_report(
    folder: Path,
    *,
    title: str,
    atlas: Atlas,
    findings: Mapping[str, Finding],
    learned: Mapping[str, Finding] | None = None,
    record: Mapping[str, Any],
    style: Style = AUTO,
    workers: Workers | None = None,
) -> Path:
    """Return the path of `report.html`, written with its figures and tables; each file whole or not at all.

    Args:
        folder: The run folder; gets `figures/`, `tables/`, `landscapes/`, `topology/`, `members/` and the page. What
            an earlier report left there, of reducers that are no longer in the spec, is removed, unless it was edited.
        title: Title of the study.
        atlas: Population and maps.
        findings: Findings by analysis' name.
        learned: How aligners learned, by aligner's name.
        record: The results as one JSON object, with `reducers`, `manifest` and `spec`.
        style: How pictures look; by default as an empty table [report] says.
        workers: Where figures are drawn; this process if unset.
    """
    claim(folder, "study")
    before, gallery = times_written(folder), Gallery.of(folder, atlas, style, workers or ThisProcess())
    records = {one["name"]: one for one in record.get("reducers", ())}
    overviews = filter(None, (gallery.overview(records), gallery.compare_profiles()) if atlas.maps else ())
    files, sections = TableFiles.of(folder), list[Section]()
    for scene in gallery.first_scenes:
        pictures, own = tuple(gallery.of_map(scene.map_)), evolve(atlas, maps=(scene.map_,)).explanations
        explanations = tuple(_source(title, finding, gallery, files) for title, finding in own.items())
        sections.append(Section(scene=scene, pictures=pictures, explanations=explanations))
    write_values(folder, atlas)
    tables = {"comparison": comparison_table(record), "costs": cost_table(record), "pairs": pair_table(record)}
    written = {name: files.write(table) for name, table in tables.items() if table is not None}
    titled = [*findings.items(), *((f"aligner {name}", finding) for name, finding in (learned or {}).items())]
    sources = [_source(title, finding, gallery, files) for title, finding in titled]
    gallery.draw()
    contents = Contents(overviews=tuple(overviews), sections=sections, sources=sources, files=written)
    html = page(folder, title, atlas, contents, record)
    write_explorer(folder, title, atlas, findings, record, style=style)
    path = folder / "report.html"
    write_bytes(path, html.encode())
    remove_stale(folder, before, PLACES)
    return path


def _source(title: str, finding: Finding, gallery: Gallery, files: TableFiles) -> Source:
    """Return what a finding shows, its pictures drawn and its tables written."""
    shown = list(gallery.of_finding(title, finding))
    return Source(
        title=title,
        warnings=finding.warnings,
        pictures=tuple(one for one in shown if isinstance(one, Shown)),
        undrawn=tuple(one for one in shown if isinstance(one, str)),
        tables=tuple((table, files.write(table, title)) for table in finding.tables),
    )
