"""From branches to a merge tree, all of them or only the persistent ones."""

import numpy as np

from globscope.topology.branches import Branches
from globscope.values.topology import MINIMUM, MULTI_SADDLE, ROOT, SADDLE, MergeTree


def sweep_order(values: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Return the usable samples by rising (value, number)."""
    samples = np.flatnonzero(usable)
    return samples[np.argsort(values[samples], kind="stable")]


def trees(values: np.ndarray, swept: np.ndarray, found: Branches, persistence: float) -> tuple[MergeTree, MergeTree]:
    """Return the tree without pairs of at most this persistence, and the tree of all pairs.

    `swept` are the samples in the sweep's order, by whose places the branches are numbered.
    """
    essential = found.deaths == len(swept)
    level = np.append(values[swept], np.inf)
    persistent = essential | (level[found.deaths] - level[found.births] > persistence)
    simplified = merge_tree(found, persistent, swept, values)
    return simplified, merge_tree(found, np.ones_like(persistent), swept, values)


def simplified(full: MergeTree, values: np.ndarray, persistence: float) -> MergeTree:
    """Return the tree of the pairs of `full` that persist for more than this; `values`, (n,), are the samples'."""
    swept = sweep_order(values, full.basin >= 0)
    return trees(values, swept, _branches(full, swept, len(values)), persistence)[0]


def _branches(full: MergeTree, swept: np.ndarray, samples: int) -> Branches:
    """Return the branches that a tree of every pair was made from."""
    place = np.append(_per_sample(np.arange(len(swept)), swept, samples), len(swept))
    births, deaths = place[full.pairs[:, 0]], place[full.pairs[:, 1]]
    branch = np.full(len(swept), -1)
    branch[births] = np.arange(len(births))
    own = branch[place[full.basin[swept]]]
    essential = np.flatnonzero(deaths == len(swept))
    oldest = full.elders
    while not np.array_equal(oldest[oldest], oldest):
        oldest = oldest[oldest]
    tops = np.zeros(len(births), int)
    np.maximum.at(tops, oldest[own], np.arange(len(swept)))
    return Branches(births=births, deaths=deaths, elders=full.elders, own=own, tops=tops[essential])


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
        values=values[swept[nodes]],
        kinds=_kinds(nodes, births, deaths[deaths < count]),
        arcs=np.stack([np.flatnonzero(inner), np.searchsorted(nodes, above[inner])], axis=1),
        pairs=np.stack([vertex[births], vertex[deaths]], axis=1),
        births=value[births],
        deaths=value[deaths],
        elders=_kept_elders(found, kept),
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


def _kept_elders(found: Branches, kept: np.ndarray) -> np.ndarray:
    """Return the row, among the kept branches, of the one that goes on where each dies."""
    home = np.arange(len(kept))
    for branch in np.flatnonzero(~kept).tolist():
        home[branch] = home[found.elders[branch]]
    rows: np.ndarray = (np.cumsum(kept) - 1)[home[found.elders[kept]]]
    return rows


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
