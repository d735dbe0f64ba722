"""A graph of samples over two latent axes: points and paths over whatever field is known."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from globscope.report.map.scattered import draw_dense
from globscope.report.map.scene import Scene
from globscope.report.map.surface import draw_surface, end_colours
from globscope.report.map.trust import key_of_untrusted
from globscope.report.style.legend import Legend
from globscope.report.style.palette import FAINT, INK
from globscope.report.style.theme import halo
from globscope.topology.passes import tree_passes

# Samples beyond which points are small and without a rim, and edges hair-thin.
CROWD = 1500
MANY = 60  # paths between basins beyond which these are thin
LEVEL = 3.3  # above the field and its hatching, below the runs
ROOM = 0.04  # around all that is drawn, of its width


def draw_graph(axes: Axes, scene: Scene) -> Legend:
    """Draw samples with their edges over the field of the map's lattice, or over what lies densely between them."""
    landscape, ends = scene.landscape, scene.landscape.samples.points
    if scene.ground is None:
        legend = draw_dense(axes, landscape, scene.scale) | end_colours(scene.scale, scene.values)
    else:
        legend = draw_surface(axes, scene.ground, scene.scale)
        ends = np.concatenate([ends, _cut_to_frame(axes)])
    legend |= _draw_edges(axes, scene) | _draw_samples(axes, scene) | _draw_passes(axes, scene)
    _frame(axes, ends)
    return legend


def _cut_to_frame(axes: Axes) -> np.ndarray:
    """Cut the lattice's outermost cells, which reach beyond its edge, and return (2, 2) corners of that edge."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    below = (*axes.collections, *axes.patches)
    edge = axes.add_patch(Rectangle((left, low), right - left, high - low, fill=False, ec=FAINT, lw=0.8))
    edge.set_zorder(LEVEL - 0.1)
    for artist in below:
        if artist.get_clip_path() is None:  # others are cut to a part of the lattice
            artist.set_clip_path(edge)
    return np.array([(left, low), (right, high)])


def _frame(axes: Axes, points: np.ndarray) -> None:
    """Show all points, with room around them."""
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.where(high > low, ROOM * (high - low), 0.5)
    axes.set(xlim=(low[0] - room[0], high[0] + room[0]), ylim=(low[1] - room[1], high[1] + room[1]))


def _draw_edges(axes: Axes, scene: Scene) -> Legend:
    points, edges = scene.landscape.samples.points, scene.landscape.samples.edges
    assert edges is not None
    if not len(edges):
        return {}
    edges = leading_edges(edges, len(points))
    many = len(points) > CROWD
    style: dict[str, Any] = {"color": INK, "lw": 0.3 if many else 0.7, "alpha": 0.35 if many else 0.6}
    axes.add_collection(LineCollection(points[edges], rasterized=many, zorder=LEVEL, **style))
    return {"edge between samples": Line2D([], [], color=INK, lw=0.8, alpha=0.6)}


def leading_edges(edges: np.ndarray, count: int) -> np.ndarray:
    """Return those of (m, 2) edges between so many samples that lead on, where others only end at a fork.

    A search hangs each sample beside its paths on a single edge, in fans that would hide the paths.
    """
    degrees = np.bincount(edges.ravel(), minlength=count)[edges]
    is_probe = (degrees.min(axis=1) == 1) & (degrees.max(axis=1) > 2)
    kept: np.ndarray = edges[~is_probe]
    return kept


def _draw_samples(axes: Axes, scene: Scene) -> Legend:
    """Draw the samples in the colours of their own values; those without a finite value as crosses."""
    points, values = scene.landscape.samples.points, scene.values
    finite, many = np.isfinite(values), len(points) > CROWD
    size, rim = (1.5, 0.0) if many else (13.0, 0.5)
    style: dict[str, Any] = {"s": size, "ec": INK, "linewidths": rim, "rasterized": many, "zorder": LEVEL + 0.1}
    # Where there is a ground, the map's own trust is drawn on it.
    grey = ~scene.landscape.trusted if scene.ground is None else np.zeros(len(points), bool)
    for chosen, colours in ((finite & ~grey, scene.scale.colour_map), (finite & grey, scene.scale.grey_map)):
        x, y = points[chosen].T
        axes.scatter(x, y, c=scene.scale.drawable(values)[chosen], norm=scene.scale.norm(), cmap=colours, **style)
    key: dict[str, Any] = {"ls": "", "marker": "o", "mfc": scene.scale.colour_map(0.6), "mec": INK, "mew": 0.5, "ms": 4}
    legend: Legend = {"sample, in the colour of its own value": Line2D([], [], **key)}
    legend |= key_of_untrusted() if (finite & grey).any() else {}
    if not finite.all():
        crosses = axes.plot(*points[~finite].T, "x", color=INK, ms=4, zorder=LEVEL + 0.2)[0]
        legend["NaN or infinite"] = crosses
    return legend


def _draw_passes(axes: Axes, scene: Scene) -> Legend:
    """Draw the paths by which the merge tree's basins meet, strong."""
    if scene.tree is None:
        return {}
    paths = tree_passes(scene.landscape, scene.tree.values, scene.tree.topology, scene.tree.thinned[0])
    width = 1.4 if len(paths) <= MANY else 0.5
    style: dict[str, Any] = {"color": "white", "lw": width, "path_effects": halo(2 * width + 0.2, INK)}
    lines = [scene.landscape.samples.points[path] for path in paths]
    axes.add_collection(LineCollection(lines, rasterized=len(paths) > MANY, zorder=LEVEL + 0.3, **style))
    return {"lowest path between two basins": Line2D([], [], **style)} if lines else {}
