"""A landscape over two latent axes: depths, contours, greys where the map is not to be trusted."""

from typing import Any

import numpy as np
from attrs import define, field
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from globscope.report.map.scattered import draw_scattered
from globscope.report.map.trust import show_untrusted
from globscope.report.style.legend import Legend
from globscope.report.style.palette import FAINT, GREY, INK
from globscope.report.style.scale import Scale, include_ends
from globscope.values.landscape import Landscape, Samples


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
    picture = grid.picture(scale.drawable(values))
    _draw_depths(axes, grid, scale, picture, scale.colour_map)
    _draw_contours(axes, grid, scale, picture)
    axes.set(xlim=grid.x[[0, -1]], ylim=grid.y[[0, -1]])
    legend = _draw_untrusted(axes, grid, scale, picture, landscape.trusted)
    legend |= _draw_nonfinite(axes, grid, values)
    return legend | end_colours(scale, values)


def _draw_depths(axes: Axes, grid: Lattice, scale: Scale, picture: np.ndarray, colours: Colormap) -> list[Artist]:
    """Draw the values in colours, and return what is drawn."""
    style: dict[str, Any] = {"norm": scale.norm(), "cmap": colours}
    where, levels = (
        (grid.x, grid.y, np.ma.masked_invalid(picture)),
        (1.2, 1.5) if colours.name == GREY.name else (0.0, 1.0),
    )
    # The cells show through only beside samples without a value, where contours cannot reach.
    drawn: list[Artist] = [axes.pcolormesh(*where, **style, shading="nearest", rasterized=True, zorder=levels[0])]
    if not _is_flat(picture):
        drawn.append(axes.contourf(*where, levels=include_ends(scale.levels(81)), **style, zorder=levels[1]))
        drawn[-1].set_rasterized(True)  # as polygons, viewers show seams between the levels
    return drawn


def _draw_contours(axes: Axes, grid: Lattice, scale: Scale, picture: np.ndarray) -> None:
    if not _is_flat(picture):
        style: dict[str, Any] = {"colors": INK, "linewidths": 0.4, "alpha": 0.45, "zorder": 2}
        axes.contour(grid.x, grid.y, np.ma.masked_invalid(picture), levels=scale.levels(17)[1:-1], **style)


def _is_flat(picture: np.ndarray) -> bool:
    """Whether there is no contour."""
    low, high = np.nanmin(picture, initial=np.inf), np.nanmax(picture, initial=-np.inf)
    return bool(low >= high or min(picture.shape) < 2)


def _draw_untrusted(axes: Axes, grid: Lattice, scale: Scale, picture: np.ndarray, trusted: np.ndarray) -> Legend:
    if trusted.all():
        return {}
    region = axes.contourf(grid.x, grid.y, grid.picture(trusted.astype(float), missing=1.0), levels=[-1, 0.5])
    return show_untrusted(axes, region, _draw_depths(axes, grid, scale, picture, scale.grey_map))


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
        f"also {what}": Patch(facecolor=scale.colour_map(float(what.startswith(">"))), edgecolor=FAINT, linewidth=0.5)
        for _, what in scale.beyond(values)
    }
