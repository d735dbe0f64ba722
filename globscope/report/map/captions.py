"""What a map's picture is called, what it shows, and what is said to those who cannot see it."""

from globscope.report.map.kinds import Kind, is_path, kind
from globscope.report.map.run_ends import ends
from globscope.report.map.slices import where
from globscope.report.map.tracks import tracks
from globscope.report.style.scale import Scale
from globscope.report.style.text import counted, cut, listed, number, one_line
from globscope.values.findings import Map
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology

SHOWN: dict[Kind, str] = {
    "line": "Losses over the one latent axis, with the runs' trajectories",
    "path": "Losses along the path {sampler}",
    "surface": "{field} over the two latent axes, with the runs' trajectories",
    "slices": "Slices of {field} over each pair of latent axes, with the runs' trajectories projected onto them",
    "members": "The members' trajectories",
}
SEEN: dict[Kind, str] = {
    "line": "Line plot of the losses over the latent axis of {name} with the trajectories of {runs}.",
    "path": "Line plot of the losses along the path {sampler} on {name}.",
    "surface": "Landscape of {name} with the trajectories of {runs}.",
    "slices": "Slices through the landscape of {name} with the trajectories of {runs}.",
    "members": "Trajectories of {runs} on the axes of {name}.",
}


def title(drawn: Map, scape: Landscape | None) -> str:
    """Return a map's name for a headline, with the sampler's where the map alone does not tell the picture."""
    name, sampler = one_line(drawn.name), one_line(_sampler(drawn, scape))
    several = len(drawn.landscapes) > 1 or (scape is not None and is_path(scape.samples))
    return f"{cut(name, 26)}, {cut(sampler, 24)}" if sampler and several else cut(name, 40)


def caption(drawn: Map, scape: Landscape | None, scale: Scale) -> tuple[str, str]:
    """Return a picture's caption, and what a reader is told who cannot see it."""
    told, drawn_as = " ".join(facts(drawn, scape, scale)), kind(scape, scale.field)
    runs = listed(track.variant for track in tracks(drawn))
    words = {"name": drawn.name, "sampler": _sampler(drawn, scape), "field": scale.field, "runs": runs}
    return f"{SHOWN[drawn_as].format(**words)}. {told}", f"{SEEN[drawn_as].format(**words)} {told}"


def _sampler(drawn: Map, scape: Landscape | None) -> str:
    return next((name for name, candidate in drawn.landscapes.items() if candidate is scape), "")


def facts(drawn: Map, scape: Landscape | None, scale: Scale) -> list[str]:
    """Return in sentences what exactly a map's picture shows, or why it shows members only."""
    if scape is None:
        return [drawn.hidden or drawn.chart.why_no_inverse or "No landscape was sampled on this map."]
    if scale.field not in scape.fields:
        return [f"No landscape: the evaluator gave no field {scale.field}."]
    topology, told = topology_of(drawn, scape, scale.field), [f"{sampled(drawn, scape, scale)}."]
    drawn_as = kind(scape, scale.field)
    if drawn_as == "slices":
        told.insert(0, f"Sliced through the lowest minimum, at {where(scape, scale.field)}.")
    if drawn_as == "members":
        told.insert(
            0, f"Members only: no lattice of finite values fills the {scape.samples.points.shape[1]} latent axes."
        )
    return told + ([f"{result(drawn, scape, topology)}."] if topology else [])


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


def tree_facts(topology: Topology) -> str:
    """Return what was counted, at which threshold, on how many samples."""
    used = int((topology.full.basin >= 0).sum())
    left = f", {number(topology.left_out)} left out" if topology.left_out else ""
    within = int(topology.within_noise.sum())
    chance = (
        f"; {number(within)} of them below {number(topology.noise)}, the draws' standard deviation" if within else ""
    )
    return f"{leaves(topology)} in {topology.field}{chance}; {number(used)} samples{left}"


def result(drawn: Map, scape: Landscape, topology: Topology) -> str:
    """Return leaves and ends in one clause."""
    return "; ".join(filter(None, (leaves(topology), ends(drawn, scape, topology))))
