"""A landscape over two latent axes: depths, contours, fog where the map is not to be trusted."""

from typing import Any

import numpy as np
from attrs import define, field
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from globscope.report.map.scattered import draw_scattered
from globscope.report.style.legend import Legend
from globscope.report.style.scale import Scale, include_ends
from globscope.report.style.theme import DEPTH, FAINT, FOG, INK, MINIMUM, SADDLE, UNTRUSTED
from globscope.values.landscape import Landscape, Samples
from globscope.values.topology import MergeTree


@define(frozen=True, kw_only=True)
class Lattice:
    """The two axes of a landscape, and where on them each sample stands.

    Attributes:
        x: (nx,) positions on the first latent axis.
        y: (ny,) positions on the second latent axis.
        cells: (n, 2) integers, each sample's place in `x` and `y`.
    """

    x: np.ndarray = field(eq=False, repr=False)
    y: np.ndarray = field(eq=False, repr=False)
    cells: np.ndarray = field(eq=False, repr=False)

    def picture(self, values: np.ndarray, missing: float = np.nan) -> np.ndarray:
        """Return the (ny, nx) picture of the samples' values; `missing` where nothing was sampled."""
        spread = np.full((len(self.x), len(self.y)), missing)
        spread[tuple(self.cells.T)] = values
        return spread.T

    def squares(self, chosen: np.ndarray) -> Path:
        """Return the outlines of the chosen samples' cells."""
        width, height = np.diff(self.x).mean(), np.diff(self.y).mean()
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]) * (width / 2, height / 2)
        places = np.column_stack([self.x[self.cells[chosen, 0]], self.y[self.cells[chosen, 1]]])
        return Path.make_compound_path(*(Path(place + corners, closed=True) for place in places))


def lattice(samples: Samples) -> Lattice | None:
    """Return the axes of a two-dimensional lattice, or None where there is no such thing."""
    flat = samples.points.shape[1] == 2 and samples.shape is not None and len(samples.shape) == 2
    if not flat or samples.index is None or samples.shape is None:
        return None
    if any(len(np.unique(samples.index[:, k])) < 2 for k in (0, 1)):
        return None
    return Lattice(x=positions(samples, 0), y=positions(samples, 1), cells=samples.index)


def positions(samples: Samples, k: int) -> np.ndarray:
    """Return where along latent axis k each of a lattice's steps lies."""
    assert samples.index is not None
    assert samples.shape is not None
    known, first = np.unique(samples.index[:, k], return_index=True)
    known_places: np.ndarray = samples.points[first, k]
    if len(known) == samples.shape[k]:
        return known_places
    # An adaptive sampler may leave whole lines unsampled.
    line: np.ndarray = np.polyval(np.polyfit(known, known_places, 1), np.arange(samples.shape[k]))
    return line


def draw_surface(axes: Axes, landscape: Landscape, scale: Scale) -> Legend:
    """Draw one field of a landscape; return what the legend must explain."""
    grid = lattice(landscape.samples)
    if grid is None:
        return draw_scattered(axes, landscape, scale) | end_colours(scale, landscape.fields[scale.field.key])
    values = landscape.fields[scale.field.key]
    _draw_depths(axes, grid, scale, grid.picture(scale.drawable(values)))
    axes.set(xlim=grid.x[[0, -1]], ylim=grid.y[[0, -1]])
    legend = _draw_fog(axes, grid, landscape.trusted)
    legend |= _draw_nonfinite(axes, grid, values)
    return legend | end_colours(scale, values)


def _draw_depths(axes: Axes, grid: Lattice, scale: Scale, picture: np.ndarray) -> None:
    norm, where = scale.norm(), (grid.x, grid.y, np.ma.masked_invalid(picture))
    # The cells show through only beside samples without a value, where contours cannot reach.
    axes.pcolormesh(*where, norm=norm, cmap=DEPTH, shading="nearest", rasterized=True, zorder=0)
    if np.nanmin(picture, initial=np.inf) >= np.nanmax(picture, initial=-np.inf) or min(picture.shape) < 2:
        return
    filled = axes.contourf(*where, levels=include_ends(scale.levels(81)), norm=norm, cmap=DEPTH, zorder=1)
    filled.set_rasterized(True)  # as polygons, viewers show seams between the levels
    axes.contour(*where, levels=scale.levels(17)[1:-1], colors=INK, linewidths=0.4, alpha=0.45, zorder=2)


def _draw_fog(axes: Axes, grid: Lattice, trusted: np.ndarray) -> Legend:
    if trusted.all():
        return {}
    clear = grid.picture(trusted.astype(float), missing=1.0)
    axes.contourf(grid.x, grid.y, clear, levels=[-1, 0.5], colors=[FOG], alpha=0.5, zorder=3)
    axes.contour(grid.x, grid.y, clear, levels=[0.5], colors=INK, linewidths=0.9, linestyles="--", zorder=3.1)
    return {UNTRUSTED: Patch(facecolor=FOG, alpha=0.5)}


def _draw_nonfinite(axes: Axes, grid: Lattice, values: np.ndarray) -> Legend:
    broken = ~np.isfinite(values)
    if not broken.any():
        return {}
    hatched: dict[str, Any] = {"facecolor": "#ffffff", "edgecolor": INK, "hatch": "xxxx", "linewidth": 0}
    axes.add_patch(PathPatch(grid.squares(broken), zorder=3.2, **hatched))
    return {"NaN or infinite": Patch(**hatched)}


def end_colours(scale: Scale, values: np.ndarray) -> Legend:
    """Explain the end colours where values beyond the scale took them."""
    return {
        f"also {what}": Patch(facecolor=DEPTH(float(what.startswith(">"))), edgecolor=FAINT, linewidth=0.5)
        for _, what in scale.beyond(values)
    }


def draw_critical(axes: Axes, tree: MergeTree, points: np.ndarray) -> Legend:
    """Mark a merge tree's minima and saddles at their samples' places."""
    legend: Legend = {}
    kinds = (("minimum", tree.minima, "o", MINIMUM), ("saddle", tree.saddles, "D", SADDLE))
    for name, vertices, marker, colour in kinds:
        size = 5.0 if len(vertices) <= 40 else 2.5
        style: dict[str, Any] = {"marker": marker, "mfc": colour, "mec": "white", "mew": 0.9, "ms": size}
        if len(vertices):
            marks = axes.plot(*points[vertices].T, ls="", zorder=5, clip_on=False, **style)[0]
            marks.set_in_layout(False)  # whole on the edge, and the axes keep their size
            legend[f"{name} of the merge tree"] = Line2D([], [], ls="", **style)
    return legend
