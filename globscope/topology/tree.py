"""Branches of a sweep from low to high, and their merge tree, of all or only the persistent ones."""

import numpy as np
from attrs import define, field

from globscope.values.topology import MINIMUM, MULTI_SADDLE, ROOT, SADDLE, MergeTree


@define(frozen=True, kw_only=True)
class Branches:
    """Every minimum's branch, by the elder rule: where branches meet, all but the lowest die.

    Vertices are numbered by their place in the sweep, 0 … m − 1, branches by rising birth.

    Attributes:
        births: (p,) minimum of each branch.
        deaths: (p,) vertex at which it meets a lower branch; m for a component's lowest.
        elders: (p,) branch that continues where it dies; itself for a component's lowest.
        own: (m,) branch of each vertex, once the vertex has been swept.
        tops: (components,) last vertex of each component.
    """

    births: np.ndarray = field(eq=False)
    deaths: np.ndarray = field(eq=False)
    elders: np.ndarray = field(eq=False)
    own: np.ndarray = field(eq=False)
    tops: np.ndarray = field(eq=False)


def sweep_order(values: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Return the usable samples by rising (value, number)."""
    samples = np.flatnonzero(usable)
    return samples[np.argsort(values[samples], kind="stable")]


def trees(values: np.ndarray, swept: np.ndarray, branches: Branches, persistence: float) -> tuple[MergeTree, MergeTree]:
    """Return the tree without pairs of at most this persistence, and the tree of all pairs.

    `values` are (n,), of all samples; `swept` are the (s,) samples in the order of the sweep, and branches use their
    places in it.
    """
    essential = branches.deaths == len(swept)
    level = np.append(values[swept], np.inf)
    persistent = essential | (level[branches.deaths] - level[branches.births] > persistence)
    simplified = merge_tree(branches, persistent, swept, values)
    return simplified, merge_tree(branches, np.ones_like(persistent), swept, values)


def simplify(full: MergeTree, values: np.ndarray, persistence: float) -> MergeTree:
    """Return the tree of `full`'s pairs with more than this persistence; `values`, (n,), are those of the samples."""
    swept = sweep_order(values, full.basin >= 0)
    return trees(values, swept, _branches(full, swept, len(values)), persistence)[0]


def _branches(full: MergeTree, swept: np.ndarray, samples: int) -> Branches:
    """Return the branches from which a tree of every pair was made."""
    place = np.append(_per_sample(np.arange(len(swept)), swept, samples), len(swept))
    births, deaths = place[full.pairs[:, 0]], place[full.pairs[:, 1]]
    branch = np.full(len(swept), -1)
    branch[births] = np.arange(len(births))
    branch_of = branch[place[full.basin[swept]]]
    essential = np.flatnonzero(deaths == len(swept))
    oldest = full.elders
    while not np.array_equal(oldest[oldest], oldest):
        oldest = oldest[oldest]
    tops = np.zeros(len(births), int)
    np.maximum.at(tops, oldest[branch_of], np.arange(len(swept)))
    return Branches(births=births, deaths=deaths, elders=full.elders, own=branch_of, tops=tops[essential])


def merge_tree(branches: Branches, kept: np.ndarray, swept: np.ndarray, values: np.ndarray) -> MergeTree:
    """Return the tree of the branches that `kept` marks; `values` are those of all samples."""
    count = len(swept)
    births, deaths = branches.births[kept], branches.deaths[kept]
    nodes = _sorted_union(count, births, deaths[deaths < count], branches.tops)
    branch, level = _flood(branches, kept)
    order, above = _upper_ends(nodes, branch[nodes], branches.deaths)
    inner = above < count
    own_arc = np.cumsum(inner) - 1
    # A root has no arc above it and gets the one below, if its component has any.
    own_arc[order] = _with_lower_arcs(
        own_arc[order], inner[order], nodes[order] > branches.births[branch[nodes[order]]]
    )
    along = branch[nodes[order]] * count + nodes[order]
    # What is as long as the field is large, and not kept, is let go at once.
    level += branch * count
    arc = _per_sample(own_arc[order[np.searchsorted(along, level, side="right") - 1]], swept, len(values))
    del level
    return MergeTree(
        nodes=swept[nodes],
        values=values[swept[nodes]],
        kinds=_kinds(nodes, births, deaths[deaths < count]),
        arcs=np.stack([np.flatnonzero(inner), np.searchsorted(nodes, above[inner])], axis=1),
        pairs=np.stack([swept[births], np.append(swept, -1)[deaths]], axis=1),
        births=values[swept[births]],
        deaths=np.append(values[swept], np.inf)[deaths],
        elders=_kept_elders(branches, kept),
        arc=arc,
        basin=_per_sample(swept[branches.births[branch]], swept, len(values)),
    )


def _sorted_union(count: int, *chosen: np.ndarray) -> np.ndarray:
    """Return the sorted union of vertices."""
    marks = np.zeros(count, bool)
    marks[np.concatenate(chosen)] = True
    return np.flatnonzero(marks)


def _flood(branches: Branches, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each vertex's kept branch, and the vertex to whose level it is raised.

    A removed branch is flooded up to its death, where it becomes part of the branch that continues.
    """
    home, raised = np.arange(len(kept)), np.full(len(kept), -1)
    for branch in np.flatnonzero(~kept).tolist():  # elders first, by their number
        elder = branches.elders[branch]
        home[branch] = home[elder]
        raised[branch] = max(branches.deaths[branch], raised[elder])
    return home[branches.own], np.maximum(np.arange(len(branches.own)), raised[branches.own])


def _kept_elders(branches: Branches, kept: np.ndarray) -> np.ndarray:
    """Return the row, among the kept branches, of the branch that continues where each one dies."""
    home = np.arange(len(kept))
    for branch in np.flatnonzero(~kept).tolist():
        home[branch] = home[branches.elders[branch]]
    rows: np.ndarray = (np.cumsum(kept) - 1)[home[branches.elders[kept]]]
    return rows


def _upper_ends(nodes: np.ndarray, branch: np.ndarray, deaths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes' order along the branches, and the vertex at the upper end of each one's arc.

    The upper end is the next node of the branch, or else the vertex where the branch dies.
    """
    order = np.lexsort((nodes, branch))
    last = np.append(np.diff(branch[order]) != 0, True)[: len(order)]
    above = np.empty_like(nodes)
    above[order] = np.where(last, deaths[branch[order]], np.roll(nodes[order], -1))
    return order, above


def _with_lower_arcs(arc: np.ndarray, inner: np.ndarray, has_lower: np.ndarray) -> np.ndarray:
    """Return the nodes' arcs, in order along the branches, with the arc below filled in for roots."""
    below = np.where(has_lower, np.roll(arc, 1), -1)
    return np.where(inner, arc, below)


def _kinds(nodes: np.ndarray, births: np.ndarray, deaths: np.ndarray) -> tuple[str, ...]:
    """Return the kind of each node."""
    ending = np.bincount(np.searchsorted(nodes, deaths), minlength=len(nodes))
    cases = [np.isin(nodes, births), ending == 1, ending > 1]
    return tuple(np.select(cases, [MINIMUM, SADDLE, MULTI_SADDLE], ROOT).tolist())


def _per_sample(swept_values: np.ndarray, swept: np.ndarray, samples: int) -> np.ndarray:
    """Return numbers of swept vertices as numbers of samples, −1 where a sample was not swept."""
    result = np.full(samples, -1)
    result[swept] = swept_values
    return result
