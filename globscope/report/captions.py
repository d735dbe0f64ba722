"""What a map's picture is called, what it shows, and what is said to those who cannot see it."""

from globscope.report.counts import result, sampled, topology_of
from globscope.report.kinds import Kind, is_path, kind
from globscope.report.scale import Scale
from globscope.report.slices import where
from globscope.report.text import cut, listed, one_line
from globscope.report.tracks import tracks
from globscope.values.findings import Map
from globscope.values.landscape import Landscape

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
