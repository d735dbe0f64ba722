"""How high is the wall? The loss along the straight lines between all variants."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import attrs
import numpy as np
from attrs.validators import and_, ge

from globscope.api import (
    POINTS,
    Atlas,
    Bench,
    Field,
    Finding,
    HeatMap,
    Mixtures,
    Networks,
    Population,
    Probe,
    Table,
    area,
    barrier,
    finite_or_none,
)
from globscope.builtin.analyses.curves.pairs import count_pairs, require_pairs

WHO = "linear-barrier"
CAPTION = (
    "{field} along the straight line in weight space between the last networks of every two variants, at {points} "
    "equal steps of t, both ends included. ψ(t) = L(t) − ((1 − t) L(0) + t L(1)), the excess over the linear "
    "interpolation of the ends (for an accuracy, the fall below it). barrier: max over t of ψ(t); area: ∫ ψ dt; both "
    "clipped at 0, as in Ainsworth et al. (2023) and Navon et al. (2024). Some authors subtract the mean of the ends "
    "instead: {worst} is the raw extreme of L, at t = at. Figures are empty where a loss is not finite."
)
Row = dict[str, Any]


@attrs.define(frozen=True, kw_only=True)
class LinearBarrier:
    """Measure the barrier on the straight line between the last networks of every two variants.

    Linear mode connectivity as in Frankle et al. (2020) and Entezari et al. (2022); the definition is in the table's
    caption. Which BatchNorm statistics the networks between have is the evaluator's `batch_norm`.

    Attributes:
        points: Networks on every line, at equal steps of t, both ends included.
        field: The loss (or accuracy) that is measured.
    """

    points: int = attrs.field(default=25, validator=and_(ge(3), POINTS))
    field: str = "train_loss"

    def check(self, probe: Probe, variants: Sequence[str]) -> None:
        """Refuse a single variant.

        Raises:
            SpecError: There is no pair.
        """
        del probe
        require_pairs(WHO, (), None, variants)

    def plan(self, maps: int, variants: int) -> str:
        """Return what it will do."""
        del maps
        return f"{WHO} of {count_pairs((), None, variants)} pairs"

    def evaluations(self, lattices: Sequence[tuple[int, ...]], maps: int, variants: int) -> int:
        """Return how many networks it scores: the inner points of all lines."""
        del lattices, maps
        return count_pairs((), None, variants) * (self.points - 2)

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the barriers as a table and as a matrix."""
        del rng  # nothing is drawn
        finals, t = atlas.population.finals, np.linspace(0, 1, self.points)
        names = atlas.population.variants
        pairs = list(combinations(range(len(names)), 2))
        own, inner = atlas.truth[self.field][finals], self._inner(atlas.population.take(finals), pairs, t, bench)
        lines = [np.concatenate([own[[a]], inner[at], own[[b]]]) for at, (a, b) in enumerate(pairs)]
        rows = tuple(self._row(names[a], names[b], t, line) for (a, b), line in zip(pairs, lines, strict=True))
        worst = "min" if Field.of(self.field).higher_is_better else "max"
        caption = CAPTION.format(field=self.field, points=self.points, worst=worst)
        table = Table(
            name="barriers", caption=caption, columns=("one", "other", "barrier", "area", worst, "at"), rows=rows
        )
        return Finding(tables=(table,), pictures=(self._matrix(names, rows),))

    def _inner(self, finals: Population, pairs: Sequence[tuple[int, int]], t: np.ndarray, bench: Bench) -> np.ndarray:
        """Return the (pairs, points − 2) losses between the ends, which are measured already."""
        inner = t[1:-1]
        shares = np.zeros((len(pairs), len(inner), len(finals.members)))
        for line, (a, b) in zip(shares, pairs, strict=True):
            line[:, a], line[:, b] = 1 - inner, inner
        nearest = np.concatenate([np.where(inner > 0.5, b, a) for a, b in pairs]) if pairs else None
        networks = Networks(
            space=Mixtures(weights=finals.weights),
            coordinates=shares.reshape(-1, len(finals.members)),
            buffers=finals.buffers,
            nearest=nearest,
        )
        return bench.measure(networks)[self.field].reshape(len(pairs), len(inner))

    def _row(self, one: str, other: str, t: np.ndarray, line: np.ndarray) -> Row:
        cost, worst = Field.of(self.field).cost(line), "min" if Field.of(self.field).higher_is_better else "max"
        highest = int(cost.argmax())
        return {
            "one": one,
            "other": other,
            "barrier": finite_or_none(barrier(cost, t)),
            "area": finite_or_none(area(cost, t)),
            worst: finite_or_none(line[highest]),
            "at": finite_or_none(t[highest]),
        }

    def _matrix(self, names: Sequence[str], rows: Sequence[Row]) -> HeatMap:
        found = {(row["one"], row["other"]): row["barrier"] for row in rows}
        values = tuple(tuple(0.0 if a == b else found.get((a, b), found.get((b, a))) for b in names) for a in names)
        return HeatMap(
            name="barriers",
            caption=f"Barrier of {self.field} on the straight line between the last networks of every two variants.",
            rows=tuple(names),
            columns=tuple(names),
            values=values,
            label=f"barrier in {self.field}",
        )
