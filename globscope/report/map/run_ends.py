"""Where the training runs end on a map: in which basins, and which of them it does not show."""

from collections.abc import Mapping, Sequence

from globscope.report.map.scene import Scene, is_path
from globscope.report.map.tracks import Track
from globscope.report.style.text import counted, listed
from globscope.topology.membership import depiction, membership
from globscope.values.topology import Topology


def homes(scene: Scene, topology: Topology) -> dict[int, list[Track]]:
    """Return, by leaf, the variants whose last network lies in its basin; −1 for those that the map does not show.

    Empty for a path, where other variants' members do not lie on it.
    """
    basins: dict[int, list[Track]] = {}
    if not scene.tracks or not len(scene.drawn.samples.points) or is_path(scene.drawn.samples):
        return basins
    last = depiction(scene.map_, topology.field, [track.last for track in scene.tracks])
    rows = membership(scene.map_, scene.drawn, topology, last).basins.tolist()
    for track, basin in zip(scene.tracks, rows, strict=True):
        basins.setdefault(basin, []).append(track)
    return basins


def missing_runs(home: Mapping[int, Sequence[Track]]) -> str:
    """Return in a sentence which runs the map does not show, and so no leaf is named by; empty where it shows all."""
    names = listed(track.variant for track in home.get(-1, ()))
    return f"Not on this map: {names}." if names else ""


def run_ends(scene: Scene, topology: Topology) -> str:
    """Return in how many basins the runs end, and which runs this map does not show; empty on a path."""
    home = homes(scene, topology)
    absent, basins = home.pop(-1, []), len(home)
    runs = sum(map(len, home.values()))
    ends = f"{counted(runs, 'run')} end{'s' if runs == 1 else ''} in {counted(basins, 'basin')}" if runs else ""
    every, names = runs + len(absent), listed(track.variant for track in absent)
    others = f"{len(absent)} of {counted(every, 'run is', 'runs are')} not on this map ({names})" if absent else ""
    return "; ".join(filter(None, (ends, others)))
