"""The page: everything in one file that opens with no network."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from attrs import define, fields
from jinja2 import Environment, PackageLoader, StrictUndefined

from globscope.report.map.scene import Scene
from globscope.report.map.tree_scene import TreeScene
from globscope.report.page.compared_maps import compared_maps
from globscope.report.page.gallery import Shown
from globscope.report.style.text import cell_text, count_noun, join_words, number, spell_number
from globscope.study.cost_table import HEADINGS, cost_table, cost_texts
from globscope.study.map_comparison import UPPER_BOUNDS
from globscope.values.cost import Cost
from globscope.values.field import column_heading, in_words
from globscope.values.findings import Atlas, Cell, Map, Table
from globscope.visible import visible_lines

# A key of several words within a sentence; what stands in backticks or after a point is a name of its own.
KEY = re.compile(r"(?<![`.\w])[a-z]+(?:_[a-z]+)+\b")
# Of more warnings of searches than this, the head of the page has the number alone.
MOST_OF_SEARCHES = 12
# Of a stage in the manifest: what a table of its own shows.
COSTS = {field.name for field in fields(Cost)}


@define(frozen=True, kw_only=True)
class Section:
    """One map's part of the page.

    Attributes:
        scene: The map with its first landscape.
        pictures: Pictures of its landscapes, trees and profiles, in the page's order.
        explanations: What its samplers found.
    """

    scene: Scene
    pictures: tuple[Shown, ...]
    explanations: "tuple[Source, ...]" = ()

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Pairs of name and value about the fit and the samples."""
        return list(_facts(self.scene.map_))


@define(frozen=True, kw_only=True)
class Source:
    """What one analysis or sampler found, or how one aligner learned, as the page shows it.

    Attributes:
        title: Heading of its part of the page.
        warnings: Sentences that a reader must not miss.
        pictures: Pictures in the page's order.
        undrawn: Sentences on pictures that cannot be drawn.
        tables: Each with the path of its CSV file.
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
    costs_file: str | None,
) -> str:
    """Return the page's HTML; whatever comes from a spec or a plugin is escaped."""
    names = {key: field.name for key, field in atlas.fields.items()}
    searches = [one for section in sections for one in section.explanations if one.warnings]
    few = sum(len(one.warnings) for one in searches) <= MOST_OF_SEARCHES
    return environment(names).get_template("report.html.j2").render(
        title=title or "A GlobScope study",
        sentences=sentences(atlas, [section.scene for section in sections]),
        warnings=[*_warnings([*sources, *(searches if few else ())], record), *([] if few else [_summary(searches)])],
        few_warnings=few,
        overviews=overviews,
        comparison=compared_maps(record),
        upper_bounds=UPPER_BOUNDS,
        groups=[source for source in sources if source.pictures or source.undrawn or source.tables],
        comparison_file=comparison_file,
        costs=_costs(record),
        costs_file=costs_file,
        sections=sections,
        manifest=list(_manifest(record.get("manifest", {}), names)),
        spec=record.get("spec", ""),
    )  # fmt: skip


def _costs(record: Mapping[str, Any]) -> Table | None:
    """Return what the stages cost, in units for people; None where results list no stage."""
    table = cost_table(record)
    if table is None:
        return None
    rows = tuple(dict(zip(HEADINGS, texts, strict=True)) for texts in cost_texts(table.rows))
    return Table(name="what the stages cost", caption=table.caption, columns=HEADINGS, rows=rows)


def _warnings(sources: Sequence[Source], record: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Yield pairs of source and warning: what the members are, which came and went, and what the analyses warn of."""
    if record.get("null"):
        yield "members", record["null"]
    if "changes" in record:
        yield "members", record["changes"]["text"]
    yield from ((source.title, text) for source in sources for text in source.warnings)


def _summary(searches: Sequence[Source]) -> tuple[str, str]:
    """Return a source and one warning in place of those of many searches."""
    count, of = sum(len(one.warnings) for one in searches), count_noun(len(searches), "search", "searches")
    return "samplers", f"{count} warnings of {of} stand beside their tables, in the sections of the maps"


def environment(names: Mapping[str, str]) -> Environment:
    """Return what fills the templates; whatever comes from a spec or a plugin is escaped.

    A table's heading or cell that is one of the keys of `names` is shown as that name.
    """
    templates = Environment(
        loader=PackageLoader("globscope.report.page", "."),
        autoescape=True,
        finalize=_make_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["cell"] = lambda value: cell_text(names.get(value, value) if isinstance(value, str) else value)
    templates.filters["heading"] = partial(column_heading, names=names)
    templates.filters["caption"] = partial(_caption, names)
    return templates


def _caption(names: Mapping[str, str], table: Table) -> str:
    """Return a table's caption that calls columns, and what several of them begin with, as the headings do."""
    begun = {key.rsplit("_", cut)[0] for key in table.columns for cut in range(key.count("_") + 1)}
    return KEY.sub(lambda key: column_heading(key[0], names) if key[0] in begun else key[0], table.caption)


def _make_visible(value: Any) -> Any:
    """Return text without characters that do not show or turn the line around; markup of ours as it is."""
    return visible_lines(value) if type(value) is str else value


def sentences(atlas: Atlas, scenes: Sequence[Scene]) -> tuple[str, ...]:
    """Return in a few sentences what the page shows, and what its count of basins means."""
    population = atlas.population
    checkpoints = count_noun(sum(member.kind == "trained" for member in population.members), "checkpoint")
    runs, colours = count_noun(len(population.variants), "training run"), ""
    if scenes:
        colours = f": the colours show {scenes[0].field.name} that was measured, not predicted"
    return (
        f"{checkpoints} of {runs} of a network with {number(population.layout.size)} weights were placed on "
        f"{_maps(scenes)}.",
        f"On maps that can decode, every sample was decoded into a network and evaluated{colours}.",
        *_result(scenes),
    )


def _maps(scenes: Sequence[Scene]) -> str:
    """Return how many maps there are of each number of latent axes."""
    dimensions = Counter(scene.map_.chart.dimension for scene in scenes)
    counts = (
        f"{spell_number(count)} {spell_number(axes)}-dimensional map{'' if count == 1 else 's'}"
        for axes, count in sorted(dimensions.items())
    )
    return join_words(counts) if scenes else "no map"


def _result(scenes: Sequence[Scene]) -> tuple[str, ...]:
    results = [_basins(scene.map_.name, scene.tree) for scene in scenes if scene.tree is not None]
    return (f"On {'; on '.join(results)}.", UPPER_BOUNDS) if results else ("No map has a landscape with a merge tree.",)


def _basins(name: str, tree: TreeScene) -> str:
    """Return how many basins a map has at its threshold, and in how many the runs end."""
    deep = count_noun(len(tree.topology.tree.minima), "basin")
    ends = f", and {tree.run_ends}" if tree.run_ends else ""
    return f"map {name}, the merge tree has {deep} deeper than {number(tree.topology.threshold)}{tree.apart}{ends}"


def _facts(map_: Map) -> Iterable[tuple[str, str]]:
    chart = map_.chart
    yield "latent axes", cell_text(chart.dimension)
    yield "inverse", _inverse(map_)
    yield "fit, seconds", cell_text(map_.seconds)
    for name, landscape in map_.landscapes.items():
        share = 1 - float(landscape.trusted.mean()) if len(landscape.trusted) else 0.0
        yield f"{name}: samples", cell_text(len(landscape.samples.points))
        yield f"{name}: untrusted", f"{share:.0%}"
        for part, seconds in landscape.seconds.items():
            yield f"{name}: {in_words(part)}, seconds", cell_text(seconds)
    for key, value in chart.notes.items():
        yield in_words(key), cell_text(value)


def _inverse(map_: Map) -> str:
    if map_.chart.decode is None:
        return map_.hidden or map_.chart.why_no_inverse or "none"
    return "exact on the members" if map_.chart.exact_inverse else "approximate, even on the members"


def _manifest(entries: Mapping[str, Any], names: Mapping[str, str]) -> Iterable[tuple[str, Any]]:
    """Yield each entry with its form on the page: a text, pairs, or a table; `names` are those of fields."""
    for name, value in entries.items():
        if isinstance(value, Mapping):
            yield name, [(key, _text(item, names)) for key, item in value.items()]
        elif isinstance(value, list | tuple) and value and all(isinstance(row, Mapping) for row in value):
            columns = tuple(dict.fromkeys(key for row in value for key in row if key not in COSTS))
            rows = tuple({key: _text(item, names) for key, item in row.items()} for row in value)
            yield name, Table(name=name, caption="", columns=columns, rows=rows)
        else:
            yield name, _text(value, names)


def _text(value: Any, names: Mapping[str, str]) -> Cell:
    if isinstance(value, Mapping):
        return join_words(f"{names.get(key) or in_words(key)}: {_text(item, names)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(cell_text(_text(item, names)) for item in value)
    return value if value is None or isinstance(value, int | float) else str(value)
