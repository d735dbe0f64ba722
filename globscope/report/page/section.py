"""The parts of the page that show one map, and what one analysis found."""

from collections.abc import Iterable

from attrs import define

from globscope.report.map.scene import Scene
from globscope.report.page.gallery import Shown
from globscope.report.style.text import cell_text
from globscope.values.field import in_words
from globscope.values.findings import Map, Table


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

    @property
    def summary(self) -> str:
        """The map in a clause: its basins and where the runs end, or why it has none."""
        if self.scene.tree is None:
            return self.scene.map_.hidden or "no merge tree"
        return self.scene.tree.summary


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
