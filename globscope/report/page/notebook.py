"""A study and its result as a notebook shows them: what the page begins with, in few lines."""

import base64
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from globscope.report.page.compared_maps import compared_maps
from globscope.spec.study_spec import Spec
from globscope.values.notebook import facts_html, folded_html, list_html, paragraph_html, table_html

OVERVIEW = "figures/overview.png"


def result_html(record: Mapping[str, Any], report: Path) -> str:
    """Return the verdict, the overview, the warnings and the comparison of the maps, whole in the notebook's file.

    Args:
        record: The results as one JSON object.
        report: Path of the report, beside whose figures the overview lies.
    """
    return "".join(_parts(record, report))


def _parts(record: Mapping[str, Any], report: Path) -> Iterator[str]:
    verdict, warnings = record.get("verdict") or {}, record.get("warnings", ())
    yield f"<p><strong>{escape(record['title'] or report.parent.name)}</strong></p>"
    yield paragraph_html(f"{verdict.get('headline', '')} {verdict.get('summary', '')}".strip())
    if (picture := report.parent / OVERVIEW).is_file():
        image = base64.b64encode(picture.read_bytes()).decode()
        yield f'<img style="max-width:100%" alt="Overview of all maps" src="data:image/png;base64,{image}">'
    yield folded_html(f"Warnings: {len(warnings)}", list_html("", warnings)) if warnings else ""
    if compared := compared_maps(record):
        rows = [
            {"": row.figure.label} | dict(zip(compared.names, row.cells, strict=True)) for row in compared.rows
        ]  # fmt: skip
        yield folded_html("The maps side by side", table_html({name: name for name in ("", *compared.names)}, rows))
    yield f"<p>Report: {escape(str(report))}</p>"


def study_html(spec: Spec, title: str, folder: Path) -> str:
    """Return what a study maps, how, and where its results go."""
    source = spec.population
    runs = len(source.runs()) if source.train is not None else None
    about = (
        ("spec", spec.source),
        ("run folder", folder),
        ("task", spec.task.use),
        ("networks", f"{runs} training runs" if runs else "checkpoints that are read"),
        ("maps", ", ".join(entry.name for entry in spec.reducer)),
        ("samplers", ", ".join(entry.name for entry in spec.sampler)),
        ("merge trees", ", ".join(entry.name for entry in spec.topology)),
        ("analyses", ", ".join(entry.name for entry in spec.analysis)),
    )
    return facts_html(title, about)
