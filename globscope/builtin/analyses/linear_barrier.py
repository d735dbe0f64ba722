"""The barriers on the straight lines between all variants' final networks."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import attrs
import numpy as np
from attrs.validators import and_, ge

from globscope.api import (
    ADDED,
    EXAMPLES,
    POINTS,
    WHERE,
    AnalysisTraits,
    Atlas,
    Bench,
    CheckFacts,
    Field,
    Finding,
    HeatMap,
    KnownPath,
    Table,
    area,
    barrier,
    device_name,
    finite_or_none,
)
from globscope.builtin.analyses.curves.pairs import count_pairs, require_pairs
from globscope.builtin.analyses.curves.shapes import measure_straight_line
from globscope.builtin.analyses.curves.straight_lines import measure_lines
from globscope.builtin.analyses.repaired_mixtures import ON_LINES, repair_of, require_repairable

NAME = "linear-barrier"
CAPTION = (
    "The {field} along the straight line in weight space between the final networks of every two training runs, at "
    "{points} equal steps of t, including both ends. ψ(t) = L(t) − ((1 − t) L(0) + t L(1)) is the excess over the "
    "linear interpolation of the ends (for a share such as an accuracy, the fall below it). barrier: max over t of "
    "ψ(t); area: ∫ ψ dt; neither is below 0, as in Ainsworth et al. (2023) and Navon et al. (2024). Some authors "
    "subtract the mean of the ends instead; for them, {extreme} is the extreme of L itself, at t = at. Figures are "
    "empty where a loss is not finite."
)
# The beginning of the names of what is measured on repaired lines.
REPAIRED = "repaired_"
Row = dict[str, Any]


@attrs.define(frozen=True, kw_only=True)
class LinearBarrier:
    """Measure the barrier on the straight line between the final networks of every two training runs.

    This is linear mode connectivity as defined by Frankle et al. (2020) and Entezari et al. (2022); the table's caption
    has the formula. The evaluator's `batch_norm` determines the BatchNorm statistics of the networks between the ends.

    Attributes:
        points: Number of networks on every line, at equal steps of t, including both ends.
        field: Loss or accuracy that is measured.
        repair: Whether the lines are also measured with the statistics of hidden units reset to those that the ends
            have on average (REPAIR), for networks without normalisation.
        repair_examples: Number of training examples on which these statistics are measured, in one pass.
        device: Device for REPAIR: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    points: int = attrs.field(default=25, validator=and_(ge(3), POINTS))
    field: str = "train_loss"
    repair: bool = attrs.field(default=False, metadata=ADDED)
    repair_examples: int = attrs.field(default=1000, validator=and_(ge(2), EXAMPLES), metadata=ADDED)
    device: str = attrs.field(default="auto", validator=device_name, metadata=WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[LinearBarrier, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(points=3, field="test_accuracy", repair=True),
        )

    @property
    def traits(self) -> AnalysisTraits:
        """The field that it measures."""
        return AnalysisTraits(field=self.field)

    def check(self, facts: CheckFacts) -> None:
        """Refuse a single variant, and networks that cannot be repaired where that is asked for.

        Raises:
            SpecError: There is no pair, or no layer that can be repaired.
        """
        require_pairs(NAME, (), None, facts.variants)
        if self.repair:
            require_repairable(NAME, facts)

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do."""
        del maps
        pairs = count_pairs((), None, variants)
        return f"{NAME} of {pairs} pair{'s' * (pairs != 1)}"

    def evaluations(self, lattices: Sequence[tuple[int, ...]], maps: int, variants: int) -> int:
        """Return the number of networks to score: the inner points of all lines."""
        del lattices, maps
        return count_pairs((), None, variants) * (self.points - 2) * (1 + self.repair)

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the barriers as a table and as a matrix."""
        del rng  # nothing is drawn
        names, field = atlas.population.variants, atlas.field_of(self.field)
        pairs = list(combinations(range(len(names)), 2))
        found = {"": self._lines(atlas, bench, pairs)}
        if self.repair:
            found[REPAIRED] = self._repaired_lines(atlas, bench, pairs)
        extreme = "min" if field.higher_is_better else "max"
        rows: list[Row] = [{"one": names[a], "other": names[b]} for a, b in pairs]
        for which, lines in found.items():
            for row, line in zip(rows, lines, strict=True):
                row |= {f"{which}{name}": value for name, value in _figures(field, extreme, self._t, line).items()}
        figures = (f"{which}{name}" for which in found for name in ("barrier", "area", extreme, "at"))
        caption, columns = self._caption(field, extreme), ("one", "other", *figures)
        paths = tuple(
            path
            for (a, b), line in zip(pairs, found[""], strict=True)
            for path in KnownPath.of_values((names[a], names[b]), field, line, "straight line")
        )
        return Finding(
            tables=(Table(name="barriers", caption=caption, columns=columns, rows=tuple(rows)),),
            pictures=tuple(_matrix(names, rows, field, which) for which in found),
            paths=paths,
        )

    @property
    def _t(self) -> np.ndarray:
        return np.linspace(0, 1, self.points)

    def _lines(self, atlas: Atlas, bench: Bench, pairs: Sequence[tuple[int, int]]) -> list[np.ndarray]:
        """Return the (points,) field along the line of every pair."""
        finals = atlas.population.finals
        inner = measure_lines(atlas.population.take(finals), pairs, self._t, bench)[self.field]
        ends = atlas.truth[self.field][finals]
        return [np.concatenate([ends[[a]], values, ends[[b]]]) for (a, b), values in zip(pairs, inner, strict=True)]

    def _repaired_lines(self, atlas: Atlas, bench: Bench, pairs: Sequence[tuple[int, int]]) -> list[np.ndarray]:
        """Return the same with the networks between the ends repaired."""
        repair, finals = repair_of(self.repair, self.repair_examples, self.device, NAME), atlas.population.finals
        networks, ends = atlas.population.take(finals), atlas.truth[self.field][finals]
        return [
            measure_straight_line(networks.take(pair), {self.field: ends[[*pair]]}, self._t, bench, repair)[self.field]
            for pair in pairs
        ]

    def _caption(self, field: Field, extreme: str) -> str:
        caption = CAPTION.format(field=field.name, points=self.points, extreme=extreme)
        return caption + ON_LINES.format(examples=self.repair_examples) if self.repair else caption


def _figures(field: Field, extreme: str, t: np.ndarray, line: np.ndarray) -> Row:
    if not np.isfinite(line).all():
        return dict.fromkeys(("barrier", "area", extreme, "at"))
    cost = field.cost(line)
    highest = int(cost.argmax())
    return {
        "barrier": finite_or_none(barrier(cost, t)),
        "area": finite_or_none(area(cost, t)),
        extreme: float(line[highest]),
        "at": float(t[highest]),
    }


def _matrix(names: Sequence[str], rows: Sequence[Row], field: Field, which: str) -> HeatMap:
    barriers = {(row["one"], row["other"]): row[f"{which}barrier"] for row in rows}
    repaired = " after REPAIR" if which else ""
    values = tuple(tuple(0.0 if a == b else barriers.get((a, b), barriers.get((b, a))) for b in names) for a in names)
    return HeatMap(
        name=f"{which}barriers".replace("_", " "),
        title=f"Barriers in {field.name} between every two runs{repaired}",
        caption=f"Barriers in {field.name} on the straight lines between the final networks of every two "
        f"runs{repaired}.",
        rows=tuple(names),
        columns=tuple(names),
        values=values,
        label=f"barrier in {field.name}",
    )
