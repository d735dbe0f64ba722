"""All that was merged and compared, as a finding."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from attrs import define, field as attribute

from globscope.api import Field, Finding, KnownPath, Picture, Table
from globscope.builtin.analyses.merging.merges import Recipes
from globscope.builtin.analyses.merging.networks import Mergeable
from globscope.builtin.analyses.merging.pairs import MergedPair
from globscope.builtin.analyses.merging.pictures import gap_matrix, scatter, soup_matrix
from globscope.builtin.analyses.merging.significance import Forecast
from globscope.builtin.analyses.merging.soups import Soup
from globscope.builtin.analyses.merging.tables import aligned_note, pair_table, predictor_table, soup_table
from globscope.builtin.analyses.merging.warnings import warnings


@define(frozen=True, kw_only=True)
class Comparison:
    """The merged networks of a population, and the figures that may predict them.

    Attributes:
        members: The networks that were merged.
        soups: Sets of them, merged.
        pairs: Every two of them, merged.
        figures: Figures of the pairs' weights, gradients and outputs, (pairs,) each.
        separate: (pairs,) whether two lie in two basins of the map; NaN where that is not known.
        forecast: How the predictors go together with the pairs' loss gaps.
        map_name: Name of the map of the basins; empty where no map shows one.
        recipes: How they were merged.
        aligner: Name of the aligner; None where nothing was aligned.
        field: The field in tables and pictures.
        noise: Its standard deviation between draws of scoring.
    """

    members: Mergeable
    soups: tuple[Soup, ...]
    pairs: tuple[MergedPair, ...]
    figures: Mapping[str, np.ndarray] = attribute(eq=False)
    separate: np.ndarray = attribute(eq=False)
    forecast: Forecast
    map_name: str
    recipes: Recipes
    aligner: str | None
    field: Field
    noise: float

    def finding(self, variants: Sequence[str]) -> Finding:
        """Return the tables, pictures and warnings, and the straight lines between runs of these names."""
        found = warnings(self.pairs, self.forecast, self.field, self.noise)
        return Finding(
            tables=tuple(self._tables()),
            pictures=tuple(self._pictures()),
            warnings=tuple(found),
            paths=() if self.aligner else tuple(self._paths(variants)),
        )

    def _tables(self) -> Iterator[Table]:
        yield soup_table(self.soups, self.field, self.recipes, self.aligner)
        named = {
            "points": len(self.pairs[0].t),
            "origin": "0" if self.members.base is None else "their base",
            "map": self.map_name or "a map that shows both",
            "aligned": aligned_note(self.aligner),
        }
        yield pair_table(self.pairs, self.figures, self.separate, self.field, named)
        yield predictor_table(self.forecast, self.field)

    def _pictures(self) -> Iterator[Picture]:
        yield gap_matrix(self.pairs, self.members.names, self.field, self.aligner)
        yield soup_matrix(self.soups, self.field, self.aligner)
        plot = scatter(self.forecast, self.field)
        if plot is not None:
            yield plot

    def _paths(self, variants: Sequence[str]) -> Iterator[KnownPath]:
        """Yield the straight lines between the final networks of runs."""
        for pair in self.pairs:
            if set(pair.names) <= set(variants):
                yield from KnownPath.of_values(pair.names, self.field, pair.line[self.field.key], "straight line")
