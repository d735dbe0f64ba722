"""Writes a study's report: figures, tables, page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from globscope.report.page.arrays import write_values
from globscope.report.page.gallery import Gallery
from globscope.report.page.html import page, section
from globscope.report.page.tables import write_tables
from globscope.report.style.scale import present
from globscope.store import claim, remove_stale, times_written, write_bytes
from globscope.values.findings import Atlas, Finding

PLACES = ("figures", "tables", "landscapes", "topology", "members")


def write_report(
    folder: Path,
    *,
    title: str,
    atlas: Atlas,
    findings: Mapping[str, Finding],
    record: Mapping[str, Any],
    field: str = "train_loss",
) -> Path:
    """Return the path of `report.html`, written with its figures and tables; each file whole or not at all.

    Args:
        folder: The run folder; gets `figures/`, `tables/`, `landscapes/`, `topology/`, `members/` and the page. What
            an earlier report left there, of reducers that are no longer in the spec, is removed, unless it was edited.
        title: Of the study.
        atlas: Population and maps.
        findings: By analysis' name.
        record: The results as one JSON object, with `reducers`, `manifest` and `spec`.
        field: What the colours show; where no landscape has it, their first field.
    """
    claim(folder, "study")
    field, before = present(atlas.maps, field), times_written(folder)
    gallery = Gallery.of(folder, atlas, field)
    records = {one["name"]: one for one in record.get("reducers", ())}
    overviews = filter(None, (gallery.overview(atlas, records), gallery.compared(atlas)) if atlas.maps else ())
    sections = [section(drawn, gallery.of_map(drawn)) for drawn in atlas.maps]
    write_values(folder, atlas)
    files = write_tables(folder, findings)
    pictures = {name: tuple(gallery.of_finding(name, finding, atlas)) for name, finding in findings.items()}
    html = page(
        title,
        atlas,
        findings,
        record,
        field=field,
        overviews=tuple(overviews),
        sections=sections,
        files=files,
        pictures=pictures,
    )
    path = folder / "report.html"
    write_bytes(path, html.encode())
    remove_stale(folder, before, PLACES)
    return path
