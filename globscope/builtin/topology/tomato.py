"""The branches of a sweep by GUDHI's ToMaTo."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from globscope.api import Branches, Neighbours, edge_blocks, edge_graph

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

    births, leaf, met = _descend(neighbours)
    vertices, rows = _contract(births, met, count)
    fitted = Tomato(graph_type="manual", density_type="manual").fit(rows, weights=-vertices.astype(float))
    # ToMaTo's labels are renamed to rows of `births`: a lower number is an elder branch.
    rename = np.empty(len(births), int)
    labels = fitted.leaf_labels_[np.searchsorted(vertices, births)]
    rename[labels] = np.arange(len(births))
    deaths = np.full(len(births), count)
    pairs = -fitted.diagram_.astype(int)
    deaths[leaf[pairs[:, 0]]] = pairs[:, 1]
    leads = _leads(rename, fitted.children_)
    sweep = np.arange(count)
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
    """Return the minima, the row of the one where each vertex' steepest descent ends, and where their basins meet.

    The last is (e, 3): the rows of two minima, and the first vertex with an earlier neighbour in the other's basin.
    """
    bottom = np.arange(len(neighbours))
    for low, high in edge_blocks(neighbours):
        starts = np.flatnonzero(np.diff(high, prepend=-1))
        if len(starts):
            bottom[high[starts]] = np.minimum.reduceat(low, starts)
    minima = np.flatnonzero(bottom == np.arange(len(bottom)))
    while not np.array_equal(deeper := bottom[bottom], bottom):
        bottom = deeper
    rows = np.empty_like(bottom)
    rows[minima] = np.arange(len(minima))
    leaf = rows[bottom]
    del bottom, deeper, rows
    pairs, vertices = _first_meetings(_meetings(neighbours, leaf, len(minima)))
    upper = leaf[vertices]
    return minima, leaf, np.stack([pairs // len(minima) + pairs % len(minima) - upper, upper, vertices], axis=1)


Meetings = tuple[np.ndarray, np.ndarray]
# Meetings that are gathered before those that are not the first of their basins are left out.
GATHERED = 2**21


def _meetings(neighbours: Neighbours, leaf: np.ndarray, minima: int) -> Iterator[Meetings]:
    """Yield, by rising vertex, the pairs of basins that meet, as one number each, and the vertices where they do."""
    for low, high in edge_blocks(neighbours):
        lower, upper = leaf[low], leaf[high]
        apart = lower != upper
        lower, upper = lower[apart], upper[apart]
        yield _firsts(np.minimum(lower, upper) * minima + np.maximum(lower, upper), high[apart])


def _first_meetings(blocks: Iterable[Meetings]) -> Meetings:
    """Return each pair of basins once, with the first vertex where they meet."""
    none = np.empty(0, int)
    known, gathered = (none, none), list[Meetings]()
    for block in blocks:
        gathered.append(block)
        if sum(len(pairs) for pairs, _ in gathered) > max(GATHERED, len(known[0])):
            known, gathered = _firsts(*map(np.concatenate, zip(known, *gathered, strict=True))), []
    return _firsts(*map(np.concatenate, zip(known, *gathered, strict=True)))


def _firsts(pairs: np.ndarray, vertices: np.ndarray) -> Meetings:
    first = np.unique(pairs, return_index=True)[1]
    return pairs[first], vertices[first]


def _contract(minima: np.ndarray, met: np.ndarray, count: int) -> tuple[np.ndarray, Neighbours]:
    """Return the minima and meeting vertices in order, and each one's earlier neighbours among the minima.

    A minimum spanning forest of the meetings is enough: the others join branches that are joined before.
    """
    met = _spanning(len(minima), met)
    marks = np.zeros(count, bool)
    marks[minima] = marks[met[:, 2]] = True
    vertices, number = np.flatnonzero(marks), np.cumsum(marks) - 1
    low, high = number[minima[met[:, :2]]].ravel(), np.repeat(number[met[:, 2]], 2)
    cuts = np.searchsorted(high, np.arange(len(vertices) + 1))
    width = int(np.diff(cuts).max(initial=1))
    if width > WIDE:
        earlier = low.tolist()
        return vertices, [earlier[start:stop] for start, stop in pairwise(cuts.tolist())]
    rows = np.repeat(np.arange(len(vertices))[:, None], width, axis=1)
    rows[high, np.arange(len(high)) - cuts[high]] = low
    return vertices, rows


def _spanning(minima: int, met: np.ndarray) -> np.ndarray:
    """Return the meetings of a minimum spanning forest, by rising vertex."""
    from scipy.sparse.csgraph import minimum_spanning_tree

    # A weight of 0 would be no edge; no vertex 0 is a meeting.
    tree = minimum_spanning_tree(edge_graph(met[:, 2], met[:, :2].T, minima)).tocoo()
    meetings = np.stack([tree.row, tree.col, tree.data.astype(int)], axis=1)
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
