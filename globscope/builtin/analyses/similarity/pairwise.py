"""The comparison of networks pair by pair, as tables and pictures."""

from collections.abc import Iterator
from functools import cached_property
from itertools import combinations

import attrs
import numpy as np

from globscope.api import (
    Atlas,
    Finding,
    HeatMap,
    Panel,
    Picture,
    Plot,
    Series,
    Table,
    finite_or_none,
)
from globscope.builtin.analyses.similarity.agreement import AGREEMENT, COLUMNS, Row, agreement, records, warnings
from globscope.builtin.analyses.weight_distances import distances_in_weight_space

PAIRS = (
    "Every pair of networks. cka: linear centred kernel alignment of their outputs on the same "
    "examples, 1 if those of one are a rotated or scaled copy of the other's; disagreement: {}; weight_distance: "
    "Euclidean distance in weight space; distance_…: distance on each map, in its own units."
)
SHARE = "share of the examples for which their largest outputs differ"
SQUARES = "mean squared difference of the outputs over their variance, 0 where they are equal"
UNLISTED = " The {:,} pairs themselves are neither listed nor drawn: more than {:,}."
# More pairs than this are not listed and drawn one by one.
MOST = 5000


@attrs.define(frozen=True, kw_only=True, slots=False)
class PairwiseComparison:
    """Networks, compared pair by pair in the order of `itertools.combinations`.

    Attributes:
        atlas: The population and its maps.
        rows: Rows of the networks in the population.
        cka: (pairs,) linear CKA of the outputs.
        disagreement: (pairs,) disagreements of the outputs.
        classifies: Whether disagreements count different classes; if not, they measure differences of outputs.
    """

    atlas: Atlas
    rows: tuple[int, ...]
    cka: np.ndarray = attrs.field(eq=False)
    disagreement: np.ndarray = attrs.field(eq=False)
    classifies: bool

    def finding(self, rng: np.random.Generator) -> Finding:
        """Return the tables, warnings, records and pictures."""
        rows, listed = self._agreement(rng), len(self.cka) <= MOST
        caption = AGREEMENT + ("" if listed else UNLISTED.format(len(self.cka), MOST))
        table = Table(name="agreement", caption=caption, columns=COLUMNS, rows=tuple(rows))
        return Finding(
            tables=(self._pairs(), table) if listed else (table,),
            warnings=tuple(self._warnings(rows)),
            records=records(rows),
            pictures=(*self._matrices(), *([self._scatter()] if listed and self.atlas.maps else [])),
        )

    @cached_property
    def _weights(self) -> np.ndarray:
        return distances_in_weight_space(self.atlas.population.take(self.rows).weights)

    @cached_property
    def _maps(self) -> dict[str, np.ndarray]:
        """(pairs,) distances on each map, by name."""
        from scipy.spatial.distance import pdist

        fitted = [row for row, member in enumerate(self.atlas.population.members) if member.in_fit]
        places = [fitted.index(row) for row in self.rows]
        return {one.name: pdist(one.chart.latents[places]) for one in self.atlas.maps}

    def _agreement(self, rng: np.random.Generator) -> list[Row]:
        basic = np.stack([self._weights, 1 - self.cka, self.disagreement])
        return list(agreement(basic, self._maps, len(self.rows), self._same, rng))

    @cached_property
    def _same(self) -> np.ndarray:
        """(pairs,) whether both are of one variant."""
        variants = [self.atlas.population.members[row].variant for row in self.rows]
        return np.array([one == other for one, other in combinations(variants, 2)], bool)

    def _pairs(self) -> Table:
        members = [self.atlas.population.members[row].label for row in self.rows]
        figures = {"cka": self.cka, "disagreement": self.disagreement, "weight_distance": self._weights}
        figures |= {f"distance_{name}": distances for name, distances in self._maps.items()}
        rows = tuple(
            {"one": a, "other": b} | {name: finite_or_none(values[pair]) for name, values in figures.items()}
            for pair, (a, b) in enumerate(combinations(members, 2))
        )
        caption = PAIRS.format(SHARE if self.classifies else SQUARES)
        return Table(name="pairs", caption=caption, columns=("one", "other", *figures), rows=rows)

    def _warnings(self, rows: list[Row]) -> Iterator[str]:
        lost = int(np.isnan(self.disagreement).sum())
        if lost:
            yield f"{lost} of {len(self.disagreement)} pairs cannot be compared: outputs are not finite or constant"
        yield from warnings(rows)

    def _matrices(self) -> Iterator[Picture]:
        """Yield the matrices of the variants' final networks."""
        population = self.atlas.population
        finals = [self.rows.index(row) for row in population.finals if row in self.rows]
        names = tuple(population.members[self.rows[at]].variant for at in finals)
        meaning = SHARE if self.classifies else SQUARES
        matrices = (
            ("cka", self.cka, 1.0, "Linear CKA of the outputs of the runs' final networks; 1 is most similar."),
            ("disagreement", self.disagreement, 0.0, f"Disagreement of the runs' final networks: {meaning}."),
        )
        for name, figures, itself, caption in matrices:
            values = _square(figures, len(self.rows), itself)[np.ix_(finals, finals)]
            cells = tuple(tuple(finite_or_none(value) for value in line) for line in values)
            label = "linear CKA" if name == "cka" else "disagreement"
            yield HeatMap(
                name=name,
                title=f"{label[:1].upper()}{label[1:]} of every two final networks",
                caption=caption,
                rows=names,
                columns=names,
                values=cells,
                label=label,
                limits=(0.0, 1.0) if name == "cka" or self.classifies else (0.0, None),
            )

    def _scatter(self) -> Plot:
        groups = {"two variants": ~self._same, "one variant": self._same}
        panels = tuple(
            Panel(
                title=name,
                series=tuple(
                    Series.of(label, x[pairs], self.cka[pairs], "points")
                    for label, pairs in groups.items()
                    if pairs.any()
                ),
            )
            for name, x in self._maps.items()
        )
        caption = "Distance on each map and similarity of the outputs, for every pair of networks."
        return Plot(
            name="distances",
            title="Similarity of outputs against distance on the maps",
            caption=caption,
            x="distance on the map",
            y="linear CKA",
            panels=panels,
        )


def _square(pairs: np.ndarray, count: int, itself: float) -> np.ndarray:
    """Return the (count, count) matrix of figures of pairs."""
    whole = np.diag(np.full(count, itself))
    whole[np.triu_indices(count, 1)] = pairs
    return np.triu(whole) + np.triu(whole, 1).T
