"""Rank correlations of distances between pairs of members, with what other members might have given."""

import numpy as np

# Draws of members for an interval, and the share of draws of which it holds the middle.
DRAWS, MIDDLE = 500, 0.95


def correlations(figures: np.ndarray) -> np.ndarray:
    """Return the (k, k) Spearman correlations of (k, pairs) figures; NaN where one is constant."""
    from scipy.stats import rankdata

    if figures.shape[1] < 3:  # two pairs are always in perfect order
        return np.full((len(figures),) * 2, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: np.ndarray = np.atleast_2d(np.corrcoef(rankdata(figures, axis=1)))
    return found


def intervals(figures: np.ndarray, members: int, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (2, k, k) ends of the correlations' intervals, by a bootstrap over members.

    Pairs share members, so drawing pairs would take one network's oddity for many observations. Members are drawn, and
    those of the (pairs,) chosen pairs that lie among them are taken. NaN where more than half of the draws give no
    correlation.
    """
    numbers = np.zeros((members, members), int)
    numbers[np.triu_indices(members, 1)] = np.arange(figures.shape[1])
    numbers += numbers.T
    draws = np.stack([_once(figures, numbers, chosen, rng) for _ in range(DRAWS)])
    known = np.isfinite(draws).mean(axis=0) > 0.5
    draws[:, ~known] = 0  # so that no quantile is taken of nothing
    ends = np.nanquantile(draws, [(1 - MIDDLE) / 2, (1 + MIDDLE) / 2], axis=0)
    return np.where(known, ends, np.nan)


def _once(figures: np.ndarray, numbers: np.ndarray, chosen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    drawn = rng.integers(len(numbers), size=len(numbers))
    one, two = (drawn[at] for at in np.triu_indices(len(drawn), 1))
    pairs = numbers[one, two][one != two]
    return correlations(figures[:, pairs[chosen[pairs]]])
