"""How far apart the persistence diagrams of two landscapes are.

Both distances match the pairs (birth, death) of one diagram with those of the other or with the diagonal, where
birth equals death, so that diagrams of different length compare. Pairs lie as far apart as their births or their
deaths, whichever differ more (the maximum norm); a pair matched with the diagonal costs half its persistence.

A component's lowest minimum never dies. Such essential pairs are matched among themselves, by their births; where
one landscape has more components than the other, there is no such matching, and the distance is infinite.
"""

import numpy as np

from globscope.values.topology import MergeTree


def diagram(tree: MergeTree) -> np.ndarray:
    """Return the (p, 2) births and deaths of a tree's pairs of positive persistence; deaths may be infinite."""
    pairs = np.stack([tree.births, tree.deaths], axis=1)
    kept: np.ndarray = pairs[tree.deaths > tree.births]
    return kept


def bottleneck(one: MergeTree, other: MergeTree) -> float:
    """Return the bottleneck distance of two diagrams: the farthest that a pair must move in the best matching.

    At most the largest difference of two fields on the same samples (Cohen-Steiner, Edelsbrunner, Harer, "Stability
    of persistence diagrams", Discrete Comput. Geom. 37, 2007). By GUDHI.
    """
    moved = _essential(one, other)
    if moved is None:
        return np.inf
    from gudhi import bottleneck_distance

    found = float(bottleneck_distance(_dying(one), _dying(other)))
    # Of equal diagrams GUDHI gives its tolerance, the smallest normal number.
    return max(found if found > np.finfo(float).tiny else 0.0, float(moved.max(initial=0.0)))


def wasserstein(one: MergeTree, other: MergeTree, *, order: float = 2.0) -> float:
    """Return the Wasserstein distance of two diagrams: (Σ distance^order)^(1/order) over the best matching's pairs.

    Many small moves add up here that the bottleneck distance does not see. Exact, by an assignment: memory grows with
    the product of both numbers of pairs and time faster, so simplify diagrams of many thousands first. (GUDHI's own,
    Hera, may crash or never end where pairs coincide, as they do in equal landscapes.)

    Args:
        one: A tree.
        other: Another.
        order: At least 1; the larger, the more it resembles the bottleneck distance.
    """
    moved = _essential(one, other)
    if moved is None:
        return np.inf
    from scipy.optimize import linear_sum_assignment

    mine, its = _dying(one), _dying(other)
    alone = [((pairs[:, 1] - pairs[:, 0]) / 2) ** order for pairs in (mine, its)]
    # What matching two pairs saves against leaving both to the diagonal.
    together = np.abs(mine[:, None] - its).max(axis=2, initial=0.0) ** order
    saved = np.maximum(alone[0][:, None] + alone[1] - together, 0.0)
    most = saved[linear_sum_assignment(saved, maximize=True)].sum()
    # Of equal diagrams all is saved, but for rounding.
    total = max(alone[0].sum() + alone[1].sum() - most, 0.0) + (moved**order).sum()
    return float(total ** (1 / order))


def _dying(tree: MergeTree) -> np.ndarray:
    pairs = diagram(tree)
    dying: np.ndarray = pairs[np.isfinite(pairs[:, 1])]
    return dying


def _essential(one: MergeTree, other: MergeTree) -> np.ndarray | None:
    """Return how far the births of pairs that never die move, matched in order, which is best; None for no matching."""
    mine, its = (np.sort(tree.births[np.isinf(tree.deaths)]) for tree in (one, other))
    return np.abs(mine - its) if len(mine) == len(its) else None
