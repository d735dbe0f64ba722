"""From TTK's join tree to the branches of the sweep."""

import numpy as np

from globscope.api import Branches, PluginError


def branches(answer: dict[str, np.ndarray], places: np.ndarray, count: int) -> Branches:
    """Return the branches of `count` samples, from the arrays of `join_tree.py` (its docstring has their names).

    TTK numbers vertices as it was shown them, and arcs by a permutation; `places` holds each vertex's place in the
    sweep.

    Raises:
        PluginError: The arrays are not a join tree of the vertices.
    """
    node, down, up, below = _tree(answer, places)
    branch, births, ends = _elder_rule(down.tolist(), up.tolist(), len(node))
    deaths = np.where(ends < 0, count, node[ends])
    # On the ridge above the samples components meet, and no branch dies.
    essential = deaths >= count
    own = np.empty(len(places), int)
    own[places] = branch[below]
    own = own[:count]
    tops = np.zeros(len(births), int)
    np.maximum.at(tops, own, np.arange(count))
    return Branches(
        births=node[births],
        deaths=np.where(essential, count, deaths),
        elders=np.where(essential, np.arange(len(births)), branch[ends]),
        own=own,
        tops=tops[essential],
    )


def _tree(answer: dict[str, np.ndarray], places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the nodes' places, the arcs' ends as rows of them, by rising lower end, and each vertex's lower end."""
    by_id = np.argsort(answer["node_id"])
    vertex = answer["node_vertex"][by_id]
    node = places[vertex]
    # TTK may add an arc from the root to itself.
    proper = np.flatnonzero(answer["arc_down"] != answer["arc_up"])
    down, up = (_rows(answer["node_id"][by_id], answer[end][proper]) for end in ("arc_down", "arc_up"))
    order = np.argsort(node[down])
    down, up, label = down[order], up[order], answer["arc_label"][proper][order]
    by_label = np.argsort(label)
    arc = by_label[_rows(label[by_label], answer["label"])]
    low, high = node[down], node[up]
    _require(len(down) == len(node) - 1 == len(np.unique(down)) and np.all(low < high))
    _require(len(arc) == len(places) and np.all((low[arc] <= places) & (places <= high[arc])))
    below = down[arc]
    # A node lies on the arc that leads up from it.
    _require(np.array_equal(below[vertex[down]], down))
    return node, down, up, below


def _rows(ordered: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return where the ids stand."""
    rows: np.ndarray = np.searchsorted(ordered, ids)
    _require(np.all(rows < len(ordered)) and np.array_equal(ordered[rows], ids))
    return rows


def _require(holds: object) -> None:
    if not holds:
        raise PluginError("TTK's answer is not a join tree; has the interpreter an intact TTK, 1.0 or later?")


def _elder_rule(down: list[int], up: list[int], nodes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each node's branch, and of each branch, by rising birth, the nodes at which it is born and dies.

    Arcs come by rising lower end, so all that meet at a node are seen before the one that leads up from it.
    """
    branch = [-1] * nodes
    births: list[int] = []
    ends: list[int] = []
    for low, high in zip(down, up, strict=True):
        if branch[low] < 0:
            branch[low] = len(births)
            births.append(low)
            ends.append(-1)
        met = branch[high]
        branch[high] = branch[low] if met < 0 else min(met, branch[low])
        if met >= 0:
            ends[max(met, branch[low])] = high
    return np.array(branch), np.array(births), np.array(ends)
