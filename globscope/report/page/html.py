"""The page: everything in one file that opens with no network."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import define
from jinja2 import Environment, PackageLoader, StrictUndefined

from globscope.report.map.captions import topology_of
from globscope.report.map.run_ends import ends
from globscope.report.page.compared_maps import compared_maps
from globscope.report.page.gallery import Shown
from globscope.report.style.text import cell, counted, heading, listed, number
from globscope.values.findings import Atlas, Cell, Map, Table
from globscope.visible import visible_lines


@define(frozen=True, kw_only=True)
class Section:
    """One map's part of the page.

    Attributes:
        drawn: The map.
        pictures: In order.
        facts: Name and value of what is known about the fit and the samples.
    """

    drawn: Map
    pictures: tuple[Shown, ...]
    facts: tuple[tuple[str, str], ...]


@define(frozen=True, kw_only=True)
class Source:
    """What one analysis found, or how one aligner learned, as the page shows it.

    Attributes:
        title: What the page calls it.
        warnings: Sentences that a reader must not miss.
        pictures: In order.
        undrawn: Sentences on those that cannot be drawn.
        tables: With the path of each one's file.
    """

    title: str
    warnings: tuple[str, ...] = ()
    pictures: tuple[Shown, ...] = ()
    undrawn: tuple[str, ...] = ()
    tables: tuple[tuple[Table, str], ...] = ()


def page(
    title: str,
    atlas: Atlas,
    sources: Sequence[Source],
    record: Mapping[str, Any],
    *,
    field: str,
    overviews: Sequence[Shown],
    sections: Sequence[Section],
    comparison_file: str | None,
) -> str:
    """Return the page's HTML; whatever comes from a spec or a plugin is escaped."""
    return environment().get_template("report.html.j2").render(
        title=title or "A GlobScope study",
        sentences=sentences(atlas, field),
        warnings=list(_warnings(sources, record)),
        overviews=overviews,
        comparison=compared_maps(record),
        groups=[source for source in sources if source.pictures or source.undrawn or source.tables],
        comparison_file=comparison_file,
        sections=sections,
        field=field,
        manifest=list(_manifest(record.get("manifest", {}))),
        spec=record.get("spec", ""),
    )  # fmt: skip


def _warnings(sources: Sequence[Source], record: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield what a reader must not miss, with whence it comes: members that came and went, then the findings'."""
    if "changes" in record:
        yield "members", record["changes"]["text"]
    yield from ((source.title, text) for source in sources for text in source.warnings)


def environment() -> Environment:
    """Return what fills the templates; whatever comes from a spec or a plugin is escaped."""
    found = Environment(
        loader=PackageLoader("globscope.report.page", "."),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"cell": cell, "heading": heading}
    return found


def _shown(value: Any) -> Any:
    """Return text without characters that do not show or turn the line around; markup of ours as it is."""
    return visible_lines(value) if type(value) is str else value


def sentences(atlas: Atlas, field: str) -> tuple[str, ...]:
    """Return in three sentences what the page shows."""
    who = atlas.population
    trained = sum(member.kind == "trained" for member in who.members)
    return (
        f"{counted(trained, 'checkpoint')} of {counted(len(who.variants), 'training run')} of a network with "
        f"{number(who.layout.size)} weights were placed on {counted(len(atlas.maps), 'map')} of few axes.",
        "Wherever a map can turn a point back into weights, that network was rebuilt and evaluated: "
        f"the colours are its measured {field}, not a model of it.",
        _result(atlas.maps, field),
    )


def _result(maps: Iterable[Map], field: str) -> str:
    told = []
    for drawn in maps:
        topology = topology_of(drawn, drawn.landscape, field)
        if drawn.landscape is not None and topology is not None:
            deep = f"{counted(len(topology.tree.minima), 'basin')} deeper than {number(topology.threshold)}"
            where = ends(drawn, drawn.landscape, topology)
            told.append(f"{drawn.name} has {deep}{', and ' if where else ''}{where}")
    return f"{'; '.join(told)}." if told else "No map has a landscape with a merge tree."


def section(drawn: Map, pictures: Iterable[Shown]) -> Section:
    """Return one map's part of the page."""
    return Section(drawn=drawn, pictures=tuple(pictures), facts=tuple(_facts(drawn)))


def _facts(drawn: Map) -> Iterable[tuple[str, str]]:
    chart = drawn.chart
    yield "latent axes", cell(chart.dimension)
    yield "inverse", _inverse(drawn)
    yield "fit, seconds", cell(drawn.seconds)
    for name, scape in drawn.landscapes.items():
        share = 1 - float(scape.trusted.mean()) if len(scape.trusted) else 0.0
        yield f"{name}: samples", cell(len(scape.samples.points))
        yield f"{name}: untrusted", f"{share:.0%}"
        for part, seconds in scape.seconds.items():
            yield f"{name}: {heading(part)}, seconds", cell(seconds)
    for key, value in chart.notes.items():
        yield heading(key), cell(value)


def _inverse(drawn: Map) -> str:
    if drawn.chart.decode is None:
        return drawn.hidden or drawn.chart.why_no_inverse or "none"
    return "exact on the members" if drawn.chart.exact_inverse else "approximate, even on the members"


def _manifest(entries: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Return each entry with what stands for it on the page: a text, pairs, or a table."""
    for name, value in entries.items():
        if isinstance(value, Mapping):
            yield name, [(key, _text(item)) for key, item in value.items()]
        elif isinstance(value, list | tuple) and value and all(isinstance(row, Mapping) for row in value):
            columns = tuple(dict.fromkeys(key for row in value for key in row))
            rows = tuple({key: _text(item) for key, item in row.items()} for row in value)
            yield name, Table(name=name, caption="", columns=columns, rows=rows)
        else:
            yield name, _text(value)


def _text(value: Any) -> Cell:
    if isinstance(value, Mapping):
        return listed(f"{key}: {_text(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(cell(_text(item)) for item in value)
    return value if value is None or isinstance(value, int | float) else str(value)
