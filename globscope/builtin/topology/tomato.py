"""The branches of a sweep by GUDHI's ToMaTo."""

from itertools import pairwise

import numpy as np

from globscope.api import Branches, Neighbours, edge_ends

# Longer rows are kept as lists: a hub of thousands of basins would make a table too large.
WIDE = 32


def branches(neighbours: Neighbours) -> Branches:
    """Return the branches of a graph whose vertices are numbered in sweep order.

    ToMaTo climbs densities, so a vertex' weight is minus the vertex' number: births and deaths are
    returned as vertices, and there are no ties. Its input is the minima and, for each two basins of
    descent, the first vertex at which they touch: components can meet nowhere else.
    """
    count = len(neighbours)
    none = np.empty(0, int)
    if not count:
        return Branches(births=none, deaths=none, elders=none, own=none, tops=none)
    from gudhi.clustering.tomato import Tomato

    sweep, bottom, met = _descend(neighbours)
    births = np.flatnonzero(bottom == sweep)
    vertices, rows = _contract(births, met, count)
    fitted = Tomato(graph_type="manual", density_type="manual").fit(rows, weights=-vertices.astype(float))
    # ToMaTo's labels are renamed to rows of `births`: a lower number is an elder branch.
    rename = np.empty(len(births), int)
    labels = fitted.leaf_labels_[np.searchsorted(vertices, births)]
    rename[labels] = np.arange(len(births))
    leaf = np.searchsorted(births, bottom)
    deaths = np.full(len(births), count)
    pairs = -fitted.diagram_.astype(int)
    deaths[leaf[pairs[:, 0]]] = pairs[:, 1]
    leads = _leads(rename, fitted.children_)
    own = _outliving(leads, deaths, leaf, sweep)
    tops = np.zeros(len(births), int)
    np.maximum.at(tops, own, sweep)
    return Branches(
        births=births,
        deaths=deaths,
        elders=_outliving(leads, deaths, leads, deaths),
        own=own,
        tops=tops[deaths == count],
    )


def _descend(neighbours: Neighbours) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the vertices, the minimum where each one's steepest descent ends, and where basins of descent meet.

    The last is (e, 3): two minima, and the first vertex with an earlier neighbour in the other's basin.
    """
    count = len(neighbours)
    low, high = edge_ends(neighbours)
    sweep, bottom = np.arange(count), np.arange(count)
    starts = np.flatnonzero(np.diff(high, prepend=-1))
    if len(starts):
        bottom[high[starts]] = np.minimum.reduceat(low, starts)
    while not np.array_equal(deeper := bottom[bottom], bottom):
        bottom = deeper
    lower, upper = bottom[low], bottom[high]
    apart = lower != upper
    lower, upper, high = lower[apart], upper[apart], high[apart]
    first = np.unique(np.minimum(lower, upper) * count + np.maximum(lower, upper), return_index=True)[1]
    return sweep, bottom, np.stack([lower[first], upper[first], high[first]], axis=1)


def _contract(minima: np.ndarray, met: np.ndarray, count: int) -> tuple[np.ndarray, Neighbours]:
    """Return the minima and meeting vertices in order, and each one's earlier neighbours among the minima.

    A minimum spanning forest of the meetings is enough: the others join branches that are joined before.
    """
    met = _spanning(minima, met)
    marks = np.zeros(count, bool)
    marks[minima] = marks[met[:, 2]] = True
    vertices, number = np.flatnonzero(marks), np.cumsum(marks) - 1
    low, high = number[met[:, :2]].ravel(), np.repeat(number[met[:, 2]], 2)
    cuts = np.searchsorted(high, np.arange(len(vertices) + 1))
    width = int(np.diff(cuts).max(initial=1))
    if width > WIDE:
        earlier = low.tolist()
        return vertices, [earlier[start:stop] for start, stop in pairwise(cuts.tolist())]
    rows = np.repeat(np.arange(len(vertices))[:, None], width, axis=1)
    rows[high, np.arange(len(high)) - cuts[high]] = low
    return vertices, rows


def _spanning(minima: np.ndarray, met: np.ndarray) -> np.ndarray:
    """Return the meetings of a minimum spanning forest, by rising vertex."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    ends = np.searchsorted(minima, met[:, :2])
    # A weight of 0 would be no edge; no vertex 0 is a meeting.
    graph = coo_array((met[:, 2], (ends[:, 0], ends[:, 1])), shape=(len(minima), len(minima)))
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    meetings = np.stack([minima[tree.row], minima[tree.col], tree.data.astype(int)], axis=1)
    ordered: np.ndarray = meetings[np.argsort(meetings[:, 2], kind="stable")]
    return ordered


def _leads(branch: np.ndarray, children: np.ndarray) -> np.ndarray:
    """Return, for each branch, an elder branch to which it is joined by the time it dies.

    ToMaTo's hierarchy merges by rising persistence, not along the sweep, so this need not be the
    branch that continues, which may have merged with it before.
    """
    leads, lowest = np.arange(len(branch)), branch.tolist()
    for first, second in children.tolist():
        elder, younger = sorted((lowest[first], lowest[second]))
        leads[younger] = elder
        lowest.append(elder)
    return leads


def _outliving(leads: np.ndarray, deaths: np.ndarray, start: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return the first branch on each path from `start` along `leads` that dies later than `level`.

    All paths at once, in steps of falling powers of two: a step is taken if every branch that it
    passes is dead.
    """
    steps, latest = [leads], [deaths]
    while not np.array_equal(twice := steps[-1][steps[-1]], steps[-1]):
        latest.append(np.maximum(latest[-1], latest[-1][steps[-1]]))
        steps.append(twice)
    branch = start
    for step, death in zip(reversed(steps), reversed(latest), strict=True):
        branch = np.where(death[branch] <= level, step[branch], branch)
    return branch
