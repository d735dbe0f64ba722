"""Which variants' last networks lie in basins of their own, and which share one, over the fits of a map."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from globscope.api import HeatMap, Table
from globscope.builtin.analyses.stability.refits import Count
from globscope.builtin.analyses.stability.spread import WHO, Row, distinct, who

BASINS = (
    "Variant by variant, the share of a map's distinct fits (its own counted in) in which the variant's last network "
    "lies in a basin that holds no other variant's last (alone), in one with another's (together), or in none: where "
    "the map does not show it."
)
SHARED = "The share of a map's distinct fits in which two variants' last networks lie in one basin."
ALONE = (*WHO, "variant", "fits", "alone", "together", "in_none")
PAIR = (*WHO, "one", "other", "fits", "share")


def tables(trees: Sequence[Sequence[Count]], variants: Sequence[str]) -> tuple[Table, Table]:
    """Return the table of variants and that of their pairs, from the counts of every merge tree."""
    alone = tuple(row for counts in trees for row in _alone(counts, variants))
    pairs = tuple(row for counts in trees for row in _pairs(counts, variants))
    return (
        Table(name="basins", caption=BASINS, columns=ALONE, rows=alone),
        Table(name="shared", caption=SHARED, columns=PAIR, rows=pairs),
    )


def matrix(counts: Sequence[Count], variants: Sequence[str]) -> HeatMap:
    """Return how often two variants share a basin on one map."""
    name, together = counts[0].place[0], _together(counts)
    caption = (
        f"{name}: share of {len(together)} distinct fits in which the last networks of two variants lie in one basin; "
        "on the diagonal, of those in which one lies in any."
    )
    cells = tuple(tuple(map(float, line)) for line in together.mean(axis=0))
    names = tuple(variants)
    return HeatMap(
        name=f"shared-{name}", caption=caption, rows=names, columns=names, values=cells, label="share of fits"
    )


def _together(counts: Sequence[Count]) -> np.ndarray:
    """Return (fits, variants, variants), whether two last networks lie in one basin."""
    homes = np.array([count.found["homes"] for count in distinct(counts)])
    found: np.ndarray = (homes[:, :, None] == homes[:, None, :]) & (homes >= 0)[:, :, None]
    return found


def _alone(counts: Sequence[Count], variants: Sequence[str]) -> Iterator[Row]:
    company = _together(counts).sum(axis=2)  # itself counted in
    for variant, own in zip(variants, company.T, strict=True):
        shares = {"alone": (own == 1).mean(), "together": (own > 1).mean(), "in_none": (own == 0).mean()}
        yield who(counts) | {"variant": variant, "fits": len(own)} | {name: float(v) for name, v in shares.items()}


def _pairs(counts: Sequence[Count], variants: Sequence[str]) -> Iterator[Row]:
    together = _together(counts)
    for a, b in combinations(range(len(variants)), 2):
        share = float(together[:, a, b].mean())
        yield who(counts) | {"one": variants[a], "other": variants[b], "fits": len(together), "share": share}
