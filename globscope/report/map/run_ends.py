"""Where the training runs end on a map: in which basins, and which of them it does not show."""

from collections.abc import Mapping, Sequence

from globscope.report.map.kinds import is_path
from globscope.report.map.tracks import Track, tracks
from globscope.report.style.text import counted, listed
from globscope.topology.membership import depiction, membership
from globscope.values.findings import Map
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology


def homes(drawn: Map, topology: Topology, scape: Landscape) -> dict[int, list[Track]]:
    """Return, by leaf, the variants whose last network lies in its basin; −1 for those that the map does not show.

    Empty for a path, where other variants' members do not lie on it.
    """
    found, basins = tracks(drawn), dict[int, list[Track]]()
    if not found or not len(scape.samples.points) or is_path(scape.samples):
        return basins
    ends = depiction(drawn, topology.field, [track.last for track in found])
    for track, basin in zip(found, membership(drawn, scape, topology, ends).basins.tolist(), strict=True):
        basins.setdefault(basin, []).append(track)
    return basins


def not_shown(home: Mapping[int, Sequence[Track]]) -> str:
    """Return in a sentence which runs the map does not show, and so no leaf is named by; empty where it shows all."""
    names = listed(track.variant for track in home.get(-1, ()))
    return f"Not on this map: {names}." if names else ""


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
