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
    persistent: np.ndarray = pairs[tree.deaths > tree.births]
    return persistent


def bottleneck(one: MergeTree, other: MergeTree) -> float:
    """Return the bottleneck distance of two diagrams: the farthest that a pair must move in the best matching.

    At most the largest difference of two fields on the same samples (Cohen-Steiner, Edelsbrunner, Harer, "Stability
    of persistence diagrams", Discrete Comput. Geom. 37, 2007). By GUDHI.
    """
    shifts = _essential_shifts(one, other)
    if shifts is None:
        return np.inf
    from gudhi import bottleneck_distance

    distance = float(bottleneck_distance(_finite_pairs(one), _finite_pairs(other)))
    # For equal diagrams GUDHI returns its tolerance, the smallest normal number.
    return max(distance if distance > np.finfo(float).tiny else 0.0, float(shifts.max(initial=0.0)))


def wasserstein(one: MergeTree, other: MergeTree, *, order: float = 2.0) -> float:
    """Return the Wasserstein distance of two diagrams: (Σ distance^order)^(1/order) over the best matching's pairs.

    Unlike in the bottleneck distance, many small moves add up. Exact, by an assignment: memory grows with
    the product of both numbers of pairs and time faster, so simplify diagrams of many thousands first. (GUDHI's
    implementation, Hera, may crash or never end where pairs coincide, as they do in equal landscapes.)

    Args:
        one: A merge tree.
        other: Another merge tree.
        order: At least 1; the larger, the more the result resembles the bottleneck distance.
    """
    shifts = _essential_shifts(one, other)
    if shifts is None:
        return np.inf
    from scipy.optimize import linear_sum_assignment

    first, second = _finite_pairs(one), _finite_pairs(other)
    to_diagonal = [((pairs[:, 1] - pairs[:, 0]) / 2) ** order for pairs in (first, second)]
    # What matching two pairs with each other saves, compared with matching both with the diagonal.
    matched = np.abs(first[:, None] - second).max(axis=2, initial=0.0) ** order
    saved = np.maximum(to_diagonal[0][:, None] + to_diagonal[1] - matched, 0.0)
    most = saved[linear_sum_assignment(saved, maximize=True)].sum()
    # For equal diagrams everything is saved, up to rounding.
    total = max(to_diagonal[0].sum() + to_diagonal[1].sum() - most, 0.0) + (shifts**order).sum()
    return float(total ** (1 / order))


def _finite_pairs(tree: MergeTree) -> np.ndarray:
    pairs = diagram(tree)
    finite: np.ndarray = pairs[np.isfinite(pairs[:, 1])]
    return finite


def _essential_shifts(one: MergeTree, other: MergeTree) -> np.ndarray | None:
    """Return how far births of essential pairs move, matched in order, which is optimal; None if numbers differ."""
    first, second = (np.sort(tree.births[np.isinf(tree.deaths)]) for tree in (one, other))
    return np.abs(first - second) if len(first) == len(second) else None
