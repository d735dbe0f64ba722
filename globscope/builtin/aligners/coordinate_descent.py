"""The permutations with the largest inner product of weights, found group by group."""

from collections.abc import Mapping

import numpy as np

from globscope.api import Group, Symmetry, Tensors
from globscope.builtin.aligners.unit_similarity import best_assignment, weight_similarity

# A step must gain at least this share of the similarity: less is rounding error.
GAIN = 1e-12


def identity(groups: Symmetry) -> dict[str, np.ndarray]:
    """Return the permutations that leave every unit in its place."""
    return {name: np.arange(size) for name, size in groups.sizes.items()}


def match_weights(
    groups: Symmetry,
    both: tuple[Tensors, Tensors],
    start: Mapping[str, np.ndarray],
    sweeps: int,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Return permutations of the second of two networks that no change of one group alone improves, from given ones.

    Source: Ainsworth, Hayase, Srinivasa, "Git Re-Basin", ICLR 2023, algorithm 1.

    Args:
        groups: The symmetry of both networks.
        both: The network that is to be fitted and the one that is permuted, arrays by name; any multiple of the first
            gives the same permutations.
        start: The permutations to begin with.
        sweeps: Largest number of sweeps over all groups.
        rng: Draws the order of the groups in each sweep.
    """
    (a, b), permutations = both, dict(start)
    for _ in range(sweeps):
        order = rng.permutation(len(groups.groups))
        if not sum(_improve(groups, groups.groups[number], a, b, permutations) for number in order):
            break
    return permutations


def _improve(groups: Symmetry, group: Group, a: Tensors, b: Tensors, permutations: dict[str, np.ndarray]) -> bool:
    """Set the best permutation of a group, given the others; return whether something is gained."""
    similarity = weight_similarity(groups, group, a, b, permutations)
    rows, before, best = np.arange(group.size), permutations[group.name], best_assignment(similarity)
    old, new = similarity[rows, before].sum(), similarity[rows, best].sum()
    if new - old <= GAIN * abs(old):
        return False
    permutations[group.name] = best
    return True
