"""Which predictor orders pairs as their merged loss gaps do: rank correlations, intervals over networks, and a null."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import finite_or_none
from globscope.builtin.analyses.mantel import correlate, relabellings
from globscope.builtin.analyses.merging.pairs import pair_matrix
from globscope.builtin.analyses.merging.predictors import ON_THE_LINE
from globscope.builtin.analyses.rank_correlation import bootstrap, correlations, ends

CORRELATIONS = ("spearman", "low", "high", "kendall")
COLUMNS = ("predictor", "of", "networks", "pairs", *CORRELATIONS, "p", "strongest")
Row = dict[str, Any]


@define(frozen=True, kw_only=True)
class Forecast:
    """How the predictors of pairs go together with how much worse their merged networks are.

    Attributes:
        networks: Number of networks.
        values: The predictors by name, (pairs,) each.
        gaps: How much worse the merged networks are, by what they are compared with, (pairs,) each.
        orders: Number of relabellings.
        rows: The table's rows: for each of the gaps, the strongest predictor first.
    """

    networks: int
    values: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    gaps: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    orders: int
    rows: tuple[Row, ...] = field(repr=False)

    @property
    def least(self) -> float:
        """The smallest p that so few networks can have."""
        return 1 / self.orders

    def ranking(self, of: str) -> list[Row]:
        """Return the rows of the predictors that have a correlation with one of the gaps, the strongest first."""
        return [row for row in self.rows if row["of"] == of and row["spearman"] is not None]

    def best(self, of: str) -> Row | None:
        """Return the row of the strongest predictor that is not measured on the line itself; None where none is."""
        return next((row for row in self.ranking(of) if _is_forecast(row["predictor"])), None)


def forecast(
    values: Mapping[str, np.ndarray],
    gaps: Mapping[str, np.ndarray],
    networks: int,
    most: int,
    rng: np.random.Generator,
) -> Forecast:
    """Return the rank correlations of predictors with gaps, (pairs,) each, over all pairs of some networks.

    The generator draws the bootstraps, and relabellings where there are more than `most`.
    """
    orders = relabellings(networks, most, rng)
    rows = [
        {"predictor": row["predictor"], "of": of, "networks": networks} | row
        for of, own in gaps.items()
        for row in _correlate(own, values, orders, rng)
    ]
    return Forecast(networks=networks, values=values, gaps=gaps, orders=len(orders), rows=tuple(rows))


def _correlate(
    gaps: np.ndarray, values: Mapping[str, np.ndarray], orders: np.ndarray, rng: np.random.Generator
) -> list[Row]:
    """Return the correlations of each predictor with some gaps, the strongest first."""
    known, figures, networks = np.isfinite(gaps), np.stack([gaps, *values.values()]), orders.shape[1]
    draws = bootstrap(figures, networks, known, rng, _against_the_first)
    spearman = np.stack([_against_the_first(figures[:, known]), *ends(draws)]).T
    rows = [
        {"predictor": name, "pairs": int(known.sum())}
        | dict(zip(CORRELATIONS, map(finite_or_none, [*cells, _kendall(gaps[known], own[known])]), strict=True))
        | {"p": _p(own, gaps, networks, orders), "strongest": share}
        for (name, own), cells, share in zip(values.items(), spearman, _strongest(draws, tuple(values)), strict=True)
    ]
    return sorted(rows, key=lambda row: -np.inf if row["spearman"] is None else row["spearman"], reverse=True)


def _against_the_first(figures: np.ndarray) -> np.ndarray:
    """Return the (k,) Spearman correlations of the first of (1 + k, pairs) figures with the others."""
    return correlations(figures)[0, 1:]


def _kendall(one: np.ndarray, other: np.ndarray) -> float:
    """Return Kendall's τ-b; NaN of fewer than three pairs, and where a figure is constant or not known."""
    from scipy.stats import kendalltau

    return float(kendalltau(one, other).statistic) if len(one) > 2 else float("nan")


def _p(predictor: np.ndarray, gaps: np.ndarray, networks: int, orders: np.ndarray) -> float | None:
    """Return the share of relabelled networks with at least this correlation (Mantel, 1967)."""
    return correlate(pair_matrix(predictor, networks), pair_matrix(gaps, networks), None, orders).p


def _strongest(draws: np.ndarray, names: tuple[str, ...]) -> Iterator[float | None]:
    """Yield for each predictor the share of (draws, k) correlations of which its own is the largest, None for others.

    What is measured on the line itself takes no part, nor a draw in which no correlation is defined.
    """
    taking_part = np.array([_is_forecast(name) for name in names]) & np.isfinite(draws).any(axis=0)
    compared = np.where(taking_part & np.isfinite(draws), draws, -np.inf)
    compared = compared[np.isfinite(compared).any(axis=1)]
    winners = compared.argmax(axis=1)
    for number, part in enumerate(taking_part):
        yield float((winners == number).mean()) if part and len(winners) else None


def _is_forecast(name: str) -> bool:
    return name not in ON_THE_LINE
