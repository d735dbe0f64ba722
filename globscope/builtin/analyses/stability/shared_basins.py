"""Which variants' final networks have a basin of their own, and which share one, over the fits of a map."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from globscope.api import HeatMap, Table
from globscope.builtin.analyses.stability.refits import TreeCounts
from globscope.builtin.analyses.stability.spread import TREE, Row, distinct, tree_cells

BASINS = (
    "Share of a map's distinct fits, including its own, in which a training run's final network lies in a basin "
    "without those of other runs (alone), in one with others (together), or in none, because the map does not show it."
)
SHARED = "Share of a map's distinct fits in which two training runs' final networks lie in one basin."
ALONE = (*TREE, "variant", "fits", "alone", "together", "in_none")
PAIR = (*TREE, "one", "other", "fits", "share")


def tables(trees: Sequence[Sequence[TreeCounts]], variants: Sequence[str]) -> tuple[Table, Table]:
    """Return the tables of variants and of their pairs, from the counts on every merge tree."""
    alone = tuple(row for counts in trees for row in _alone(counts, variants))
    pairs = tuple(row for counts in trees for row in _pairs(counts, variants))
    return (
        Table(name="basins", caption=BASINS, columns=ALONE, rows=alone),
        Table(name="shared", caption=SHARED, columns=PAIR, rows=pairs),
    )


def matrix(counts: Sequence[TreeCounts], variants: Sequence[str]) -> HeatMap:
    """Return a matrix of how often two training runs share a basin on one map."""
    name, together = counts[0].tree[0], _together(counts)
    caption = (
        f"{name}: share of {len(together)} distinct fits in which the final networks of two runs lie in one basin; "
        "on the diagonal, in which one lies in any basin."
    )
    cells = tuple(tuple(map(float, line)) for line in together.mean(axis=0))
    names = tuple(variants)
    return HeatMap(
        name=f"shared-{name}", caption=caption, rows=names, columns=names, values=cells, label="share of fits"
    )


def _together(counts: Sequence[TreeCounts]) -> np.ndarray:
    """Return the (fits, variants, variants) mask of final networks that lie in one basin."""
    homes = np.array([count.figures["homes"] for count in distinct(counts)])
    together: np.ndarray = (homes[:, :, None] == homes[:, None, :]) & (homes >= 0)[:, :, None]
    return together


def _alone(counts: Sequence[TreeCounts], variants: Sequence[str]) -> Iterator[Row]:
    company = _together(counts).sum(axis=2)  # including itself
    for variant, sharing in zip(variants, company.T, strict=True):
        shares = {"alone": (sharing == 1).mean(), "together": (sharing > 1).mean(), "in_none": (sharing == 0).mean()}
        yield (
            tree_cells(counts)
            | {"variant": variant, "fits": len(sharing)}
            | {name: float(v) for name, v in shares.items()}
        )


def _pairs(counts: Sequence[TreeCounts], variants: Sequence[str]) -> Iterator[Row]:
    together = _together(counts)
    for a, b in combinations(range(len(variants)), 2):
        share = float(together[:, a, b].mean())
        yield tree_cells(counts) | {"one": variants[a], "other": variants[b], "fits": len(together), "share": share}
