"""The page: everything in one file that opens with no network."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from attrs import define
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from globscope.pipeline.map_comparison import UPPER_BOUNDS
from globscope.report.map.scene import Scene
from globscope.report.page.compared_maps import compared_maps
from globscope.report.page.embedded import EmbeddedPictures
from globscope.report.page.gallery import Shown
from globscope.report.page.manifest import costs, manifest
from globscope.report.page.scale_warnings import scale_warnings
from globscope.report.page.section import Section, Source
from globscope.report.page.verdict import CARDS, pair_matrix, pair_table
from globscope.report.style.text import cell_text, count_noun, join_words, spell_number
from globscope.values.field import column_heading
from globscope.values.findings import Atlas, Table
from globscope.values.number import number
from globscope.visible import visible_lines

# A key of several words within a sentence; what stands in backticks or after a point is a name of its own.
KEY = re.compile(r"(?<![`.\w])[a-z]+(?:_[a-z]+)+\b")
CODE = re.compile(r"`([^`]+)`")
# Of more warnings of searches than this, the head of the page has the number alone.
MOST_OF_SEARCHES = 12
# Of more warnings, the others are folded; of longer tables, all rows.
WARNINGS, ROWS = 4, 12
# Of still longer tables, the page has the first rows alone: thousands would make it slow to open.
SHOWN_ROWS = 200


@define(frozen=True, kw_only=True)
class Contents:
    """All that a study's page shows.

    Attributes:
        overviews: Pictures of all maps.
        sections: The part of each map.
        sources: What analyses found, and how aligners learned.
        files: Paths of the CSV files of `comparison`, `costs` and `pairs`, for those that there are.
    """

    overviews: Sequence[Shown]
    sections: Sequence[Section]
    sources: Sequence[Source]
    files: Mapping[str, str]

    @property
    def pictures(self) -> Iterator[Shown]:
        """Every picture, in the page's order."""
        yield from self.overviews
        for section in self.sections:
            yield from section.pictures
            yield from (shown for source in section.explanations for shown in source.pictures)
        yield from (shown for source in self.sources for shown in source.pictures)


def page(folder: Path, title: str, atlas: Atlas, contents: Contents, record: Mapping[str, Any]) -> str:
    """Return the page's HTML, with the folder's pictures in it; whatever comes from a spec or a plugin is escaped."""
    names = {key: field.name for key, field in atlas.fields.items()}
    sections, sources = contents.sections, contents.sources
    searches = [one for section in sections for one in section.explanations if one.warnings]
    few = sum(len(one.warnings) for one in searches) <= MOST_OF_SEARCHES
    scenes, verdict = [section.scene for section in sections], record.get("verdict")
    warnings = [*_warnings([*sources, *(searches if few else ())], record), *([] if few else [_summary(searches)])]
    pictures = EmbeddedPictures.of(folder, contents.pictures)
    return environment(names, pictures).get_template("report.html.j2").render(
        title=title or "A GlobScope study",
        sentences=sentences(atlas, scenes),
        verdict=verdict,
        cards=CARDS,
        anchors={section.scene.map_.name: f"map-{at}" for at, section in enumerate(sections, 1)},
        matrix=pair_matrix(verdict) if verdict else None,
        pairs=pair_table(record),
        warnings=[*warnings, *(("pictures", text) for text in scale_warnings(scenes))],
        most_warnings=WARNINGS,
        few_warnings=few,
        overviews=contents.overviews,
        comparison=compared_maps(record),
        upper_bounds=UPPER_BOUNDS,
        groups=[source for source in sources if source.pictures or source.undrawn or source.tables],
        files=contents.files,
        costs=costs(record),
        sections=sections,
        manifest=list(manifest(record.get("manifest", {}), names)),
        spec=record.get("spec", ""),
        note=pictures.note,
    )  # fmt: skip


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


def environment(names: Mapping[str, str], pictures: EmbeddedPictures) -> Environment:
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
    templates.globals |= {"sources": pictures.sources, "most_rows": ROWS, "shown_rows": SHOWN_ROWS}
    templates.filters["cell"] = lambda value: cell_text(names.get(value, value) if isinstance(value, str) else value)
    templates.filters["heading"] = partial(column_heading, names=names)
    templates.filters["caption"] = partial(_caption, names)
    templates.filters["code"] = _with_code
    return templates


def _caption(names: Mapping[str, str], table: Table) -> Markup:
    """Return a table's caption that calls columns, and what several of them begin with, as the headings do."""
    begun = {key.rsplit("_", cut)[0] for key in table.columns for cut in range(key.count("_") + 1)}
    return _with_code(KEY.sub(lambda key: column_heading(key[0], names) if key[0] in begun else key[0], table.caption))


def _with_code(text: str) -> Markup:
    """Return text in which what stands between backticks, such as an option or a cell, is marked as code."""
    escaped = str(escape(visible_lines(text)))
    return Markup(CODE.sub(r"<code>\1</code>", escaped))  # noqa: S704 - escaped, but for our own mark


def _make_visible(value: Any) -> Any:
    """Return text without characters that do not show or turn the line around; markup of ours as it is."""
    return visible_lines(value) if type(value) is str else value


def sentences(atlas: Atlas, scenes: Sequence[Scene]) -> tuple[str, ...]:
    """Return in two sentences what the page shows."""
    population = atlas.population
    checkpoints = count_noun(sum(member.kind == "trained" for member in population.members), "checkpoint")
    runs, colours = count_noun(len(population.variants), "training run"), ""
    if scenes:
        colours = f": the colours show {scenes[0].field.name} that was measured, not predicted"
    return (
        f"{checkpoints} of {runs} of a network with {number(population.layout.size)} weights were placed on "
        f"{_maps(scenes)}.",
        f"On maps that can decode, every sample was decoded into a network and evaluated{colours}.",
    )


def _maps(scenes: Sequence[Scene]) -> str:
    """Return how many maps there are of each number of latent axes."""
    dimensions = Counter(scene.map_.chart.dimension for scene in scenes)
    counts = (
        f"{spell_number(count)} {spell_number(axes)}-dimensional map{'' if count == 1 else 's'}"
        for axes, count in sorted(dimensions.items())
    )
    return join_words(counts) if scenes else "no map"
