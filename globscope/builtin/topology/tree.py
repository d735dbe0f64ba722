"""From branches to a merge tree, all of them or only the persistent ones."""

import numpy as np

from globscope.api import MINIMUM, MULTI_SADDLE, ROOT, SADDLE, MergeTree
from globscope.builtin.topology.adjacency import Neighbours
from globscope.builtin.topology.branches import Branches, branches


def sweep_order(values: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Return the usable samples by rising (value, number)."""
    samples = np.flatnonzero(usable)
    return samples[np.argsort(values[samples], kind="stable")]


def trees(
    values: np.ndarray, swept: np.ndarray, neighbours: Neighbours, persistence: float
) -> tuple[MergeTree, MergeTree]:
    """Return the tree without pairs of at most this persistence, and the tree of all pairs.

    `swept` are the samples in the sweep's order, `neighbours` the graph among them, numbered so.
    """
    found = branches(neighbours)
    essential = found.deaths == len(swept)
    level = np.append(values[swept], np.inf)
    persistent = essential | (level[found.deaths] - level[found.births] > persistence)
    simplified = merge_tree(found, persistent, swept, values)
    return simplified, merge_tree(found, np.ones_like(persistent), swept, values)


def merge_tree(found: Branches, kept: np.ndarray, swept: np.ndarray, values: np.ndarray) -> MergeTree:
    """Return the tree of the branches that `kept` marks; `values` are those of all samples."""
    count = len(swept)
    births, deaths = found.births[kept], found.deaths[kept]
    nodes = _marked(count, births, deaths[deaths < count], found.tops)
    branch, level = _flooded(found, kept)
    order, above = _upper_ends(nodes, branch[nodes], found.deaths)
    inner = above < count
    own_arc = np.cumsum(inner) - 1
    # A root has no arc above it and carries the one below, if its component has any.
    own_arc[order] = _carried(own_arc[order], inner[order], nodes[order] > found.births[branch[nodes[order]]])
    along = branch[nodes[order]] * count + nodes[order]
    node = order[np.searchsorted(along, branch * count + level, side="right") - 1]
    vertex, value = np.append(swept, -1), np.append(values[swept], np.inf)
    return MergeTree(
        nodes=swept[nodes],
        kinds=_kinds(nodes, births, deaths[deaths < count]),
        arcs=np.stack([np.flatnonzero(inner), np.searchsorted(nodes, above[inner])], axis=1),
        pairs=np.stack([vertex[births], vertex[deaths]], axis=1),
        births=value[births],
        deaths=value[deaths],
        arc=_per_sample(own_arc[node], swept, len(values)),
        basin=_per_sample(swept[found.births[branch]], swept, len(values)),
    )


def _marked(count: int, *chosen: np.ndarray) -> np.ndarray:
    """Return the chosen vertices once each, in order."""
    marks = np.zeros(count, bool)
    marks[np.concatenate(chosen)] = True
    return np.flatnonzero(marks)


def _flooded(found: Branches, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each vertex's kept branch, and the vertex to whose level it is raised.

    A removed branch is flooded up to its death, where it becomes part of the branch that goes on.
    """
    home, raised = np.arange(len(kept)), np.full(len(kept), -1)
    for branch in np.flatnonzero(~kept).tolist():  # elders first, by their number
        elder = found.elders[branch]
        home[branch] = home[elder]
        raised[branch] = max(found.deaths[branch], raised[elder])
    return home[found.own], np.maximum(np.arange(len(found.own)), raised[found.own])


def _upper_ends(nodes: np.ndarray, branch: np.ndarray, deaths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes' order along the branches, and the vertex at the upper end of each one's arc.

    That is the next node of the branch, or else the vertex where the branch dies.
    """
    order = np.lexsort((nodes, branch))
    last = np.append(np.diff(branch[order]) != 0, True)[: len(order)]
    above = np.empty_like(nodes)
    above[order] = np.where(last, deaths[branch[order]], np.roll(nodes[order], -1))
    return order, above


def _carried(arc: np.ndarray, inner: np.ndarray, has_lower: np.ndarray) -> np.ndarray:
    """Return the nodes' arcs, in order along the branches, with the arc below filled in for roots."""
    below = np.where(has_lower, np.roll(arc, 1), -1)
    return np.where(inner, arc, below)


def _kinds(nodes: np.ndarray, births: np.ndarray, deaths: np.ndarray) -> tuple[str, ...]:
    """Return what each node is; the births and meetings of a component come before its end."""
    ending = np.bincount(np.searchsorted(nodes, deaths), minlength=len(nodes))
    cases = [np.isin(nodes, births), ending == 1, ending > 1]
    return tuple(np.select(cases, [MINIMUM, SADDLE, MULTI_SADDLE], ROOT).tolist())


def _per_sample(swept_values: np.ndarray, swept: np.ndarray, samples: int) -> np.ndarray:
    """Return numbers of swept vertices as numbers of samples, −1 where a sample was not swept."""
    whole = np.full(samples, -1)
    whole[swept] = swept_values
    return whole
