"""What a map's landscape and tree amount to, in words and numbers."""

from globscope.report.kinds import is_path
from globscope.report.scale import Scale
from globscope.report.text import counted, listed, number
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
    broken = scape.nonfinite(scale.field)
    odd = [(broken, "NaN or infinite")] * bool(broken) + scale.beyond(scape.fields[scale.field])
    notes = ", ".join(f"{number(count)} {what}" for count, what in odd)
    fitted = sum(member.in_fit for member in drawn.population.members)
    aside = f" ({notes})" if notes else ""
    way = " along a path" if is_path(scape.samples) else ""
    what = f"map fitted to N = {number(fitted)}" if drawn.chart.extent is None else sliced(drawn)
    return f"{size} networks decoded{way} and evaluated{aside}; {what}"


def sliced(drawn: Map) -> str:
    """Return what a slice is of, and who is not on it."""
    off = int(drawn.elsewhere.sum())
    told = f"slice around {drawn.chart.notes.get('origin', 'a network')}" if drawn.chart.centre is not None else "slice"
    through = drawn.chart.notes.get("through")
    told += f" through {drawn.chart.notes.get('origin')}, {through}" if through else ""
    return told + (f"; {counted(off, 'member is', 'members are')} not on it, and projected where drawn" if off else "")


def leaves(topology: Topology) -> str:
    """Return the count of leaves and its threshold."""
    found = counted(len(topology.tree.minima), "leaf", "leaves")
    return f"{found} of persistence > {number(topology.threshold)}"


def ends(drawn: Map, scape: Landscape, topology: Topology) -> str:
    """Return in how many basins the runs end, and which runs this map does not show; empty on a path."""
    home = homes(drawn, topology, scape)
    absent, basins = home.pop(-1, []), len(home)
    runs = sum(map(len, home.values()))
    what = f"{counted(runs, 'run')} end{'s' if runs == 1 else ''} in {counted(basins, 'basin')}" if runs else ""
    every = runs + len(absent)
    names = listed(track.variant for track in absent)
    stray = f"{len(absent)} of {counted(every, 'run is', 'runs are')} not on this map ({names})" if absent else ""
    return "; ".join(filter(None, (what, stray)))


def result(drawn: Map, scape: Landscape, topology: Topology) -> str:
    """Return leaves and ends in one clause."""
    return "; ".join(filter(None, (leaves(topology), ends(drawn, scape, topology))))
