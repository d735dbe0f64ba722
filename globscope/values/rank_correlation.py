"""Spearman's rank correlation, with intervals from a bootstrap over what was observed independently."""

from collections.abc import Iterator, Sequence

import numpy as np

from globscope.values.pictures import Number

# The fewest observations for a correlation (two are always in perfect order) and for an interval.
FEW, FEWEST = 3, 8
MIDDLE = 0.95
# How many ranks are computed at once.
MOST = 2_000_000


def rank_correlation(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of each of (k, n) rows; NaN where one is constant or n < 3."""
    if x.shape[1] < FEW:
        return np.full(len(x), np.nan)
    first, second = (ranks(values) for values in (x, y))
    first, second = (ranked - ranked.mean(axis=1, keepdims=True) for ranked in (first, second))
    with np.errstate(invalid="ignore", divide="ignore"):
        coefficients: np.ndarray = (first * second).sum(axis=1) / np.sqrt(
            (first**2).sum(axis=1) * (second**2).sum(axis=1)
        )
    coefficients[np.abs(coefficients) > 1] = np.sign(coefficients[np.abs(coefficients) > 1])  # by rounding
    return coefficients


def ranks(values: np.ndarray) -> np.ndarray:
    """Return the ranks in each of (k, n) rows; equal values share the mean of theirs."""
    from scipy.stats import rankdata

    ranked: np.ndarray = rankdata(values, axis=1)
    return ranked


def rank_interval(
    x: np.ndarray, y: np.ndarray, draws: int, rng: np.random.Generator, groups: Sequence[str] = ()
) -> tuple[Number, Number]:
    """Return the middle 95 % of the correlations of observations drawn with replacement.

    None for few observations, and where more than a twentieth of the draws have no correlation: these are draws of
    similar observations, and without them the interval might not even contain the correlation itself.

    Args:
        x: (n,) values.
        y: (n,) values of the same observations.
        draws: How often they are drawn again.
        rng: Draws them.
        groups: (n,) names of what the observations belong to, such as runs of which they are checkpoints; whole groups
            are then drawn, and there must be as many as observations otherwise.
    """
    if len(set(groups) if groups else x) < FEWEST:
        return None, None
    drawn = _draws_of_groups(groups, draws, rng) if groups else _draws(len(x), draws, rng)
    coefficients = np.concatenate([rank_correlation(x[rows], y[rows]) for rows in drawn])
    known = coefficients[np.isfinite(coefficients)]
    if len(known) < MIDDLE * draws:
        return None, None
    low, high = np.quantile(known, [(1 - MIDDLE) / 2, (1 + MIDDLE) / 2])
    return float(low), float(high)


def _draws(count: int, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield (k, n) rows, together as many as draws."""
    most = max(1, MOST // count)
    for start in range(0, draws, most):
        yield rng.integers(count, size=(min(most, draws - start), count))


def _draws_of_groups(groups: Sequence[str], draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield (1, m) rows of groups that are drawn, once a draw."""
    _, numbers = np.unique(np.asarray(groups), return_inverse=True)
    members = [np.flatnonzero(numbers == group) for group in range(int(numbers.max()) + 1)]
    for _ in range(draws):
        yield np.concatenate([members[group] for group in rng.integers(len(members), size=len(members))])[None]
