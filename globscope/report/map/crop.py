"""A map cut to its trusted region, with the whole map as an inset."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from globscope.report.map.scene import Scene
from globscope.report.map.surface import draw_surface
from globscope.report.style.labels import Name
from globscope.report.style.palette import INK

# Room around the trusted region, of its extent; and the share of the map from which it is not worth a cut.
ROOM, MOST = 0.04, 0.85
INSET = (0.7, 0.7, 0.29, 0.29)


def crop_to_trusted(axes: Axes, scene: Scene) -> None:
    """Show of a landscape over two axes only where it is trusted, if that is a part of it; the rest as an inset."""
    points, trusted = scene.landscape.samples.points, scene.landscape.trusted
    if not trusted.any():
        return
    low, high = points[trusted].min(axis=0), points[trusted].max(axis=0)
    room = np.where(high > low, ROOM * (high - low), 0.5 * ROOM * np.ptp(points, axis=0))
    low, high = np.maximum(low - room, points.min(axis=0)), np.minimum(high + room, points.max(axis=0))
    if np.prod((high - low) / np.ptp(points, axis=0)) > MOST:
        return
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    _clip(axes)
    inset = axes.inset_axes(INSET, zorder=8)
    draw_surface(inset, scene.landscape, scene.scale)
    inset.set(xticks=[], yticks=[])
    inset.spines[:].set(visible=True, color="white", linewidth=2)
    inset.add_patch(Rectangle((low[0], low[1]), *(high - low), fill=False, ec=INK, lw=1.2, zorder=9))


def _clip(axes: Axes) -> None:
    """Cut marks at the frame, and leave out the names of what lies beyond it."""
    for line in axes.lines:
        line.set_clip_on(True)
    for text in axes.findobj(Name):
        text.set_visible(axes.viewLim.contains(*text.xy))
