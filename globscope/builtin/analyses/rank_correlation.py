"""Rank correlations over pairs of networks, with intervals from a bootstrap over the networks."""

from collections.abc import Callable

import numpy as np

# Number of draws of members for an interval, and the share of the draws in it.
DRAWS, MIDDLE = 500, 0.95


def correlations(figures: np.ndarray) -> np.ndarray:
    """Return the (k, k) Spearman correlations of (k, pairs) figures; NaN where one is constant."""
    from scipy.stats import rankdata

    if figures.shape[1] < 3:  # two pairs are always in perfect order
        return np.full((len(figures),) * 2, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix: np.ndarray = np.atleast_2d(np.corrcoef(rankdata(figures, axis=1)))
    return matrix


def intervals(figures: np.ndarray, members: int, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the (2, k, k) ends of the correlations' intervals, from a bootstrap over members."""
    return ends(bootstrap(figures, members, chosen, rng, correlations))


def bootstrap(
    figures: np.ndarray,
    members: int,
    chosen: np.ndarray,
    rng: np.random.Generator,
    statistic: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Return (draws, …) statistics of (k, pairs) figures, each over the pairs of members that were drawn.

    Pairs share members, so drawing pairs would count one network's peculiarity as many observations. Instead members
    are drawn, and the (pairs,) chosen pairs among them are used.
    """
    numbers = np.zeros((members, members), int)
    numbers[np.triu_indices(members, 1)] = np.arange(figures.shape[1])
    numbers += numbers.T
    return np.stack([statistic(figures[:, _drawn_pairs(numbers, chosen, rng)]) for _ in range(DRAWS)])


def ends(draws: np.ndarray) -> np.ndarray:
    """Return the (2, …) ends of the intervals of (draws, …) statistics; NaN where over half of the draws have none."""
    values, defined = draws.copy(), np.isfinite(draws).mean(axis=0) > 0.5
    values[:, ~defined] = 0  # so that every quantile has values
    quantiles = np.nanquantile(values, [(1 - MIDDLE) / 2, (1 + MIDDLE) / 2], axis=0)
    return np.where(defined, quantiles, np.nan)


def _drawn_pairs(numbers: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    members = rng.integers(len(numbers), size=len(numbers))
    first, second = (members[at] for at in np.triu_indices(len(members), 1))
    pairs = numbers[first, second][first != second]
    kept: np.ndarray = pairs[chosen[pairs]]
    return kept
