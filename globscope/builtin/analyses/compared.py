"""Networks compared pair by pair, as tables and pictures."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import combinations
from typing import Any

import attrs
import numpy as np

from globscope.api import Atlas, Finding, HeatMap, Panel, Picture, Plot, Series, Table, Weights
from globscope.builtin.analyses.cells import finite
from globscope.builtin.analyses.ranks import DRAWS, correlations, intervals

PAIRS = (
    "Pair by pair of the networks compared. cka: linear centred kernel alignment of their outputs on the same "
    "examples, 1 where one's are a rotated or scaled copy of the other's; disagreement: {}; weight_distance: "
    "Euclidean, in weight space; distance_…: the same on each map, in its own units."
)
SHARE = "share of the examples for which their largest outputs differ"
SQUARES = "mean squared difference of the outputs over their variance, 0 where they are equal"
AGREEMENT = (
    "Spearman's rank correlation, over pairs of networks, of their distance on a map (the last row: in weight space) "
    "with their distance in weight space, with 1 − CKA, and with their disagreement: 1 where the nearer pair is always "
    f"the more alike. _low, _high: 95 % interval of a bootstrap over networks, {DRAWS} draws; pairs share networks, so "
    "there are far fewer independent observations than pairs. Empty where there is none: constant, or too few."
)
UNLISTED = " The {:,} pairs themselves are neither listed nor drawn: more than {:,}."
# Pairs that are listed and drawn one by one.
MOST = 5000
AGAINST = ("weight_distance", "cka", "disagreement")
COLUMNS = ("name", "networks", "pairs", *(f"{what}{end}" for what in AGAINST for end in ("", "_low", "_high")))
WEIGHTS = "(weight space)"
Row = dict[str, Any]


@attrs.define(frozen=True, kw_only=True, slots=False)
class Compared:
    """Networks, compared pair by pair in the order of `itertools.combinations`.

    Attributes:
        atlas: Their maps.
        rows: Of the population.
        cka: (pairs,).
        disagreement: (pairs,).
        chooses: Whether it counts answers; else it measures differences.
    """

    atlas: Atlas
    rows: tuple[int, ...]
    cka: np.ndarray = attrs.field(eq=False)
    disagreement: np.ndarray = attrs.field(eq=False)
    chooses: bool

    def finding(self, rng: np.random.Generator) -> Finding:
        """Return what is told."""
        agreement, few = self._agreement(rng), len(self.cka) <= MOST
        caption = AGREEMENT + ("" if few else UNLISTED.format(len(self.cka), MOST))
        table = Table(name="agreement", caption=caption, columns=COLUMNS, rows=tuple(agreement))
        return Finding(
            tables=(self._pairs(), table) if few else (table,),
            warnings=tuple(self._warnings(agreement)),
            records={row["name"]: _record(row) for row in agreement if row["name"] != WEIGHTS},
            pictures=(*self._matrices(), *([self._scatter()] if few and self.atlas.maps else [])),
        )

    @cached_property
    def _weights(self) -> np.ndarray:
        return apart(self.atlas.population.take(self.rows).weights)

    @cached_property
    def _maps(self) -> Mapping[str, np.ndarray]:
        """(pairs,) distances by map."""
        from scipy.spatial.distance import pdist

        fitted = [row for row, member in enumerate(self.atlas.population.members) if member.in_fit]
        places = [fitted.index(row) for row in self.rows]
        return {one.name: pdist(one.chart.latents[places]) for one in self.atlas.maps}

    def _agreement(self, rng: np.random.Generator) -> list[Row]:
        """Return a row a map, and one of weight space itself."""
        own = np.stack([self._weights, 1 - self.cka, self.disagreement])
        figures = np.stack([*own, *self._maps.values()])
        complete = np.isfinite(figures).all(axis=0)
        found = correlations(figures[:, complete])
        low, high = intervals(figures, len(self.rows), rng)
        names = [WEIGHTS, *AGAINST[1:], *self._maps]
        rows = []
        for at in [*range(len(own), len(figures)), 0]:
            row = {"name": names[at], "networks": len(self.rows), "pairs": int(complete.sum())}
            for to, what in enumerate(AGAINST):
                ends = (found[at, to], low[at, to], high[at, to]) if at != to else (np.nan,) * 3
                row |= {f"{what}{end}": finite(v) for end, v in zip(("", "_low", "_high"), ends, strict=True)}
            rows.append(row)
        return rows

    def _pairs(self) -> Table:
        members = [self.atlas.population.members[row].label for row in self.rows]
        figures = {"cka": self.cka, "disagreement": self.disagreement, "weight_distance": self._weights}
        figures |= {f"distance_{name}": distances for name, distances in self._maps.items()}
        rows = tuple(
            {"one": one, "other": other} | {name: finite(values[at]) for name, values in figures.items()}
            for at, (one, other) in enumerate(combinations(members, 2))
        )
        caption = PAIRS.format(SHARE if self.chooses else SQUARES)
        return Table(name="pairs", caption=caption, columns=("one", "other", *figures), rows=rows)

    def _warnings(self, agreement: list[Row]) -> Iterator[str]:
        lost = int(np.isnan(self.disagreement).sum())
        if lost:
            yield f"{lost} of {len(self.disagreement)} pairs cannot be compared: outputs are not finite, or constant"
        for row in agreement:
            if row["name"] != WEIGHTS and row["cka_low"] is not None and row["cka_low"] <= 0 <= row["cka_high"]:
                yield (
                    f"{row['name']}: which networks lie close together says nothing sure of which answer alike: rank "
                    f"correlation of distance with 1 − CKA {row['cka']:.2f}, 95 % interval {row['cka_low']:.2f} to "
                    f"{row['cka_high']:.2f}, over {row['networks']} networks"
                )

    def _matrices(self) -> Iterator[Picture]:
        """Yield the matrices of the variants' last networks."""
        population = self.atlas.population
        finals = [self.rows.index(row) for row in population.finals if row in self.rows]
        names = tuple(population.members[self.rows[at]].variant for at in finals)
        says = SHARE if self.chooses else SQUARES
        told = (
            ("cka", self.cka, 1.0, "linear CKA of the outputs of the variants' last networks; 1 is most alike"),
            ("disagreement", self.disagreement, 0.0, f"disagreement of the variants' last networks: {says}"),
        )
        for name, figures, itself, caption in told:
            values = _square(figures, len(self.rows), itself)[np.ix_(finals, finals)]
            cells = tuple(tuple(finite(value) for value in line) for line in values)
            label = "linear CKA" if name == "cka" else "disagreement"
            yield HeatMap(name=name, caption=caption, rows=names, columns=names, values=cells, label=label)

    def _scatter(self) -> Plot:
        variants = [self.atlas.population.members[row].variant for row in self.rows]
        same = np.array([one == other for one, other in combinations(variants, 2)], bool)
        groups = {"two variants": ~same, "one variant": same}
        panels = tuple(
            Panel(
                title=name,
                series=tuple(
                    _points(label, x[pairs], self.cka[pairs]) for label, pairs in groups.items() if pairs.any()
                ),
            )
            for name, x in self._maps.items()
        )
        caption = "Every pair of networks: its distance on each map, and how alike its outputs are."
        return Plot(name="distances", caption=caption, x="distance on the map", y="linear CKA", panels=panels)


def apart(weights: Weights) -> np.ndarray:
    """Return the (pairs,) Euclidean distances of (members, D) weights, in chunks of D."""
    from scipy.spatial.distance import pdist

    count, width = weights.shape
    squares, step = np.zeros(count * (count - 1) // 2), max(1, 4_000_000 // count)
    for start in range(0, width, step):
        squares += pdist(weights[:, start : start + step].astype(np.float64), "sqeuclidean")
    return np.sqrt(squares)


def _square(pairs: np.ndarray, count: int, itself: float) -> np.ndarray:
    """Return the (count, count) matrix of figures of pairs."""
    whole = np.diag(np.full(count, itself))
    whole[np.triu_indices(count, 1)] = pairs
    return np.triu(whole) + np.triu(whole, 1).T


def _points(label: str, x: np.ndarray, y: np.ndarray) -> Series:
    return Series(label=label, x=tuple(map(finite, x)), y=tuple(map(finite, y)), look="points")


def _record(row: Row) -> Row:
    return {f"similarity_{what}": row[what] for what in AGAINST}
