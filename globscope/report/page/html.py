"""The page: everything in one file that opens with no network."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import define
from jinja2 import Environment, PackageLoader, StrictUndefined

from globscope.report.map.scene import Scene
from globscope.report.page.compared_maps import compared_maps
from globscope.report.page.gallery import Shown
from globscope.report.style.text import cell, counted, listed, number, spelled
from globscope.values.field import in_words
from globscope.values.findings import Atlas, Cell, Map, Table
from globscope.visible import visible_lines


@define(frozen=True, kw_only=True)
class Section:
    """One map's part of the page.

    Attributes:
        scene: The map with its first landscape.
        pictures: In order.
        facts: Name and value of what is known about the fit and the samples.
    """

    scene: Scene
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
    overviews: Sequence[Shown],
    sections: Sequence[Section],
    comparison_file: str | None,
) -> str:
    """Return the page's HTML; whatever comes from a spec or a plugin is escaped."""
    names = {key: field.name for key, field in atlas.fields.items()}
    return environment(names).get_template("report.html.j2").render(
        title=title or "A GlobScope study",
        sentences=sentences(atlas, [section.scene for section in sections]),
        warnings=list(_warnings(sources, record)),
        overviews=overviews,
        comparison=compared_maps(record),
        groups=[source for source in sources if source.pictures or source.undrawn or source.tables],
        comparison_file=comparison_file,
        sections=sections,
        manifest=list(_manifest(record.get("manifest", {}))),
        spec=record.get("spec", ""),
    )  # fmt: skip


def _warnings(sources: Sequence[Source], record: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield what a reader must not miss, with whence it comes: members that came and went, then the findings'."""
    if "changes" in record:
        yield "members", record["changes"]["text"]
    yield from ((source.title, text) for source in sources for text in source.warnings)


def environment(names: Mapping[str, str]) -> Environment:
    """Return what fills the templates; whatever comes from a spec or a plugin is escaped.

    A table's heading or cell that is one of the keys of `names` is shown as that name.
    """
    found = Environment(
        loader=PackageLoader("globscope.report.page", "."),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["cell"] = lambda value: cell(names.get(value, value) if isinstance(value, str) else value)
    found.filters["heading"] = lambda key: names.get(key) or in_words(key)
    return found


def _shown(value: Any) -> Any:
    """Return text without characters that do not show or turn the line around; markup of ours as it is."""
    return visible_lines(value) if type(value) is str else value


def sentences(atlas: Atlas, scenes: Sequence[Scene]) -> tuple[str, ...]:
    """Return in three sentences what the page shows."""
    population = atlas.population
    trained = sum(member.kind == "trained" for member in population.members)
    shown = f"the colours show {scenes[0].field.name} that was measured, not predicted." if scenes else ""
    return (
        f"{counted(trained, 'checkpoint')} of {counted(len(population.variants), 'training run')} of a network with "
        f"{number(population.layout.size)} weights were placed on {_maps(scenes)}.",
        f"Wherever a map can turn a point back into weights, that network was rebuilt and evaluated: {shown}",
        _result(scenes),
    )


def _maps(scenes: Sequence[Scene]) -> str:
    """Return how many maps there are of each number of latent axes."""
    dimensions = Counter(scene.map_.chart.dimension for scene in scenes)
    counts = (
        f"{spelled(count)} {spelled(axes)}-dimensional map{'' if count == 1 else 's'}"
        for axes, count in sorted(dimensions.items())
    )
    return listed(counts) if scenes else "no map"


def _result(scenes: Sequence[Scene]) -> str:
    results = []
    for scene in scenes:
        if scene.tree is not None:
            topology, ends = scene.tree.topology, scene.tree.run_ends
            deep = f"{counted(len(topology.tree.minima), 'basin')} deeper than {number(topology.threshold)}"
            results.append(f"{scene.map_.name} has {deep}{', and ' if ends else ''}{ends}")
    return f"{'; '.join(results)}." if results else "No map has a landscape with a merge tree."


def section(scene: Scene, pictures: Iterable[Shown]) -> Section:
    """Return one map's part of the page."""
    return Section(scene=scene, pictures=tuple(pictures), facts=tuple(_facts(scene.map_)))


def _facts(map_: Map) -> Iterable[tuple[str, str]]:
    chart = map_.chart
    yield "latent axes", cell(chart.dimension)
    yield "inverse", _inverse(map_)
    yield "fit, seconds", cell(map_.seconds)
    for name, landscape in map_.landscapes.items():
        share = 1 - float(landscape.trusted.mean()) if len(landscape.trusted) else 0.0
        yield f"{name}: samples", cell(len(landscape.samples.points))
        yield f"{name}: untrusted", f"{share:.0%}"
        for part, seconds in landscape.seconds.items():
            yield f"{name}: {in_words(part)}, seconds", cell(seconds)
    for key, value in chart.notes.items():
        yield in_words(key), cell(value)


def _inverse(map_: Map) -> str:
    if map_.chart.decode is None:
        return map_.hidden or map_.chart.why_no_inverse or "none"
    return "exact on the members" if map_.chart.exact_inverse else "approximate, even on the members"


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
