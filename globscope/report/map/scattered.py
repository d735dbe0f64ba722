"""A landscape over two latent axes whose samples lie anywhere: colours between them by triangles."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.tri import TriAnalyzer, Triangulation

from globscope.report.style.legend import Legend
from globscope.report.style.scale import Scale, include_ends
from globscope.report.style.theme import DEPTH, FOG, INK, UNTRUSTED
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
        shown: dict[str, Any] = {"c": scale.drawable(values)[finite], "norm": scale.norm(), "cmap": DEPTH}
        x, y = points[finite].T
        axes.scatter(x, y, s=14, linewidths=0, rasterized=True, zorder=1, **shown)
        return _draw_nonfinite(axes, points[~finite])
    legend = _draw_depths(axes, mesh, scale, values)
    legend |= _draw_fog(axes, mesh, landscape.trusted, slivers(mesh))
    return legend | _draw_nonfinite(axes, points[~finite])


def draw_dense(axes: Axes, landscape: Landscape, scale: Scale) -> Legend:
    """Draw the field only where samples lie densely: over triangles without a side longer than a share of the picture.

    The fog lies over those that are not trusted.
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
    axes.tripcolor(mesh, heights, norm=scale.norm(), cmap=DEPTH, shading="gouraud", rasterized=True, zorder=1)
    return _draw_fog(axes, mesh, landscape.trusted, sparse)


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


def _draw_depths(axes: Axes, mesh: Triangulation, scale: Scale, values: np.ndarray) -> Legend:
    """Draw the values; a triangle at a sample without a value stays empty."""
    finite, heights = np.isfinite(values), np.nan_to_num(scale.drawable(values), nan=scale.low)
    whole = finite[mesh.triangles].all(axis=1)
    mesh.set_mask(~whole | slivers(mesh))
    if whole.any() and np.ptp(heights[finite]):
        norm = scale.norm()
        filled = axes.tricontourf(mesh, heights, levels=include_ends(scale.levels(81)), norm=norm, cmap=DEPTH, zorder=1)
        filled.set_rasterized(True)  # as polygons, viewers show seams between the levels
        axes.tricontour(mesh, heights, levels=scale.levels(17)[1:-1], colors=INK, linewidths=0.4, alpha=0.45, zorder=2)
    style: dict[str, Any] = {"ls": "", "marker": "o", "color": INK, "alpha": 0.55, "mew": 0}
    size = 2.0 if finite.sum() <= 1000 else 1.2
    axes.plot(mesh.x[finite], mesh.y[finite], ms=size, rasterized=True, zorder=2.5, **style)
    return {DOTS: Line2D([], [], ms=3, **style)} if finite.any() else {}


def _draw_fog(axes: Axes, mesh: Triangulation, trusted: np.ndarray, hidden: np.ndarray) -> Legend:
    """Draw the fog where samples are not trusted; no triangle that is hidden has any."""
    if trusted.all():
        return {}
    mesh.set_mask(hidden)
    clear = trusted.astype(float)
    axes.tricontourf(mesh, clear, levels=[-1, 0.5], colors=[FOG], alpha=0.5, zorder=3)
    if trusted.any():
        axes.tricontour(mesh, clear, levels=[0.5], colors=INK, linewidths=0.9, linestyles="--", zorder=3.1)
    return {UNTRUSTED: Patch(facecolor=FOG, alpha=0.5)}


def _draw_nonfinite(axes: Axes, points: np.ndarray) -> Legend:
    if not len(points):
        return {}
    return {"NaN or infinite": axes.plot(*points.T, "x", color=INK, ms=4, zorder=3.2)[0]}
