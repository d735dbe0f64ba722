"""The branches of a sweep by GUDHI's ToMaTo."""

import numpy as np

from globscope.api import Branches, Neighbours


def branches(neighbours: Neighbours) -> Branches:
    """Return the branches of a graph whose vertices are numbered in sweep order.

    ToMaTo climbs densities, hence its weight of a vertex is minus the vertex's number: births and
    deaths come back as numbers, therefore as vertices, and there are no ties left to settle.
    """
    count = len(neighbours)
    none = np.empty(0, int)
    if not count:
        return Branches(births=none, deaths=none, elders=none, own=none, tops=none)
    from gudhi.clustering.tomato import Tomato

    sweep = np.arange(count)
    fitted = Tomato(graph_type="manual", density_type="manual").fit(neighbours, weights=-sweep.astype(float))
    births = np.full(fitted.n_leaves_, count)
    np.minimum.at(births, fitted.leaf_labels_, sweep)
    # Labels are renamed so that a lower number is an elder branch.
    rename = np.argsort(np.argsort(births))
    births, leaf = np.sort(births), rename[fitted.leaf_labels_]
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


def _leads(branch: np.ndarray, children: np.ndarray) -> np.ndarray:
    """Return, for each branch, an elder one to which it is joined by the time it dies.

    ToMaTo's hierarchy merges by rising persistence, not along the sweep, so this need not be the
    branch that goes on: that one may have swallowed it before.
    """
    leads, lowest = np.arange(len(branch)), branch.tolist()
    for first, second in children.tolist():
        elder, younger = sorted((lowest[first], lowest[second]))
        leads[younger] = elder
        lowest.append(elder)
    return leads


def _outliving(leads: np.ndarray, deaths: np.ndarray, start: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return the first branch on each way from `start` along `leads` that dies later than `level`.

    All ways at once, in steps of falling powers of two: a step is taken where every branch that it
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
