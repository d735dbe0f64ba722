"""What a map's landscape and tree amount to, in words and numbers."""

from globscope.report.scale import Scale
from globscope.report.text import counted, listed, number
from globscope.report.tracks import tracks
from globscope.report.tree import homes
from globscope.values.findings import Map
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology


def topology_of(drawn: Map, scape: Landscape | None, field: str) -> Topology | None:
    """Return the first topology of this landscape that was computed on this field."""
    names = [name for name, candidate in drawn.landscapes.items() if candidate is scape]
    of_field = (t for name in names for t in drawn.topologies.get(name, {}).values() if t.field == field)
    return next(of_field, None)


def sampled(drawn: Map, scape: Landscape, scale: Scale) -> str:
    """Return how many networks were decoded, what has no colour, and what the map was fitted to."""
    size = " × ".join(map(number, scape.samples.shape or (len(scape.samples.points),)))
    values = scape.fields[scale.field]
    odd = [
        (scape.nonfinite(scale.field), "NaN or infinite"),
        (scale.below(values), "≤ 0, in the lowest colour"),
    ]
    notes = [f"{number(count)} {what}" for count, what in odd if count]
    fitted = sum(member.in_fit for member in drawn.chart.members)
    aside = f" ({', '.join(notes)})" if notes else ""
    return f"{size} networks decoded and evaluated{aside}; the map was fitted to N = {number(fitted)}"


def leaves(topology: Topology) -> str:
    """Return the count of leaves and its threshold."""
    found = counted(len(topology.tree.minima), "leaf", "leaves")
    return f"{found} of persistence > {number(topology.threshold)}"


def ends(drawn: Map, scape: Landscape, topology: Topology) -> str:
    """Return in how many basins the runs end, and which runs share one or lie in none."""
    home = homes(tracks(drawn.chart), topology.tree, scape)
    runs, basins = sum(map(len, home.values())), len(home.keys() - {-1})
    if not runs:
        return "no run ends on this map"
    stray = [track.variant for track in home.get(-1, [])]
    outside = f" ({listed(stray)}: in none)" if stray else ""
    return f"{counted(runs, 'run')} end{'s' if runs == 1 else ''} in {counted(basins, 'basin')}{outside}"
