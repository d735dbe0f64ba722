"""A landscape over three latent axes in space: a few isosurfaces, with the runs inside them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from globscope.report.map.axis_labels import axis_labels
from globscope.report.map.captions import samples
from globscope.report.map.draw_trajectories import draw_trajectories
from globscope.report.map.isosurfaces import Isosurface
from globscope.report.map.scene import Scene
from globscope.report.map.surface import positions
from globscope.report.map.trajectory import Trajectory, run_names
from globscope.report.style.legend import Legend, colourbar, explain
from globscope.report.style.marks import critical_points, draw_marks, mark_names
from globscope.report.style.palette import FAINT, GREYS, INK, UNTRUSTED
from globscope.report.style.scale import Scale
from globscope.report.style.text import figure_text, join_words, tick_labels
from globscope.report.style.theme import NARROW, Picture, halo, house_style, sheet_of, write_headline
from globscope.spec.style import WIDTHS
from globscope.values.landscape import Landscape

TURNS = (-62, 28)  # degrees; one side alone does not show depth
OPACITY = (0.1, 0.22, 0.6)  # of the outermost surface, the next and the innermost
PANE = "#e6e9ed"  # darker than paper, so that the palest surface can be seen
TIGHT = 0.7  # of the page's inches, up to which an axis has room for three numbers
LIGHT = np.array([0.35, -0.6, 0.72])


def plot_volume(scene: Scene, surfaces: Sequence[Isosurface]) -> Figure:
    """Return a figure of a landscape's isosurfaces over three latent axes, seen from two sides."""
    legend = Legend()
    with house_style():
        beside = (scene.style.width or WIDTHS["page"]) >= 2 * NARROW
        figure = Picture(11.2, 6.4, scene.style) if beside else Picture(6.4, 8.8, scene.style)
        across = len(TURNS) if beside else 1
        down = len(TURNS) // across
        rows = figure.add_gridspec(1 + down, across, height_ratios=(0.01, *[1.0] * down))
        # Axes in space keep no room for a headline: it stands on a row of its own.
        head = figure.add_subplot(rows[0, :])
        head.set_axis_off()
        write_headline(head, scene.title, facts(scene, surfaces), 150 if beside else 86)
        places = [rows[1 + k // across, k % across] for k in range(len(TURNS))]
        panels: list[Any] = [figure.add_subplot(place, projection="3d") for place in places]
        for axes, turn in zip(panels, TURNS, strict=True):
            _set_box(axes, scene.landscape, axis_labels(scene.map_), turn)
            legend |= _draw(axes, scene, surfaces)
        _mark_levels(colourbar(figure, panels, scene.scale), surfaces)
        explain(figure, legend)
    return figure


def caption(scene: Scene, surfaces: Sequence[Isosurface]) -> tuple[str, str]:
    """Return the figure's caption and its alternative text."""
    runs, field = run_names(scene.trajectories), scene.field.name
    shown = " ".join(facts(scene, surfaces))
    alt_text = f"The volume of {scene.map_.name} in space with the trajectories of {runs} inside."
    above = "in the volume of the three latent axes, with the runs' trajectories inside, from two sides."
    return f"{field[:1].upper()}{field[1:]} {above} {shown}", f"{alt_text} {shown}"


def facts(scene: Scene, surfaces: Sequence[Isosurface]) -> list[str]:
    """Return in sentences at which levels the surfaces lie, what they leave out, and what was sampled."""
    sentences = [_levels(scene, surfaces)]
    if surfaces and scene.nonfinite:
        sentences.append("NaN and infinite samples are left out: the surfaces are cut open around them.")
    if not all(surface.trusted.all() for surface in surfaces):
        sentences.append("Grey parts lie where the map extrapolates.")
    sentences.append(f"{samples(scene)}.")
    return sentences + ([f"{scene.tree.summary}."] if scene.tree else [])


def _levels(scene: Scene, surfaces: Sequence[Isosurface]) -> str:
    field = scene.field.name
    if not surfaces:
        return f"No isosurface: no cell of finite samples has {field} on both sides of a level."
    noun = "Isosurface" if len(surfaces) == 1 else "Isosurfaces"
    shares = join_words(f"{surface.below:.0%}" for surface in surfaces)
    counted = "finite samples" if scene.nonfinite else "samples"
    return f"{noun} at {field} {join_words(_level_names(surfaces))}; {shares} of the {counted} lie at or below."


def _level_names(surfaces: Sequence[Isosurface]) -> list[str]:
    return tick_labels([surface.level for surface in surfaces])


def _set_box(axes: Any, landscape: Landscape, names: Sequence[str], turn: float) -> None:
    """Set the box that the lattice fills, turned by so many degrees."""
    axes.patch.set_visible(False)  # it would hide the labels of the panel beside it
    axes.computed_zorder = False  # the runs stand before the surfaces, wherever they are
    axes.view_init(elev=22, azim=turn)
    share = sheet_of(axes.get_figure()).share
    axes.set_box_aspect((1, 1, 1), zoom=0.94 if share == 1 else 0.84)
    for k, axis in enumerate((axes.xaxis, axes.yaxis, axes.zaxis)):
        getattr(axes, f"set_{'xyz'[k]}lim")(positions(landscape.samples, k)[[0, -1]])
        axis.set_label_text(names[k])
        axis.set_major_locator(MaxNLocator(5 if share > TIGHT else 3))
        axis.set_pane_color(PANE)


def _draw(axes: Any, scene: Scene, surfaces: Sequence[Isosurface]) -> Legend:
    legend = _draw_surfaces(axes, scene.scale, surfaces)
    if scene.tree:
        legend |= draw_marks(
            axes, critical_points(scene.tree.topology.tree, scene.landscape.samples.points), mark_names(scene.field)
        )
    return legend | draw_trajectories(axes, scene, (0, 1, 2)) | _draw_plumb_lines(axes, scene.trajectories)


def _draw_surfaces(axes: Any, scale: Scale, surfaces: Sequence[Isosurface]) -> Legend:
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    if not surfaces:
        return {}
    opacity = OPACITY[-len(surfaces) :][::-1]
    colours = [_colours(axes, surface, scale, alpha) for surface, alpha in zip(surfaces, opacity, strict=True)]
    triangles = np.concatenate([surface.triangles for surface in surfaces])
    # One collection, so that all triangles are sorted by depth; as polygons they would make the SVG huge.
    style: dict[str, Any] = {"facecolors": np.concatenate(colours), "edgecolors": "none", "linewidths": 0}
    axes.add_collection3d(Poly3DCollection(triangles, **style, rasterized=True, zorder=1))
    legend: Legend = {}
    for name, surface, alpha in zip(_level_names(surfaces), surfaces, opacity, strict=True):
        colour = scale.colour_map(scale.norm()(surface.level))
        both = 1 - (1 - alpha) ** 2  # the far side of a surface is seen through the near one
        legend[figure_text(f"{scale.field.name} = {name}")] = Patch(
            facecolor=(*colour[:3], both), edgecolor=FAINT, linewidth=0.5
        )
    grey = {} if all(surface.trusted.all() for surface in surfaces) else {UNTRUSTED: Patch(facecolor=GREYS[7])}
    return legend | grey


def _colours(axes: Any, surface: Isosurface, scale: Scale, alpha: float) -> np.ndarray:
    """Return (t, 4) colours: the level's, or its grey where untrusted, a little darker where turned from the light."""
    colour, grey = (
        np.array(colours(scale.norm()(surface.level))[:3]) for colours in (scale.colour_map, scale.grey_map)
    )
    shown = np.where(surface.trusted[:, None], colour, grey)
    sides = np.diff(surface.triangles / np.ptp(np.reshape(axes.get_w_lims(), (3, 2)), axis=1), axis=1)
    normals = np.cross(sides[:, 0], sides[:, 1])
    facing = np.abs(normals @ LIGHT) / np.linalg.norm(normals, axis=1) / np.linalg.norm(LIGHT)
    return np.column_stack([shown * (0.65 + 0.35 * facing)[:, None], np.full(len(shown), alpha)])


def _draw_plumb_lines(axes: Any, trajectories: Sequence[Trajectory]) -> Legend:
    """Tie the runs' ends to the floor, since a picture does not show how far away they are."""
    floor = axes.get_zlim()[0]
    for trajectory in trajectories:
        x, y, z = trajectory.points[-1]
        axes.plot([x, x], [y, y], [floor, z], ":", color=trajectory.tint, lw=0.9, zorder=3)
        axes.plot([x], [y], [floor], "x", color=trajectory.tint, ms=4.5, zorder=3)
    style: dict[str, Any] = {"color": FAINT, "ls": ":", "lw": 0.9, "marker": "x", "ms": 4.5}
    return {"an end's place on the floor": Line2D([], [], **style)} if trajectories else {}


def _mark_levels(bar: Any, surfaces: Sequence[Isosurface]) -> None:
    for surface in surfaces:
        bar.ax.axhline(surface.level, color="white", lw=1.2, path_effects=halo(2.6, INK))
