"""A landscape of any dimension as a network: minima and the passes between them, laid out by their heights."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from globscope.report.map.trajectory import Trajectory
from globscope.report.map.tree_scene import UPPER_BOUND, TreeScene
from globscope.report.style.legend import Legend, explain, log_note
from globscope.report.style.marks import draw_marks, mark_names
from globscope.report.style.palette import FAINT, INK
from globscope.report.style.text import count_noun, figure_text
from globscope.report.style.theme import Picture, house_style, write_centred, write_headline
from globscope.report.topology.merge_tree import layout, name_leaves, set_heights
from globscope.values.number import number
from globscope.values.topology import MINIMUM, SADDLE, MergeTree

# Further passes that are drawn of a minimum: its lowest ones. More would only blacken the picture.
FURTHER = 3
# Minima beyond which marks are small and lines thin.
CROWD = 60
# Points of an arc.
FINE = np.linspace(0, 1, 41)
READING = "An arc's top is the height of a pass; left and right mean nothing."
# Two minima, as vertices.
Pair = tuple[int, int]


@define(frozen=True, kw_only=True)
class Network:
    """The minima of a merge tree and the passes between them.

    Attributes:
        tree: The tree that is drawn, thinned where it has very many minima.
        joining: Heights of the passes by which the tree joins all minima, by two minima.
        further: Heights of the lowest further passes between two basins that touch, the lowest last.
        left_out: How many further passes there are that are not drawn.
        runs: Runs that end in the basin of each minimum.
    """

    tree: MergeTree = field(repr=False)
    joining: Mapping[Pair, float] = field(repr=False)
    further: Mapping[Pair, float] = field(repr=False)
    left_out: int
    runs: Mapping[int, Sequence[Trajectory]] = field(repr=False)

    @classmethod
    def of(cls, scene: TreeScene, edges: np.ndarray | None) -> "Network":
        """Return the network of a merge tree; (m, 2) edges of the samples say which basins touch, if they are known."""
        tree, _ = scene.thinned
        touching = _elder_passes(tree) if edges is None else touching_basins(tree, scene.values, edges)
        joining = joining_passes(touching)
        others = {pair: height for pair, height in touching.items() if pair not in joining}
        further = _lowest_of_each(others)
        left_out = len(others) - len(further)
        return cls(tree=tree, joining=joining, further=further, left_out=left_out, runs=scene.thinned_runs)


def _elder_passes(tree: MergeTree) -> dict[Pair, float]:
    """Return the height at which each branch ends, by its minimum and that of the branch that goes on."""
    return {
        (int(tree.pairs[row, 0]), int(tree.pairs[elder, 0])): float(tree.deaths[row])
        for row, elder in enumerate(tree.elders.tolist())
        if row != elder
    }


def touching_basins(tree: MergeTree, values: np.ndarray, edges: np.ndarray) -> dict[Pair, float]:
    """Return the lowest height at which samples of two basins are neighbours, by the basins' minima; lowest first."""
    basins = tree.basin[edges]
    across = (basins >= 0).all(axis=1) & (basins[:, 0] != basins[:, 1])
    pairs, heights = np.sort(basins[across], axis=1), values[edges[across]].max(axis=1)
    lowest: dict[Pair, float] = {}
    for row in np.argsort(heights, kind="stable").tolist():
        lowest.setdefault((int(pairs[row, 0]), int(pairs[row, 1])), float(heights[row]))
    return lowest


def joining_passes(passes: Mapping[Pair, float]) -> dict[Pair, float]:
    """Return the passes of a minimum spanning tree (Kruskal, 1956), whose heights are those of the tree's saddles."""
    part: dict[int, int] = {}
    joining: dict[Pair, float] = {}
    for (one, other), height in sorted(passes.items(), key=lambda item: item[1]):
        first, second = _part_of(one, part), _part_of(other, part)
        if first != second:
            part[first] = second
            joining[one, other] = height
    return joining


def _part_of(minimum: int, part: Mapping[int, int]) -> int:
    while part.get(minimum, minimum) != minimum:
        minimum = part[minimum]
    return minimum


def _lowest_of_each(passes: Mapping[Pair, float]) -> dict[Pair, float]:
    """Return the passes that are among the lowest of one of their minima, the lowest last."""
    count, kept = Counter[int](), list[tuple[Pair, float]]()
    for pair, height in sorted(passes.items(), key=lambda item: item[1]):
        if min(count[minimum] for minimum in pair) < FURTHER:
            kept.append((pair, height))
            count.update(pair)
    return dict(kept[::-1])


def plot_network(scene: TreeScene, edges: np.ndarray | None) -> Figure:
    """Return a landscape's minima and passes as a figure; `edges`, (m, 2), are those of its samples, if known."""
    network = Network.of(scene, edges)
    width = float(np.clip(3.0 + 0.42 * len(network.tree.minima), 6.4, 15))
    with house_style():
        figure = Picture(width, 5.4, scene.style)
        axes = figure.add_subplot()
        write_headline(axes, f"Minima and passes of {scene.title}", sentences(scene, network), int(13 * width))
        if not len(network.tree.minima):
            axes.set_axis_off()
            write_centred(axes, "There is no minimum: no sample with a finite value is left.")
            return figure
        legend = draw_network(axes, network, scene)
        axes.set_ylabel(figure_text(scene.field.name) + log_note(axes))
        explain(figure, legend)
    return figure


def sentences(scene: TreeScene, network: Network) -> list[str]:
    """Return in sentences what the picture shows, and how it is read."""
    hidden = count_noun(network.left_out, "further pass is", "further passes are")
    more = f"{hidden} not drawn." if network.left_out else ""
    known = (f"{scene.facts}.", *scene.thinning, READING, UPPER_BOUND if scene.runs else "", more, scene.missing_runs)
    return [sentence for sentence in known if sentence]


def caption(scene: TreeScene, edges: np.ndarray | None) -> str:
    """Return in sentences what the picture of a network shows."""
    network = Network.of(scene, edges)
    joining = count_noun(len(network.joining), "pass", "passes")
    kinds = f"{joining} of the merge tree, strong, and {number(len(network.further))} further, faint"
    ends = [f"{scene.run_ends}."] if scene.run_ends else []
    return " ".join([f"Minima of {scene.title}, with {kinds}.", *sentences(scene, network), *ends])


def draw_network(axes: Axes, network: Network, scene: TreeScene) -> Legend:
    """Draw minima side by side in the order of the merge tree's leaves, with an arc for every pass."""
    values = scene.values
    places, passes = layout(network.tree), [*network.joining.values(), *network.further.values()]
    set_heights(axes, np.array([*network.tree.births.tolist(), *passes]), len(places.x))
    log, crowded = axes.get_yscale() == "log", len(places.x) > CROWD
    strong, faint = (
        [_arc(places.x, values, pair, height, log=log) for pair, height in passes.items()]
        for passes in (network.joining, network.further)
    )
    legend = _draw_arcs(axes, faint, "further pass where two basins touch", 0.4 if crowded else 0.7, FAINT)
    legend |= _draw_arcs(axes, strong, "pass of the merge tree, an upper bound", 0.7 if crowded else 1.6, INK)
    minima = np.array([(x, values[leaf]) for leaf, x in places.x.items()])
    tops = np.array([arc[len(arc) // 2] for arc in strong]).reshape(-1, 2)
    legend |= draw_marks(axes, {MINIMUM: minima, SADDLE: tops}, {**mark_names(scene.field), SADDLE: "top of the pass"})
    if network.runs:
        name_leaves(axes, places, values, network.runs)
    return legend


def _arc(x: Mapping[int, int], values: np.ndarray, pair: Pair, height: float, *, log: bool) -> np.ndarray:
    """Return an arc as (points, 2): up from one minimum to the height of the pass, and down to the other."""
    low = np.where(FINE < 0.5, values[pair[0]], values[pair[1]])
    rise, across = np.sin(np.pi * FINE), x[pair[0]] + (x[pair[1]] - x[pair[0]]) * FINE
    heights = low ** (1 - rise) * height**rise if log else low + (height - low) * rise
    return np.stack([across, heights], axis=1)


def _draw_arcs(axes: Axes, arcs: Sequence[np.ndarray], name: str, width: float, colour: str) -> Legend:
    if not arcs:
        return {}
    style: dict[str, Any] = {"color": colour, "lw": width, "alpha": 0.85 if colour == FAINT else 1.0}
    axes.add_collection(LineCollection(arcs, rasterized=len(arcs) > 10 * CROWD, zorder=2, **style), autolim=False)
    return {name: Line2D([], [], **style)}
