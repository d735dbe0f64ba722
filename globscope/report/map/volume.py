"""A landscape over three latent axes in space: a few isosurfaces, with the runs inside them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from globscope.report.map.captions import result, sampled, title, topology_of
from globscope.report.map.isosurfaces import Isosurface
from globscope.report.map.surface import draw_critical, positions
from globscope.report.map.tracks import draw_tracks, tracks
from globscope.report.style.legend import Legend, colourbar, explain
from globscope.report.style.scale import Scale
from globscope.report.style.text import lines, listed, literal, plain, ticks
from globscope.report.style.theme import DEPTH, FAINT, FOG, INK, UNTRUSTED, Picture, halo, headline, styled
from globscope.values.findings import Map
from globscope.values.landscape import Landscape

TURNS = (-62, 28)  # degrees; from one side alone, depth cannot be told
OPACITY = (0.1, 0.22, 0.6)  # of the outermost surface, the next and the innermost
PANE = "#e6e9ed"  # darker than paper, so that the palest surface is seen
LIGHT = np.array([0.35, -0.6, 0.72])


def plot_volume(drawn: Map, scape: Landscape, scale: Scale, found: Sequence[Isosurface]) -> Figure:
    """Return a figure of a landscape's isosurfaces over three latent axes, seen from two sides."""
    legend = Legend()
    with styled():
        figure = Picture(figsize=(11.2, 6.4), layout="constrained")
        rows = figure.add_gridspec(2, len(TURNS), height_ratios=(0.01, 1))
        # Axes in space keep no room for a headline: it stands on a row of its own.
        head = figure.add_subplot(rows[0, :])
        head.set_axis_off()
        headline(head, literal(title(drawn, scape)), lines(facts(drawn, scape, scale, found), 150))
        panels: list[Any] = [figure.add_subplot(rows[1, k], projection="3d") for k in range(len(TURNS))]
        for axes, turn in zip(panels, TURNS, strict=True):
            _stage(axes, scape, turn)
            legend |= _draw(axes, drawn, scape, scale, found)
        _mark_levels(colourbar(figure, panels, scale), found)
        explain(figure, legend)
    return figure


def caption(drawn: Map, scape: Landscape, scale: Scale, found: Sequence[Isosurface]) -> tuple[str, str]:
    """Return the figure's caption, and what a reader is told who cannot see it."""
    runs = listed(track.variant for track in tracks(drawn))
    told = " ".join(facts(drawn, scape, scale, found))
    seen = f"The volume of {drawn.name} in space with the trajectories of {runs} inside."
    shown = f"{scale.field} in the volume of the three latent axes, with the runs' trajectories inside, from two sides."
    return f"{shown} {told}", f"{seen} {told}"


def facts(drawn: Map, scape: Landscape, scale: Scale, found: Sequence[Isosurface]) -> list[str]:
    """Return in sentences at which levels the surfaces lie, what they leave out, and what was sampled."""
    told, topology = [_levels(scape, scale, found)], topology_of(drawn, scape, scale.field)
    if found and scape.nonfinite(scale.field):
        told.append("NaN and infinite samples are left out: the surfaces are cut open around them.")
    if not all(one.trusted.all() for one in found):
        told.append("Grey parts lie where the map extrapolates.")
    told.append(f"{sampled(drawn, scape, scale)}.")
    return told + ([f"{result(drawn, scape, topology)}."] if topology else [])


def _levels(scape: Landscape, scale: Scale, found: Sequence[Isosurface]) -> str:
    if not found:
        return f"No isosurface: no cell of finite samples has {scale.field} on both sides of a level."
    surfaces = "Isosurface" if len(found) == 1 else "Isosurfaces"
    shares = listed(f"{one.below:.0%}" for one in found)
    samples = "finite samples" if scape.nonfinite(scale.field) else "samples"
    return f"{surfaces} at {scale.field} {listed(_named(found))}; {shares} of the {samples} lie at or below."


def _named(found: Sequence[Isosurface]) -> list[str]:
    return ticks([one.level for one in found])


def _stage(axes: Any, scape: Landscape, turn: float) -> None:
    """Set the box that the lattice fills, turned by so many degrees."""
    axes.patch.set_visible(False)  # it would hide the labels of the panel beside it
    axes.computed_zorder = False  # the runs stand before the surfaces, wherever they are
    axes.view_init(elev=22, azim=turn)
    axes.set_box_aspect((1, 1, 1), zoom=0.94)
    for k, axis in enumerate((axes.xaxis, axes.yaxis, axes.zaxis)):
        getattr(axes, f"set_{'xyz'[k]}lim")(positions(scape.samples, k)[[0, -1]])
        axis.set_label_text(f"latent {k + 1}")
        axis.set_major_locator(MaxNLocator(5))
        axis.set_pane_color(PANE)


def _draw(axes: Any, drawn: Map, scape: Landscape, scale: Scale, found: Sequence[Isosurface]) -> Legend:
    legend, topology = _draw_surfaces(axes, scale, found), topology_of(drawn, scape, scale.field)
    legend |= draw_critical(axes, topology.tree, scape.samples.points) if topology else {}
    return legend | draw_tracks(axes, drawn, (0, 1, 2)) | _draw_plumb_lines(axes, drawn)


def _draw_surfaces(axes: Any, scale: Scale, found: Sequence[Isosurface]) -> Legend:
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    if not found:
        return {}
    opacity = OPACITY[-len(found) :][::-1]
    colours = [_colours(axes, one, scale, alpha) for one, alpha in zip(found, opacity, strict=True)]
    triangles = np.concatenate([one.triangles for one in found])
    # One collection, so that all triangles are sorted by depth; as polygons they would make the SVG huge.
    look: dict[str, Any] = {"facecolors": np.concatenate(colours), "edgecolors": "none", "linewidths": 0}
    axes.add_collection3d(Poly3DCollection(triangles, **look, rasterized=True, zorder=1))
    legend: Legend = {}
    for name, one, alpha in zip(_named(found), found, opacity, strict=True):
        colour = DEPTH(scale.norm()(one.level))
        both = 1 - (1 - alpha) ** 2  # the far side of a surface is seen through the near one
        legend[plain(f"{scale.field} = {name}")] = Patch(facecolor=(*colour[:3], both), edgecolor=FAINT, linewidth=0.5)
    grey = {} if all(one.trusted.all() for one in found) else {UNTRUSTED: Patch(facecolor=FOG, alpha=0.5)}
    return legend | grey


def _colours(axes: Any, one: Isosurface, scale: Scale, alpha: float) -> np.ndarray:
    """Return (t, 4) colours: the level's, in the fog where untrusted, a little darker where turned from the light."""
    colour = np.array(DEPTH(scale.norm()(one.level))[:3])
    shown = np.where(one.trusted[:, None], colour, (colour + 2 * np.array(to_rgb(FOG))) / 3)
    sides = np.diff(one.triangles / np.ptp(np.reshape(axes.get_w_lims(), (3, 2)), axis=1), axis=1)
    normals = np.cross(sides[:, 0], sides[:, 1])
    facing = np.abs(normals @ LIGHT) / np.linalg.norm(normals, axis=1) / np.linalg.norm(LIGHT)
    return np.column_stack([shown * (0.65 + 0.35 * facing)[:, None], np.full(len(shown), alpha)])


def _draw_plumb_lines(axes: Any, drawn: Map) -> Legend:
    """Tie the runs' ends to the floor, for a picture does not tell how far away they are."""
    found, floor = tracks(drawn), axes.get_zlim()[0]
    for track in found:
        x, y, z = track.points[-1]
        axes.plot([x, x], [y, y], [floor, z], ":", color=track.colour, lw=0.9, zorder=3)
        axes.plot([x], [y], [floor], "x", color=track.colour, ms=4.5, zorder=3)
    look: dict[str, Any] = {"color": FAINT, "ls": ":", "lw": 0.9, "marker": "x", "ms": 4.5}
    return {"an end's place on the floor": Line2D([], [], **look)} if found else {}


def _mark_levels(bar: Any, found: Sequence[Isosurface]) -> None:
    for one in found:
        bar.ax.axhline(one.level, color="white", lw=1.2, path_effects=halo(2.6, INK))
