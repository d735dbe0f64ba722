"""The pictures that analyses ask for, drawn in the report's style."""

from collections.abc import Sequence

from attrs import define
from matplotlib.figure import Figure

from globscope.report.map.scene import Scene, scenes_of
from globscope.report.pictures import heat_map, plots
from globscope.report.pictures.overlay import OnMap, plot_overlay
from globscope.spec.style import AUTO, Style
from globscope.values.findings import Atlas
from globscope.values.pictures import HeatMap, Overlay, Picture, Plot


@define(frozen=True, kw_only=True)
class Depiction:
    """A picture as a figure, with the text beside it.

    Attributes:
        figure: Drawing of the picture.
        missing: Sentences on parts of the picture that are not shown.
        alt_text: Alternative text for readers who cannot see it.
    """

    figure: Figure
    missing: Sequence[str]
    alt_text: str


def depict(picture: Picture, atlas: Atlas, scenes: Sequence[Scene] = (), style: Style = AUTO) -> Depiction:
    """Return a picture without a flaw as a figure.

    Args:
        picture: A picture of an analysis.
        atlas: The maps that the analysis looked at.
        scenes: Their scenes; by default they are made anew.
        style: How the picture looks.
    """
    if isinstance(picture, Overlay):
        overlay = OnMap.of(picture, scenes or scenes_of(atlas, style))
        return Depiction(figure=plot_overlay(overlay), missing=overlay.missing_points(), alt_text=overlay.alt_text())
    return depict_alone(picture, atlas.population.variants, style)


def depict_alone(picture: Plot | HeatMap, runs: Sequence[str] = (), style: Style = AUTO) -> Depiction:
    """Return a picture that lies over no map as a figure; a series named after a run has its colour."""
    if isinstance(picture, Plot):
        figure = plots.plot_series(picture, runs, style)
        return Depiction(figure=figure, missing=plots.missing_values(picture), alt_text=plots.alt_text(picture))
    figure = heat_map.plot_heat_map(picture, style)
    return Depiction(figure=figure, missing=heat_map.blank_cells(picture), alt_text=heat_map.alt_text(picture))


def flaw(picture: Picture, atlas: Atlas) -> str:
    """Return why a picture cannot be drawn; empty where it can."""
    if isinstance(picture, Overlay):
        return picture.flaw_on({map_.name: map_.chart.dimension for map_ in atlas.maps})
    return picture.flaw
