"""The merge tree as a drawing: leaves side by side, heights by loss."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field
from matplotlib.axes import Axes

from globscope.report.map.trajectory import Trajectory
from globscope.report.map.tree_scene import TreeScene
from globscope.report.style.legend import Legend, tick_log
from globscope.report.style.marks import LEVELS, draw_marks, mark_names
from globscope.report.style.palette import FAINT, INK
from globscope.report.style.scale import positive
from globscope.report.style.theme import in_points
from globscope.values.topology import MINIMUM, MergeTree

# Names beside one another in the widest picture.
MOST_LEAVES = 110
# Leaves beyond which lines are thin.
CROWD = 60
CHANCE = "branch within the draws' standard deviation"


@define(frozen=True, kw_only=True)
class Branch:
    """One leaf of the tree and its way up.

    Attributes:
        leaf: Vertex of the minimum.
        top: Vertex where the branch ends: a saddle, or the component's root.
        parent: Leaf of the branch that it joins there; −1 for a component's lowest minimum.
    """

    leaf: int
    top: int
    parent: int


@define(frozen=True, kw_only=True)
class Layout:
    """Where the branches stand.

    Attributes:
        branches: Branches from the component's lowest minimum outwards.
        x: Place of each leaf, 0, 1, 2 …, by its vertex.
    """

    branches: tuple[Branch, ...]
    x: dict[int, int] = field(repr=False)


def layout(tree: MergeTree) -> Layout:
    """Return the branch decomposition, in an order in which no two lines cross."""
    branches, order = _branches(tree), list[int]()
    children = dict[int, int]()
    for branch in branches:
        if branch.parent < 0:
            order.append(branch.leaf)
            continue
        # The latest to die came first and stands outermost; left and right take turns.
        children[branch.parent] = children.get(branch.parent, 0) + 1
        right = children[branch.parent] % 2
        order.insert(order.index(branch.parent) + right, branch.leaf)
    return Layout(branches=branches, x={leaf: place for place, leaf in enumerate(order)})


def _branches(tree: MergeTree) -> tuple[Branch, ...]:
    """Return the branches, the last to die first, so that a parent comes before its children."""
    lowest, roots, rank = _lowest_leaves(tree), _roots(tree), {int(v): i for i, v in enumerate(tree.nodes)}
    pairs = tree.pairs.tolist()
    essential = [Branch(leaf=b, top=roots[b], parent=-1) for b, d in pairs if d < 0]
    merged = [Branch(leaf=b, top=d, parent=lowest[d]) for b, d in pairs if d >= 0]
    merged.sort(key=lambda branch: (rank[branch.top], rank[branch.leaf]), reverse=True)
    return (*essential, *merged)


def _lowest_leaves(tree: MergeTree) -> dict[int, int]:
    """Return, by node, the lowest minimum below it: the branch that goes on above."""
    lowest = list(range(len(tree.nodes)))
    # Nodes stand by rising value, so an arc's lower end is final before its upper end is reached.
    for low, high in sorted(tree.arcs.tolist()):
        lowest[high] = min(lowest[high], lowest[low])
    return {int(node): int(tree.nodes[low]) for node, low in zip(tree.nodes, lowest, strict=True)}


def _roots(tree: MergeTree) -> dict[int, int]:
    """Return, by each component's lowest minimum, its highest node."""
    lowest = _lowest_leaves(tree)
    return {lowest[int(node)]: int(node) for node in tree.nodes}


def draw_tree(axes: Axes, scene: TreeScene) -> Legend:
    """Draw the tree, thinned where it has very many leaves; return the legend.

    A dashed branch may be due to the random numbers that scoring draws.
    """
    topology, values, tree = scene.topology, scene.values, scene.thinned[0]
    within_noise = topology.tree.pairs[topology.within_noise, 0]
    places, dashed = layout(tree), list[Any]()
    width = 1.5 if len(places.x) <= CROWD else 0.7
    for branch in places.branches:
        x, low, high = places.x[branch.leaf], values[branch.leaf], values[branch.top]
        faint = branch.leaf in within_noise
        line = axes.plot([x, x], [low, high], color=INK, lw=width, ls="--" if faint else "-", zorder=2)
        dashed += line if faint else []
        if branch.parent >= 0:
            axes.plot([x, places.x[branch.parent]], [high, high], color=INK, lw=width, zorder=2)
    set_heights(axes, values[tree.nodes], len(places.x))
    if scene.runs:
        name_leaves(axes, places, values, scene.thinned_runs)
    return _mark_nodes(axes, tree, places, scene) | ({CHANCE: dashed[0]} if dashed else {})


def _mark_nodes(axes: Axes, tree: MergeTree, places: Layout, scene: TreeScene) -> Legend:
    values = scene.values
    kind_of = dict(zip(tree.nodes.tolist(), tree.kinds, strict=True))
    marked = {kind: list[tuple[int, float]]() for kind in LEVELS}
    for branch in places.branches:
        marked[MINIMUM].append((places.x[branch.leaf], values[branch.leaf]))
        if branch.parent >= 0:
            marked[kind_of[branch.top]].append((places.x[branch.parent], values[branch.top]))
    roots = [(places.x[branch.leaf], values[branch.top]) for branch in places.branches if branch.parent < 0]
    root = axes.plot(*np.array(roots).T, ls="", marker="s", mfc=FAINT, mec="white", mew=0.8, ms=6.5, zorder=3)[0]
    points = {kind: np.array(one).reshape(-1, 2) for kind, one in marked.items()}
    return {"root: the highest sample": root} | draw_marks(axes, points, mark_names(scene.field))


def name_leaves(axes: Axes, places: Layout, values: np.ndarray, runs: Mapping[int, Sequence[Trajectory]]) -> None:
    """Write below the minima which runs end in their basins; of very many minima, below so many as have room."""
    turned = 90 if any(len(trajectory.label) > 3 for group in runs.values() for trajectory in group) else 0
    count, step = len(places.x), -(-len(places.x) // MOST_LEAVES)
    for leaf, x in list(places.x.items())[::step]:
        group = runs.get(leaf, ())
        text = axes.annotate(
            _names(group, 1 if turned else 3, len(places.x)), (x, values[leaf]), (0, -8), textcoords="offset points"
        )
        size = in_points(10 if count <= 16 else 8 if count <= 50 else 6.5)
        text.set(ha="center", va="top", rotation=turned, fontsize=size)
        text.set(color=group[0].colour if len(group) == 1 else INK if group else FAINT)
        text.set_fontweight("bold" if group else "normal")


def _names(group: Sequence[Trajectory], across: int, leaves: int) -> str:
    """Return the runs' names, so many to a row, in as many rows as stand side by side when turned."""
    labels = [trajectory.label for trajectory in group] or ["–"]
    rows = [labels[i : i + across] for i in range(0, len(labels), across)]
    most = 3 if across > 1 else max(2, 20 // leaves)
    return ",\n".join(", ".join(row) for row in rows[:most]) + (" …" if len(rows) > most else "")


def set_heights(axes: Axes, heights: np.ndarray, leaves: int) -> None:
    """Set the axes, with room below the lowest leaf for its name."""
    low, high = float(heights.min()), float(heights.max())
    axes.set(xlim=(-0.8, leaves - 0.2), xticks=[])
    axes.spines["bottom"].set_visible(False)
    if positive(heights):
        span = max(np.log(high / low), 0.5)
        axes.set(yscale="log", ylim=(low * np.exp(-0.16 * span), high * np.exp(0.06 * span)))
        tick_log(axes.yaxis, *axes.get_ylim())
    else:
        span = (high - low) or 1.0
        axes.set_ylim(low - 0.16 * span, high + 0.06 * span)
