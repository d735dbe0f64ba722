"""Where a map is not to be trusted: its colours turn grey, as light or dark as they are, under a hatching."""

from collections.abc import Sequence
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.contour import ContourSet
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from globscope.report.style.legend import Legend
from globscope.report.style.palette import EDGE, GREYS, UNTRUSTED

# The legend's patch, and stretches of a line plot.
HATCHED: dict[str, Any] = {"facecolor": GREYS[-3], "edgecolor": (*(0.05, 0.07, 0.09), 0.3), "hatch": "//", "lw": 0}
LEVEL = 3


def key_of_untrusted() -> Legend:
    """Return what the legend says of what is grey."""
    return {UNTRUSTED: Patch(**HATCHED)}


def show_untrusted(axes: Axes, region: ContourSet, greys: Sequence[Artist]) -> Legend:
    """Cut what is drawn in greys to a region, hatch it and draw its outline; return the legend."""
    outline = Path.make_compound_path(*region.get_paths())
    region.remove()
    for artist in greys:
        artist.set_clip_path(outline, axes.transData)
    axes.add_patch(PathPatch(outline, **HATCHED | {"facecolor": "none"}, zorder=LEVEL))
    axes.add_patch(PathPatch(outline, fill=False, ec=EDGE, lw=0.9, ls="--", zorder=LEVEL + 0.1))
    return key_of_untrusted()
