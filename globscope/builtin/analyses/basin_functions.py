"""Figures of any field within the basins of every merge tree."""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import numpy as np
from attrs.validators import and_, deep_iterable, ge, le

from globscope.api import (
    AnalysisTraits,
    Atlas,
    Bench,
    Finding,
    Table,
    basin_values,
    finite_or_none,
    runs_by_basin,
)
from globscope.builtin.analyses.map_trees import TREE, MapTree, map_trees

CAPTION = (
    "Figures of the samples in every basin of the simplified trees, deepest basin first, of every field: mean, lowest "
    "and highest value, and quantiles, over the samples at which the field is finite, of which finite counts the "
    "share. minimum: the sample at the basin's minimum, of the tree's own field; share: of the tree's samples; runs: "
    "number of training runs whose final network the map shows in the basin, run_mean: mean of the field over those "
    "networks themselves, not over what the map decodes. Samples are points of the map: means and shares are no "
    "volumes in weight space."
)
Row = dict[str, Any]
DISTANCE = "distance_to_member"


@attrs.define(frozen=True, kw_only=True)
class BasinFunctions:
    """Take the mean, the extremes and quantiles of any field over the samples of each basin, and count its runs.

    The basins are those of every merge tree, of whichever field it is; so the test error, or the distance to the
    nearest network, of each basin of the training loss stands in one table. In Python, `basin_values` of
    `globscope.api` returns the values themselves, for any other function of them.

    Attributes:
        fields: Names of the fields, such as `test_loss`, or `distance_to_member`; all where it is empty.
        quantiles: Quantiles of the values in each basin.
    """

    fields: tuple[str, ...] = ()
    quantiles: tuple[float, ...] = attrs.field(default=(0.25, 0.5, 0.75), validator=deep_iterable(and_(ge(0), le(1))))

    @classmethod
    def quick_examples(cls) -> "tuple[BasinFunctions, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(fields=("test_loss", "distance_to_member"), quantiles=()),
        )

    @property
    def traits(self) -> AnalysisTraits:
        """The fields that the task has to measure."""
        return AnalysisTraits(fields=tuple(name for name in self.fields if name != DISTANCE))

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the table; nothing is computed again or drawn."""
        del bench, rng
        rows = [row for one in map_trees(atlas.maps) for row in self._rows(one)]
        names = [_column(level) for level in self.quantiles]
        columns = (*TREE, "minimum", "field", "mean", "lowest", *names, "highest")
        columns += ("finite", "samples", "share", "runs", "run_mean")
        return Finding(tables=(Table(name="basins", caption=CAPTION, columns=columns, rows=tuple(rows)),))

    def _rows(self, one: MapTree) -> Iterator[Row]:
        runs = runs_by_basin(one.map, one.landscape, one.topology)
        held = int((one.topology.tree.basin >= 0).sum())
        for name in self.fields or one.landscape.fields:
            for minimum, values in basin_values(one.landscape, one.topology, name).items():
                names = one.names | {"minimum": minimum, "field": name}
                size = {"samples": len(values), "share": len(values) / held}
                yield names | self._figures(values) | size | _runs(one, name, runs[minimum])

    def _figures(self, values: np.ndarray) -> Row:
        finite = values[np.isfinite(values)]
        share = {"finite": len(finite) / len(values)}
        if not len(finite):
            return share
        levels = zip(self.quantiles, np.quantile(finite, self.quantiles).tolist(), strict=True)
        ends = {"lowest": float(finite.min()), "highest": float(finite.max())}
        with np.errstate(over="ignore"):  # of huge losses, the sum may be infinite
            mean = finite_or_none(finite.mean())
        return share | ends | {"mean": mean} | {_column(level): value for level, value in levels}


def _column(level: float) -> str:
    return f"q{100 * level:g}"


def _runs(one: MapTree, name: str, runs: Sequence[str]) -> Row:
    """Return how many runs end in a basin, and the mean of the field over their final networks."""
    population = one.map.population
    rows = [final for run, final in zip(population.variants, population.finals, strict=True) if run in runs]
    own = one.map.truth.get(name)
    mean = None if own is None or not rows else finite_or_none(np.mean(own[rows]))
    return {"runs": len(runs), "run_mean": mean}
