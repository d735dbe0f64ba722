"""A landscape over two latent axes whose samples lie anywhere: colours between them by triangles."""

from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.contour import ContourSet
from matplotlib.lines import Line2D
from matplotlib.tri import TriAnalyzer, Triangulation

from globscope.report.map.trust import show_untrusted
from globscope.report.style.legend import Legend
from globscope.report.style.palette import GREY, INK
from globscope.report.style.scale import Scale, include_ends
from globscope.values.landscape import Landscape

# Radius of the circle within a triangle over that of the one around it: 0.5 at best; flatter ones are not drawn.
FLAT = 0.03
# Of the samples' diagonal: between samples of a graph that are farther apart, nothing is known of the field.
DENSE = 0.12
DOTS = "samples; between them, colours are interpolated"


def draw_scattered(axes: Axes, landscape: Landscape, scale: Scale) -> Legend:
    """Draw samples that form no lattice: their values over the triangles between them, and where each lies."""
    values, points = landscape.fields[scale.field.key], landscape.samples.points
    finite = np.isfinite(values)
    mesh = triangles(points)
    if mesh is None:
        shown: dict[str, Any] = {"c": scale.drawable(values)[finite], "norm": scale.norm(), "cmap": scale.colour_map}
        x, y = points[finite].T
        axes.scatter(x, y, s=14, linewidths=0, rasterized=True, zorder=1, **shown)
        return _draw_nonfinite(axes, points[~finite])
    mesh.set_mask(~finite[mesh.triangles].all(axis=1) | slivers(mesh))
    _draw_depths(axes, mesh, scale, values, scale.colour_map)
    legend = _draw_contours(axes, mesh, scale, values)
    if not landscape.trusted.all():
        greys = _draw_depths(axes, mesh, scale, values, scale.grey_map)
        legend |= show_untrusted(axes, _untrusted_region(axes, mesh, landscape.trusted, slivers(mesh)), greys)
    return legend | _draw_nonfinite(axes, points[~finite])


def draw_dense(axes: Axes, landscape: Landscape, scale: Scale) -> Legend:
    """Draw the field only where samples lie densely: over triangles without a side longer than a share of the picture.

    Those that are not trusted are grey.
    """
    values, points = landscape.fields[scale.field.key], landscape.samples.points
    mesh = triangles(points)
    if mesh is None:
        return {}
    corners, longest = points[mesh.triangles], DENSE * np.linalg.norm(np.ptp(points, axis=0))
    sparse = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1) > longest
    empty = sparse | ~np.isfinite(values)[mesh.triangles].all(axis=1)
    mesh.set_mask(empty)
    if empty.all():
        return {}
    heights = np.nan_to_num(scale.drawable(values), nan=scale.low)
    style: dict[str, Any] = {"norm": scale.norm(), "shading": "gouraud", "rasterized": True}
    axes.tripcolor(mesh, heights, **style, cmap=scale.colour_map, zorder=1)
    if landscape.trusted.all():
        return {}
    greys = axes.tripcolor(mesh, heights, **style, cmap=scale.grey_map, zorder=1.5)
    return show_untrusted(axes, _untrusted_region(axes, mesh, landscape.trusted, sparse), [greys])


def triangles(points: np.ndarray) -> Triangulation | None:
    """Return the Delaunay triangles of points, or None where all lie on one line or there are fewer than three."""
    try:
        return Triangulation(*points.T)
    except (RuntimeError, ValueError):  # what matplotlib makes of Qhull's refusal
        return None


def slivers(mesh: Triangulation) -> np.ndarray:
    """Return the mask of the slivers along the rim, which join samples that are far apart: no value is known there."""
    flat: np.ndarray = TriAnalyzer(mesh).get_flat_tri_mask(min_circle_ratio=FLAT)
    return flat


def _draw_depths(axes: Axes, mesh: Triangulation, scale: Scale, values: np.ndarray, colours: Colormap) -> list[Artist]:
    """Draw the values in colours over the triangles that are not masked, and return what is drawn."""
    if _is_flat(mesh, values):
        return []
    heights, norm = np.nan_to_num(scale.drawable(values), nan=scale.low), scale.norm()
    style: dict[str, Any] = {"levels": include_ends(scale.levels(81)), "norm": norm, "cmap": colours}
    filled = axes.tricontourf(mesh, heights, **style, zorder=1.5 if colours.name == GREY.name else 1)
    filled.set_rasterized(True)  # as polygons, viewers show seams between the levels
    return [filled]


def _draw_contours(axes: Axes, mesh: Triangulation, scale: Scale, values: np.ndarray) -> Legend:
    """Draw contours over the triangles that are not masked, and where each sample lies."""
    finite = np.isfinite(values)
    if not _is_flat(mesh, values):
        heights = np.nan_to_num(scale.drawable(values), nan=scale.low)
        axes.tricontour(mesh, heights, levels=scale.levels(17)[1:-1], colors=INK, linewidths=0.4, alpha=0.45, zorder=2)
    style: dict[str, Any] = {"ls": "", "marker": "o", "color": INK, "alpha": 0.55, "mew": 0}
    size = 2.0 if finite.sum() <= 1000 else 1.2
    axes.plot(mesh.x[finite], mesh.y[finite], ms=size, rasterized=True, zorder=2.5, **style)
    return {DOTS: Line2D([], [], ms=3, **style)} if finite.any() else {}


def _is_flat(mesh: Triangulation, values: np.ndarray) -> bool:
    """Whether there is no triangle with values, or no contour on any."""
    known = values[np.isfinite(values)]
    return bool(mesh.mask is not None and mesh.mask.all()) or not len(known) or not np.ptp(known)


def _untrusted_region(axes: Axes, mesh: Triangulation, trusted: np.ndarray, hidden: np.ndarray) -> ContourSet:
    """Return where samples are not trusted; no triangle that is hidden is part of it."""
    mesh.set_mask(hidden)
    return axes.tricontourf(mesh, trusted.astype(float), levels=[-1, 0.5])


def _draw_nonfinite(axes: Axes, points: np.ndarray) -> Legend:
    if not len(points):
        return {}
    return {"NaN or infinite": axes.plot(*points.T, "x", color=INK, ms=4, zorder=3.2)[0]}
