"""Where a map is not to be trusted: its colours turn grey, as light or dark as they are, under a hatching."""

from collections.abc import Sequence
from typing import Any

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.contour import ContourSet
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from globscope.report.style.legend import Legend
from globscope.report.style.palette import EDGE, GREYS, RIM, UNTRUSTED

# The legend's patch, and stretches of a line plot.
HATCHED: dict[str, Any] = {"facecolor": GREYS[-3], "edgecolor": EDGE, "hatch": "//", "lw": 0}
# Colours and widths in points of the lines: pale ones lie below the dark ones, so that they are seen on dark greys too.
LINES = (((*to_rgb(RIM), 0.35), 1.9), ((*to_rgb(EDGE), 0.45), 0.7))
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
    for colour, width in LINES:
        # Newer versions of matplotlib take both from the settings, older ones the colour from the edge.
        with rc_context({"hatch.color": colour, "hatch.linewidth": width}):
            axes.add_patch(PathPatch(outline, fc="none", ec=colour, hatch="//", lw=0, zorder=LEVEL))
    axes.add_patch(PathPatch(outline, fill=False, ec=RIM, lw=1.8, alpha=0.6, zorder=LEVEL + 0.05))
    axes.add_patch(PathPatch(outline, fill=False, ec=EDGE, lw=0.9, ls="--", zorder=LEVEL + 0.1))
    return key_of_untrusted()
