"""The captions and alternative texts of a map's pictures."""

import numpy as np

from globscope.report.map.graph import leading_edges
from globscope.report.map.named_runs import names_left_out
from globscope.report.map.scene import Kind, Scene
from globscope.report.map.slices import AXES, drawn_pairs, lowest_point
from globscope.report.map.trajectory import run_names
from globscope.report.style.text import count_noun
from globscope.values.findings import Map
from globscope.values.number import number

CAPTIONS: dict[Kind, str] = {
    "line": "losses over the one latent axis, with the runs' trajectories",
    "path": "losses along the path {sampler}",
    "surface": "{field} over the two latent axes, with the runs' trajectories",
    "slices": "slices of {field} over each pair of latent axes, with the runs' trajectories projected onto them",
    "members": "the members' trajectories",
}
ALT_TEXTS: dict[Kind, str] = {
    "line": "Line plot of the losses over the latent axis of {name} with the trajectories of {runs}.",
    "path": "Line plot of the losses along the path {sampler} on {name}.",
    "surface": "Landscape of {name} with the trajectories of {runs}.",
    "slices": "Slices through the landscape of {name} with the trajectories of {runs}.",
    "members": "Trajectories of {runs} on the axes of {name}.",
}


def caption(scene: Scene) -> tuple[str, str]:
    """Return a picture's caption and its alternative text."""
    shown = " ".join([*facts(scene), *names_left_out(scene)])
    runs = run_names(scene.trajectories)
    words = {"name": scene.map_.name, "sampler": scene.sampler, "field": scene.field.name, "runs": runs}
    above = CAPTIONS[scene.kind].format(**words)
    return f"{above[:1].upper()}{above[1:]}. {shown}", f"{ALT_TEXTS[scene.kind].format(**words)} {shown}"


def facts(scene: Scene) -> list[str]:
    """Return in sentences what exactly a map's picture shows, or why it shows members only."""
    axes = scene.map_.chart.dimension
    return [*_facts(scene), *([f"Drawn: {drawn_pairs(axes)}."] if axes > AXES else [])]


def _facts(scene: Scene) -> list[str]:
    if scene.landscape_or_none is None:
        return [scene.map_.hidden or scene.map_.chart.why_no_inverse or "No landscape was sampled on this map."]
    if scene.field.key not in scene.fields:
        return [f"No landscape: the evaluator does not measure {scene.field.name}."]
    first = []
    if scene.kind == "slices":
        place = lowest_point(scene.landscape, scene.field.key)
        first = [f"Sliced through the lowest minimum, at {place}; runs are projected onto the slice."]
    if scene.kind == "members":
        why = f"no lattice of finite values fills the {scene.map_.chart.dimension} latent axes"
        first = [f"Members only: {'the samples form a graph' if scene.is_graph else why}."]
    return [*first, f"{samples(scene)}.", *ground_facts(scene), *tree_facts(scene), *figure_facts(scene)]


def figure_facts(scene: Scene) -> list[str]:
    """Return in a sentence which figure the runs' colours show, where they show one."""
    return [] if scene.colours is None else [f"The runs' colours show {scene.colours.name}."]


def tree_facts(scene: Scene) -> list[str]:
    """Return the merge tree's summary as a sentence, where there is a tree."""
    if scene.tree is None:
        return []
    return [f"{scene.tree.summary}.", *(scene.tree.thinning if scene.is_graph and scene.kind == "surface" else [])]


def ground_facts(scene: Scene) -> list[str]:
    """Return in a sentence what lies below a graph of samples; nothing for other samples."""
    if not scene.is_graph or scene.kind != "surface":
        return []
    below = "Between samples, colours are interpolated only where these lie densely."
    if scene.ground is not None:
        below = "The field below is of the map's lattice."
    return [below]


def samples(scene: Scene) -> str:
    """Return how many networks were decoded, how many have no colour, and to how many the map was fitted."""
    points = scene.landscape.samples
    size = " × ".join(map(number, points.shape or (len(points.points),)))
    odd = [(scene.nonfinite, "NaN or infinite")] * bool(scene.nonfinite)
    odd += [] if scene.kind == "members" else scene.scale.beyond(scene.values)
    notes = ", ".join(f"{number(count)} {what}" for count, what in odd)
    fitted = sum(member.in_fit for member in scene.map_.population.members)
    aside = f" ({notes})" if notes else ""
    way = " along a path" if scene.is_path else ""
    edges = points.edges if scene.is_graph else None
    joined = "" if edges is None else f", joined by {count_noun(len(edges), 'edge')}{_not_drawn(scene, edges)}"
    what = f"map fitted to N = {number(fitted)}" if scene.map_.chart.extent is None else slice_facts(scene.map_)
    return f"{size} networks decoded{way} and evaluated{aside}{joined}; {what}"


def _not_drawn(scene: Scene, edges: np.ndarray) -> str:
    """Return how many edges a picture of the graph leaves out; empty where it draws all."""
    left_out = len(edges) - len(leading_edges(edges, len(scene.values)))
    shown = scene.kind != "surface" or not left_out
    return "" if shown else f", of which {number(left_out)} to single samples beside the paths are not drawn"


def slice_facts(map_: Map) -> str:
    """Return around and through which networks a slice lies, and how many members are not on it."""
    off, notes = int(map_.elsewhere.sum()), map_.chart.notes
    around = f"slice around {notes.get('origin', 'a network')}" if map_.chart.centre is not None else "slice"
    through = f" through {notes.get('origin')}, {notes['through']}" if notes.get("through") else ""
    absent = f"; {count_noun(off, 'member is', 'members are')} not on it, and projected where drawn" if off else ""
    return f"{around}{through}{absent}"
