"""A map as a whole figure, and all maps side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from globscope.report.map.axis_labels import axis_labels
from globscope.report.map.captions import facts
from globscope.report.map.crop import crop_to_trusted
from globscope.report.map.draw_trajectories import draw_trajectories
from globscope.report.map.graph import draw_graph
from globscope.report.map.line_plot import draw_line_plot
from globscope.report.map.named_runs import named_runs
from globscope.report.map.scene import Scene
from globscope.report.map.slices import draw_slices, pairs
from globscope.report.map.surface import draw_surface
from globscope.report.style.labels import distinct_titles, name_points
from globscope.report.style.legend import Legend, colourbar, explain
from globscope.report.style.marks import critical_points, draw_marks, mark_names
from globscope.report.style.scale import colour_scale
from globscope.report.style.theme import ALONE, NARROW, Picture, house_style, panel_grid, write_headline
from globscope.spec.style import AUTO, WIDTHS, Style
from globscope.values.findings import Atlas, Map

COLOURED = ("surface", "slices")
# Inches of a picture of one map, and letters of a headline's sentences for each inch on the page.
SINGLE, LINE = 7.2, 12.8


def plot(
    map_: Map, atlas: Atlas | None = None, *, sampler: str | None = None, style: Style = AUTO, **options: Any
) -> Figure:
    """Return a map's landscape with the members' trajectories; without a landscape, those alone.

    Args:
        map_: The map.
        atlas: Whose maps share one colour scale; by default this map has its own.
        sampler: Which of the map's landscapes; by default the first.
        style: How the picture looks.
        options: What of the style is otherwise, such as `field="test_loss"` or `limits=(0.1, 3)`.

    Raises:
        RunError: An option does not exist, or cannot have its value.
    """
    atlas = atlas or Atlas(population=map_.population, truth={}, maps=(map_,))
    style = style.evolve(options)
    return plot_scene(Scene.of(map_, atlas, colour_scale(atlas, style), sampler, style))


def plot_scene(scene: Scene) -> Figure:
    """Return a scene as a figure of its own."""
    with house_style():
        figure, panels = panels_of(scene)
        legend = draw_map(panels, scene)
        write_headline(panels[0], scene.title, facts(scene), min(92, int(LINE * figure.sheet.natural)))
        if scene.kind in COLOURED:
            colourbar(figure, panels, scene.scale)
        explain(figure, legend)
    return figure


def plot_overview(scenes: Sequence[Scene], notes: Mapping[str, Sequence[str]]) -> Figure:
    """Return maps under one colour scale; `notes`, by map's name, stand below the titles."""
    legend: Legend = {}
    with house_style():
        figure, panels, _ = panel_grid(len(scenes), scenes[0].style, SINGLE)
        titles = distinct_titles([scene.map_.name for scene in scenes], 28)
        for axes, scene, title in zip(panels, scenes, titles, strict=True):
            legend |= draw_map([axes], scene)
            write_headline(axes, title, notes.get(scene.map_.name, ()), 58 if len(scenes) > 1 else 92, 28)
        if any(scene.kind in COLOURED for scene in scenes):
            colourbar(figure, panels, scenes[0].scale)
        explain(figure, legend)
    return figure


def panels_of(scene: Scene) -> tuple[Picture, list[Axes]]:
    """Return a figure with one panel, or with one for every pair of latent axes that is drawn where there are more."""
    count, along = len(pairs(scene.map_.chart.dimension)), scene.kind in ("line", "path")
    if count <= 1 or along:
        figure = Picture(SINGLE, 4.8 if along else 6.6, scene.style)
        return figure, [figure.add_subplot()]
    most = min(count, 3)
    across = min(most, max(1, int((scene.style.width or WIDTHS["page"]) // NARROW)))
    down = -(-count // across)
    figure = Picture(3.5 * across * (1 if across == most else ALONE), 3.3 * down + 1.2, scene.style)
    return figure, [figure.add_subplot(down, across, k + 1) for k in range(count)]


def draw_map(panels: Sequence[Axes], scene: Scene, *, faint: bool = False) -> Legend:
    """Draw one map as what it is: a landscape, its slices, a line plot, or trajectories alone."""
    if scene.kind == "members":
        return draw_members(panels, scene, faint=faint)
    if scene.kind in ("line", "path"):
        return draw_line_plot(panels[0], scene)
    if scene.kind == "slices":
        return draw_slices(panels, scene) | draw_members(panels, scene, faint=True)
    legend = draw_graph(panels[0], scene) if scene.is_graph else draw_surface(panels[0], scene.landscape, scene.scale)
    if scene.tree:
        tree = scene.tree.thinned[0] if scene.is_graph else scene.tree.topology.tree
        legend |= draw_marks(panels[0], critical_points(tree, scene.landscape.samples.points), mark_names(scene.field))
    legend |= draw_members(panels, scene, faint=faint)
    if scene.style.crop == "trusted" and not faint:
        crop_to_trusted(panels[0], scene)
    return legend


def draw_members(panels: Sequence[Axes], scene: Scene, *, faint: bool = False) -> Legend:
    """Draw the trajectories over one pair of latent axes a panel, or over the only axis."""
    if scene.map_.chart.dimension == 1:
        return _draw_steps(panels[0], scene)
    legend: Legend = {}
    for axes, (i, j) in zip(panels, pairs(scene.map_.chart.dimension), strict=False):
        legend |= draw_trajectories(axes, scene, (i, j), faint=faint)
        names = axis_labels(scene.map_)
        axes.set(xlabel=names[i], ylabel=names[j])
    return legend


def _draw_steps(axes: Axes, scene: Scene) -> Legend:
    """Draw a one-dimensional map's members against their place in the run."""
    trajectories = scene.trajectories
    for trajectory in trajectories:
        axes.plot(trajectory.points[:, 0], np.arange(len(trajectory.points)), "-o", ms=3, color=trajectory.tint)
    axes.margins(0.08)
    axes.set(xlabel=axis_labels(scene.map_)[0], ylabel="checkpoint of the run")
    if trajectories:
        ends = np.array([(trajectory.points[-1, 0], len(trajectory.points) - 1) for trajectory in trajectories])
        written = [(trajectory.label, trajectory.tint) for trajectory in trajectories]
        name_points(axes, written, ends, ends, rows=named_runs(scene, ends))
    return {}
