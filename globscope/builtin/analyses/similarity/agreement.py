"""Whether nearer pairs of networks are also more similar: rank correlations for each map."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from globscope.api import finite_or_none
from globscope.builtin.analyses.rank_correlation import DRAWS, correlations, intervals

AGREEMENT = (
    "Spearman's rank correlations, over pairs of networks, of their distance on a map or in weight space with their "
    "distance in weight space, with 1 − CKA, and with their disagreement: 1 if the nearer pair is always the more "
    "similar. of: the pairs; within one run, networks become distant and dissimilar just with time, so that all pairs "
    f"together say little about pairs of two runs. _low, _high: 95 % interval of a bootstrap over networks ({DRAWS} "
    "draws); pairs share networks, and checkpoints their run, so there are far fewer independent observations than "
    "pairs. Empty where there is no correlation."
)
WEIGHTS, AGAINST = "(weight space)", ("weight_distance", "cka", "disagreement")
COLUMNS = ("name", "of", "networks", "pairs", *(f"{what}{end}" for what in AGAINST for end in ("", "_low", "_high")))
ALL, ONE, TWO = "all pairs", "one variant", "two variants"
Row = dict[str, Any]


def agreement(
    basic: np.ndarray, maps: Mapping[str, np.ndarray], networks: int, same: np.ndarray, rng: np.random.Generator
) -> Iterator[Row]:
    """Yield a row for every map and for weight space, over all pairs, those of one variant and those of two.

    Args:
        basic: (3, pairs) distances in weight space, 1 − CKA, and disagreements.
        maps: (pairs,) distances on each map, by name.
        networks: Number of networks.
        same: (pairs,) whether both networks of a pair are of one variant.
        rng: Draws the bootstraps.
    """
    names, values = [WEIGHTS, *AGAINST[1:], *maps], np.stack([*basic, *maps.values()])
    complete = np.isfinite(values).all(axis=0)
    groups = {ALL: complete, ONE: complete & same, TWO: complete & ~same}
    if same.all() or not same.any():
        groups = {ALL: complete}
    for of, chosen in groups.items():
        ends = intervals(values, networks, chosen, rng)
        figures = np.stack([correlations(values[:, chosen]), *ends])
        for at in [*range(len(AGAINST), len(names)), 0]:
            row = {"name": names[at], "of": of, "networks": networks, "pairs": int(chosen.sum())}
            yield row | _cells(figures[:, at, : len(AGAINST)] if at else _without_itself(figures))


def _without_itself(figures: np.ndarray) -> np.ndarray:
    values = figures[:, 0, : len(AGAINST)].copy()
    values[:, 0] = np.nan
    return values


def _cells(figures: np.ndarray) -> Row:
    """Return the cells of a (3, figures) array of values, low ends and high ends."""
    ends = ("", "_low", "_high")
    return {
        f"{what}{end}": finite_or_none(figures[i, j]) for j, what in enumerate(AGAINST) for i, end in enumerate(ends)
    }


def warnings(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a warning for every map on which near networks of two runs need not have similar outputs."""
    groups = {row["of"] for row in rows}
    for row in rows:
        wanted = row["name"] != WEIGHTS and row["of"] == (TWO if TWO in groups else ALL)
        if wanted and row["cka_low"] is not None and row["cka_low"] <= 0:
            yield (
                f"{row['name']}: nearness on the map does not show which networks have similar outputs: rank "
                f"correlation of distance with 1 − CKA {row['cka']:.2f}, 95 % interval {row['cka_low']:.2f} to "
                f"{row['cka_high']:.2f}, over {row['of']} of {row['networks']} networks"
            )


def records(rows: Sequence[Row]) -> dict[str, Row]:
    """Return the figures over all pairs, by map."""
    maps = [row for row in rows if row["name"] != WEIGHTS and row["of"] == ALL]
    return {row["name"]: {f"similarity_{what}": row[what] for what in AGAINST} for row in maps}
