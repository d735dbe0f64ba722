"""The pictures that analyses ask for, drawn as the rest of the report."""

from collections.abc import Sequence

from attrs import define
from matplotlib.figure import Figure

from globscope.report.pictures import heat_map, plots
from globscope.report.pictures.overlay import OnMap, plot_overlay
from globscope.report.style.scale import Scale, colour_scale
from globscope.values.findings import Atlas, Map
from globscope.values.pictures import HeatMap, Overlay, Picture, Plot


@define(frozen=True, kw_only=True)
class Depiction:
    """A picture as a figure, with what is said beside it.

    Attributes:
        figure: The figure.
        missing: In sentences, what of the picture is not shown.
        alt_text: For a reader who cannot see it.
    """

    figure: Figure
    missing: tuple[str, ...]
    alt_text: str


def depict(picture: Picture, atlas: Atlas, scale: Scale | None = None) -> Depiction:
    """Return a picture without a flaw as a figure.

    Args:
        picture: What an analysis asks for.
        atlas: What it looked at.
        scale: Of the colours of landscapes; by default that which all maps share.
    """
    if isinstance(picture, Overlay):
        overlay = OnMap.of(picture, atlas, scale or colour_scale(atlas))
        return Depiction(figure=plot_overlay(overlay), missing=tuple(overlay.missing()), alt_text=overlay.alt_text())
    return depict_alone(picture, atlas.population.variants)


def depict_alone(picture: Plot | HeatMap, runs: Sequence[str] = ()) -> Depiction:
    """Return a picture that lies over no map as a figure; series named after one of the runs have its colour."""
    if isinstance(picture, Plot):
        figure = plots.plot_series(picture, runs)
        return Depiction(figure=figure, missing=tuple(plots.missing(picture)), alt_text=plots.alt_text(picture))
    figure = heat_map.plot_heat_map(picture)
    return Depiction(figure=figure, missing=tuple(heat_map.missing(picture)), alt_text=heat_map.alt_text(picture))


def flaw(picture: Picture, atlas: Atlas) -> str:
    """Return why a picture cannot be drawn; empty where it can."""
    if isinstance(picture, Overlay):
        return picture.flaw_on({name: one.chart.dimension for name, one in _maps(atlas).items()})
    return picture.flaw


def _maps(atlas: Atlas) -> dict[str, Map]:
    return {one.name: one for one in atlas.maps}
