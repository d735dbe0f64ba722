"""A landscape over two latent axes as a surface in space, with the runs on it."""

from typing import Any

import numpy as np
from attrs import define, field
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator

from globscope.report.map.axis_labels import axis_labels
from globscope.report.map.captions import facts
from globscope.report.map.named_runs import named_runs
from globscope.report.map.scattered import slivers, triangles
from globscope.report.map.scene import Scene
from globscope.report.map.surface import end_colours, lattice
from globscope.report.map.trust import key_of_untrusted
from globscope.report.style.legend import Legend, colourbar, explain, round_values
from globscope.report.style.palette import FAINT, RIM
from globscope.report.style.scale import Scale, height_scale
from globscope.report.style.text import tick_labels
from globscope.report.style.theme import Picture, casing, halo, house_style, in_points, write_headline
from globscope.values.landscape import Landscape

VIEW = {"elev": 42, "azim": -58}  # degrees
LIGHT = np.array([0.35, -0.5, 0.79])
# Colour of a face that is turned from the light, of the same face towards it.
SHADE = 0.72
PANE = "#eef0f3"


@define(frozen=True, kw_only=True)
class Relief:
    """The faces of a surface.

    Attributes:
        corners: (f, c, 3) corners of each face: two latent coordinates, and the height from 0 to 1.
        values: (f,) mean value of a face's corners, as it is drawn.
        trusted: (f,) whether all corners are trusted.
    """

    corners: np.ndarray = field(eq=False, repr=False)
    values: np.ndarray = field(eq=False, repr=False)
    trusted: np.ndarray = field(eq=False, repr=False)

    @classmethod
    def of(cls, landscape: Landscape, scale: Scale, heights: Scale, *, cropped: bool) -> "Relief":
        """Return the faces between finite samples; with `cropped`, between those that are trusted."""
        values, faces = landscape.fields[scale.field.key], _faces(landscape)
        shown = np.isfinite(values) & (landscape.trusted if cropped else True)
        faces = faces[shown[faces].all(axis=1)]
        height = heights.norm()(heights.drawable(values))
        points = np.column_stack([landscape.samples.points, np.asarray(height)])
        means = scale.drawable(values)[faces].mean(axis=1)
        return cls(corners=points[faces], values=means, trusted=landscape.trusted[faces].all(axis=1))


def _faces(landscape: Landscape) -> np.ndarray:
    """Return (f, 4) samples that are the corners of a lattice's cells, or (f, 3) of the triangles between others."""
    grid = lattice(landscape.samples)
    if grid is None:
        mesh = triangles(landscape.samples.points)
        return np.empty((0, 3), int) if mesh is None else mesh.triangles[~slivers(mesh)]
    at = np.full((len(grid.x), len(grid.y)), -1)
    at[tuple(grid.cells.T)] = np.arange(len(grid.cells))
    corners = np.stack([at[:-1, :-1], at[1:, :-1], at[1:, 1:], at[:-1, 1:]], axis=-1).reshape(-1, 4)
    whole: np.ndarray = corners[(corners >= 0).all(axis=1)]
    return whole


def plot_relief(scene: Scene) -> Figure:
    """Return a landscape over two latent axes as a surface in space.

    Heights are linear or logarithmic as those of the profile are; grey is untrusted, or with `crop` left out.
    """
    heights = height_scale(scene.scale, [scene.values], scene.style)
    relief = Relief.of(scene.landscape, scene.scale, heights, cropped=scene.style.crop == "trusted")
    with house_style():
        figure = Picture(7.2, 6.4, scene.style)
        rows = figure.add_gridspec(2, 1, height_ratios=(0.01, 1))
        # Axes in space keep no room for a headline: it stands on a row of its own.
        head = figure.add_subplot(rows[0])
        head.set_axis_off()
        write_headline(head, scene.title, [_height_note(heights), *facts(scene)], 92)
        axes: Any = figure.add_subplot(rows[1], projection="3d")
        _set_box(axes, scene, heights)
        legend = _draw_faces(axes, relief, scene.scale) | _draw_runs(axes, scene, heights)
        colourbar(figure, [axes], scene.scale)
        explain(figure, legend | end_colours(scene.scale, scene.values))
    return figure


def caption(scene: Scene) -> str:
    """Return in sentences what the picture of a surface shows."""
    note = _height_note(height_scale(scene.scale, [scene.values], scene.style))
    return f"The landscape of {scene.map_.name} as a surface in space. {note} {' '.join(facts(scene))}"


def _height_note(heights: Scale) -> str:
    return f"Height is {heights.field.name}, on a {'logarithmic' if heights.log else 'linear'} scale."


def _set_box(axes: Any, scene: Scene, heights: Scale) -> None:
    axes.patch.set_visible(False)
    axes.computed_zorder = False  # the runs stand before the surface, wherever they are
    axes.view_init(**VIEW)
    axes.set_box_aspect((1, 1, 0.6), zoom=0.95)
    points = scene.landscape.samples.points
    for name, axis, ends, label in zip(
        "xy", (axes.xaxis, axes.yaxis), np.stack([points.min(axis=0), points.max(axis=0)], axis=1),
        axis_labels(scene.map_), strict=True,
    ):  # fmt: skip
        getattr(axes, f"set_{name}lim")(ends)
        axis.set_label_text(label)
        axis.set_major_locator(MaxNLocator(4))
        axis.set_pane_color(PANE)
    axes.zaxis.set_pane_color(PANE)
    axes.set_zlim(0, 1)  # its label would lie below the colour bar: the headline says what height is
    _tick_heights(axes, heights)


def _tick_heights(axes: Any, heights: Scale) -> None:
    low, high = heights.low, heights.high
    values = round_values(low, high) if heights.log else np.asarray(MaxNLocator(4).tick_values(low, high))
    values = values[(low <= values) & (values <= high)]
    axes.zaxis.set_major_locator(FixedLocator(np.asarray(heights.norm()(values)).tolist()))
    axes.zaxis.set_major_formatter(FixedFormatter(tick_labels(values.tolist())))


def _draw_faces(axes: Any, relief: Relief, scale: Scale) -> Legend:
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    if not len(relief.corners):
        return {}
    levels = scale.norm()(relief.values)
    colours = np.where(relief.trusted[:, None], scale.colour_map(levels), scale.grey_map(levels))
    colours[:, :3] *= _shade(axes, relief.corners)[:, None]
    # Edges of the faces' own colour close the seams between them; as polygons they would make the file huge.
    style: dict[str, Any] = {"facecolors": colours, "edgecolors": colours, "linewidths": 0.3}
    axes.add_collection3d(Poly3DCollection(relief.corners, **style, rasterized=True, zorder=1))
    return {} if relief.trusted.all() else key_of_untrusted()


def _shade(axes: Any, corners: np.ndarray) -> np.ndarray:
    """Return how bright each face is in the light from above, from `SHADE` to 1."""
    sides = np.diff(corners[:, :3] / np.ptp(np.reshape(axes.get_w_lims(), (3, 2)), axis=1), axis=1)
    normals = np.cross(sides[:, 0], sides[:, 1])
    lengths = np.maximum(np.linalg.norm(normals, axis=1), np.finfo(float).tiny)
    brightness: np.ndarray = SHADE + (1 - SHADE) * np.abs(normals @ LIGHT) / lengths
    return brightness


def _draw_runs(axes: Any, scene: Scene, heights: Scale) -> Legend:
    """Draw the runs at the heights of the samples nearest to their members."""
    named = set(named_runs(scene, np.array([one.points[-1] for one in scene.trajectories]).reshape(-1, 2)))
    height = np.asarray(heights.norm()(heights.drawable(scene.values)))
    for row, run in enumerate(scene.trajectories):
        over = np.column_stack([run.points, height[scene.landscape.nearest(run.points)] + 0.015])
        axes.plot(*over.T, color=run.tint, lw=in_points(1.6), path_effects=casing(2.6), zorder=4)
        end: dict[str, Any] = {"marker": "*", "mfc": run.tint, "mec": RIM, "mew": 0.8, "ms": in_points(11)}
        axes.plot(*over[-1:].T, ls="", **end, zorder=5)
        if row in named:
            text: dict[str, Any] = {"color": run.tint, "fontweight": "bold", "path_effects": halo(2.6), "zorder": 7}
            axes.text(*over[-1], f" {run.label}", fontsize=in_points(10), **text)
    end_key = Line2D([], [], ls="", marker="*", mfc=FAINT, mec=RIM, mew=0.6, ms=in_points(11))
    return {"end of a run": end_key} if scene.trajectories else {}
