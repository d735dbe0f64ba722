"""Rank correlations of figures of pairs, with p-values from relabelling what the pairs are of."""

from itertools import permutations
from math import factorial

import numpy as np
from attrs import define

from globscope.api import finite_or_none

# The fewest items whose pairs are correlated: three have three pairs.
FEWEST = 3
# What is left of a square of 1 by rounding; for a thousand runs, a rank correlation below 1 leaves more.
ROUNDING = 1e-13


@define(frozen=True, kw_only=True)
class Correlation:
    """Spearman's rank correlation of two figures of pairs, and its partial one with a third held fixed.

    Attributes:
        correlation: The correlation; None where a figure is constant or not known of all pairs.
        p: Share of the relabellings with at least this correlation.
        partial: The partial correlation.
        p_partial: Share of the relabellings with at least this partial correlation, or with none that is defined.
    """

    correlation: float | None = None
    p: float | None = None
    partial: float | None = None
    p_partial: float | None = None


def relabellings(items: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """Return orders of some items, the given one first: all of them, or `most` drawn ones where there are more."""
    if items < 20 and factorial(items) <= most:
        return np.array(list(permutations(range(items))))
    drawn = [rng.permutation(items) for _ in range(most - 1)]
    return np.array([np.arange(items), *drawn])


def correlate(first: np.ndarray, second: np.ndarray, fixed: np.ndarray | None, orders: np.ndarray) -> Correlation:
    """Return how figures of pairs go together, as in a Mantel test (Mantel, Cancer Research 27, 1967).

    Two pairs that share an item are not independent. So the items of `first` are relabelled, not its pairs. The
    partial correlation is that of Smouse et al. (Systematic Zoology 35, 1986), on ranks.

    Args:
        first: (n, n) symmetric figures of pairs; the diagonal is not used.
        second: Figures like these.
        fixed: Figures that the partial correlation holds fixed; there is none if None.
        orders: (m, n) orders of the items, the given one first.
    """
    one, two = _ranks(first), _ranks(second)
    third = None if fixed is None else _ranks(fixed)
    if len(first) < FEWEST or one is None or two is None:
        return Correlation()
    pairs = np.triu_indices(len(first), 1)
    moved = np.array([one[np.ix_(order, order)][pairs] for order in orders])
    plain = moved @ two[pairs]
    found = {"correlation": finite_or_none(plain[0]), "p": _share(plain)}
    if third is None:
        return Correlation(**found)
    partial = _partial(plain, moved @ third[pairs], two[pairs] @ third[pairs])
    if not np.isfinite(partial[0]):
        return Correlation(**found)
    return Correlation(**found, partial=float(partial[0]), p_partial=_share(partial))


def _partial(plain: np.ndarray, across: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Return (m,) partial correlations; infinite where a figure is ordered as the fixed one, so that nothing is left.

    Such a relabelling counts as one with at least this correlation, which cannot make a p-value too small.
    """
    left = np.minimum(1 - across**2, 1 - along**2) > ROUNDING
    scale = np.sqrt((1 - across**2) * (1 - along**2), out=np.ones(len(plain)), where=left)
    partial: np.ndarray = np.where(left, (plain - across * along) / scale, np.inf)
    return partial


def _ranks(figures: np.ndarray) -> np.ndarray | None:
    """Return the (n, n) ranks of pairs, centred and of length 1 over the pairs; None where there is no order."""
    from scipy.stats import rankdata

    pairs = np.triu_indices(len(figures), 1)
    values = figures[pairs]
    if np.isnan(values).any() or len(np.unique(values)) < 2:
        return None
    ranks = rankdata(values)
    ranks -= ranks.mean()
    matrix = np.zeros(figures.shape)
    matrix[pairs] = ranks / np.linalg.norm(ranks)
    matrix += matrix.T
    return matrix


def _share(correlations: np.ndarray) -> float:
    """Return the share that reaches the first; equal ones may differ by rounding."""
    return float((correlations >= correlations[0] - 1e-12).mean())
