"""One map on its panels: whatever its landscape can be drawn as, and the members."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from globscope.report.counts import topology_of
from globscope.report.kinds import kind
from globscope.report.labels import name_points
from globscope.report.profile import draw_profile
from globscope.report.scale import Scale
from globscope.report.slices import draw_slices, pairs
from globscope.report.surface import draw_critical, draw_surface
from globscope.report.tracks import Legend, draw_tracks, tracks
from globscope.values.findings import Map
from globscope.values.landscape import Landscape


def draw_map(
    panels: Sequence[Axes], drawn: Map, scale: Scale, scape: Landscape | None, *, faint: bool = False
) -> Legend:
    """Draw one map as what it is: a landscape, its slices, a profile, or trajectories alone."""
    topology, drawn_as = topology_of(drawn, scape, scale.field), kind(scape, scale.field)
    tree, legend = topology.tree if topology else None, Legend()
    if scape is None or drawn_as == "members":
        return draw_members(panels, drawn, faint=faint)
    if drawn_as in ("line", "path"):
        return draw_profile(panels[0], drawn, scape, scale.field, tree)
    if drawn_as == "slices":
        return draw_slices(panels, scape, scale) | draw_members(panels, drawn, faint=True)
    legend |= draw_surface(panels[0], scape, scale)
    legend |= draw_critical(panels[0], tree, scape.samples.points) if tree else {}
    return legend | draw_members(panels, drawn, faint=faint)


def draw_members(panels: Sequence[Axes], drawn: Map, *, faint: bool = False) -> Legend:
    """Draw the trajectories over one pair of latent axes a panel, or over the only axis."""
    if drawn.chart.dimension == 1:
        return _draw_line(panels[0], drawn)
    legend: Legend = {}
    for axes, (i, j) in zip(panels, pairs(drawn.chart.dimension), strict=False):
        legend |= draw_tracks(axes, drawn, (i, j), faint=faint)
        axes.set(xlabel=f"latent {i + 1}", ylabel=f"latent {j + 1}")
    return legend


def _draw_line(axes: Axes, drawn: Map) -> Legend:
    """Draw a one-dimensional map's members against their place in the run."""
    found = tracks(drawn)
    for track in found:
        axes.plot(track.points[:, 0], np.arange(len(track.points)), "-o", ms=3, color=track.colour)
    axes.margins(0.08)
    axes.set(xlabel="latent 1", ylabel="checkpoint of the run")
    if found:
        ends = np.array([(track.points[-1, 0], len(track.points) - 1) for track in found])
        name_points(axes, [(track.label, track.colour) for track in found], ends, ends)
    return {}
