"""The explorer's file: template, style, scripts and data in one."""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from globscope.report.explorer.blocks import Blocks, as_text
from globscope.report.explorer.look import look
from globscope.report.explorer.study_data import study_data
from globscope.spec.style import AUTO, DEPTH as OURS, Style
from globscope.store import write_bytes
from globscope.values.findings import Atlas, Finding

EXPLORER = "explorer.html"
LARGE = 10 * 10**6  # bytes
# In the order in which they stand in the page: each uses only those before it as the page starts. Folders say what
# scripts are about: the merge tree (no DOM), the study and what follows from it, the page, what pictures have in
# common, the pictures beside the map, tables, controls, the map.
SCRIPTS = (
    "topology/neighbours",
    "topology/sweep",
    "topology/merge_tree",
    "topology/passes",
    "study/data",
    "page/state",
    "page/dom",
    "study/names",
    "study/namesakes",
    "drawing/colours",
    "study/derive",
    "study/basin_names",
    "drawing/scales",
    "page/exports",
    "drawing/figure",
    "diagrams/tree_layout",
    "diagrams/tree",
    "diagrams/persistence",
    "diagrams/profile",
    "study/pass_course",
    "diagrams/pass_words",
    "diagrams/pass_drawing",
    "diagrams/pass",
    "tables/csv",
    "tables/table_parts",
    "tables/table_cells",
    "tables/basins",
    "tables/runs",
    "tables/members",
    "tables/samples",
    "page/choices",
    "controls/control_parts",
    "controls/threshold",
    "controls/playback",
    "controls/all_controls",
    "page/verdict",
    "page/help",
    "page/keyboard",
    "page/link",
    "drawing/svg_context",
    "drawing/frame",
    "drawing/contours",
    "drawing/isosurface",
    "drawing/sheets",
    "drawing/heat",
    "drawing/marks",
    "map/runs_on_map",
    "map/view",
    "map/axes",
    "map/key",
    "map/surface",
    "map/overlay",
    "map/points",
    "map/line",
    "map/network",
    "drawing/space_gl",
    "map/space",
    "map/tooltip",
    "map/gestures",
    "map/pointer",
    "map/tools",
    "map/large_map",
    "map/minis",
    "page/main",
)


def write_explorer(
    folder: Path,
    title: str,
    atlas: Atlas,
    findings: Mapping[str, Finding],
    record: Mapping[str, Any],
    *,
    style: Style = AUTO,
) -> Path:
    """Write the explorer of a study to its run folder, and return its path."""
    blocks = Blocks()
    study = study_data(title, atlas, findings, record, blocks, style=style)
    return write_explorers(folder, title, [(study | {"places": blocks.places}, blocks.text)])


def write_explorers(folder: Path, title: str, studies: Sequence[tuple[Mapping[str, Any], str]]) -> Path:
    """Write one explorer of several studies to a folder, and return its path.

    Args:
        folder: Where it goes.
        title: Title of the page.
        studies: What `study_data` describes, with the places of the arrays and these as text, of each.
    """
    path = folder / EXPLORER
    write_bytes(path, explorer(title, [data for data, _ in studies], [content for _, content in studies]).encode())
    return path


def explorer_warning(folder: Path) -> str:
    """Return a sentence if the explorer in a folder is too large to be mailed or to open at once; otherwise nothing."""
    path = folder / EXPLORER
    size = path.stat().st_size if path.is_file() else 0
    return f"{path} has {size / 10**6:.0f} MB: a coarser grid or fewer maps make it smaller" if size > LARGE else ""


def explorer(title: str, studies: Sequence[Mapping[str, Any]], contents: Sequence[str]) -> str:
    """Return the page of one or several studies, each with its arrays as text."""
    templates = Environment(
        loader=PackageLoader("globscope.report.explorer", "assets"), autoescape=True, undefined=StrictUndefined
    )
    return templates.get_template("explorer.html.j2").render(
        title=title,
        style=Markup(_asset("explorer.css")),  # noqa: S704 - our own file
        code=as_text("\n".join(_code(f"{name}.js") for name in SCRIPTS).encode()),
        studies=Markup(_as_json(studies)),  # noqa: S704 - escaped for a script element
        look=Markup(_as_json(look(_colours(studies)))),  # noqa: S704 - our own colours
        contents=contents,
    )


def _colours(studies: Sequence[Mapping[str, Any]]) -> str:
    """Return the colour map that all studies ask for; ours where they differ, since one page has one."""
    asked = {study.get("colours", OURS) for study in studies}
    return asked.pop() if len(asked) == 1 else OURS


def _as_json(value: object) -> str:
    """Return JSON that cannot end the script element in which it stands."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _code(name: str) -> str:
    """Return a script without indentation, empty lines and lines of comments: a fifth less to mail."""
    lines = map(str.strip, _asset(name).splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def _asset(name: str) -> str:
    return (files("globscope.report.explorer") / "assets" / name).read_text("utf-8")
