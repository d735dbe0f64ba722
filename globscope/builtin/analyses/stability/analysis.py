"""How much the landscapes differ if maps are fitted with further seeds, and on bootstraps of the checkpoints."""

from collections.abc import Sequence

import attrs
import numpy as np
from attrs.validators import and_, ge

from globscope.api import REFITS, AnalysisTraits, Atlas, Bench, CheckFacts, Finding, SpecError
from globscope.builtin.analyses.stability import shared_basins, spread
from globscope.builtin.analyses.stability.refits import Refit, TreeCounts, bootstrap_rows, refits


@attrs.define(frozen=True, kw_only=True)
class Stability:
    """Fit every map again with further seeds and on bootstraps of the checkpoints, and compare the landscapes.

    A refit with another seed shows the effect of the reducer's random numbers. A bootstrap draws as many checkpoints as
    there are, with replacement, and fits the map with the study's seed to the distinct ones (about 63 %) and each
    variant's last: it shows the effect of which checkpoints were saved (Efron, "Bootstrap Methods: Another Look at the
    Jackknife", Annals of Statistics 7, 1979, without the multiplicities). All maps are fitted to the same draws. Slices
    are omitted, because they are not fitted. Every refit gets a landscape and merge trees, like the study's own map.

    Attributes:
        seeds: Number of refits of every map with further seeds.
        bootstraps: Number of refits of every map on draws of the checkpoints.
        reducers: Names of the maps to fit again; all maps with an inverse if empty.
        field: Loss whose gap between true and decoded members is compared.
    """

    seeds: int = attrs.field(default=5, validator=and_(ge(0), REFITS))
    bootstraps: int = attrs.field(default=5, validator=and_(ge(0), REFITS))
    reducers: tuple[str, ...] = ()
    field: str = "train_loss"

    @property
    def traits(self) -> AnalysisTraits:
        """The maps that it refits, and the field that it compares."""
        return AnalysisTraits(field=self.field, reducers=self.reducers)

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do, for so many maps with an inverse."""
        del variants
        again = f"{self.seeds} refits with further seeds and {self.bootstraps} on bootstraps of the checkpoints"
        return f"stability of {maps} map{'s' * (maps != 1)}: each in {again}"

    def refits(self) -> int:
        """Return how often every map is fitted again."""
        return self.seeds + self.bootstraps

    def check(self, facts: CheckFacts) -> None:
        """Refuse an analysis without refits.

        Raises:
            SpecError: Seeds and bootstraps are both 0.
        """
        del facts
        if not self.refits():
            raise SpecError(["analysis stability: seeds and bootstraps are both 0; nothing would be fitted again"])

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the tables of spread, fits and basins, with pictures."""
        seed_rng, bootstrap_rng = rng.spawn(2)  # two, so that more seeds do not change the bootstraps
        seeds = [int(seed_rng.integers(2**31)) for _ in range(self.seeds)]
        members = atlas.population.fitted
        draws = [bootstrap_rows(members, bootstrap_rng) for _ in range(self.bootstraps)]
        chosen = [map_ for map_ in atlas.maps if not self.reducers or map_.name in self.reducers]
        # A slice is not fitted to the members.
        maps = [map_ for map_ in chosen if map_.chart.decode is not None and map_.chart.extent is None]
        fits = [refits(map_, atlas, bench, field=self.field, seeds=seeds, draws=draws) for map_ in maps]
        return _finding([fit for own in fits for fit in own], members.variants)


def _finding(fits: Sequence[Refit], variants: Sequence[str]) -> Finding:
    """Return the finding from the fits of all maps, the study's own fit first."""
    trees: dict[tuple[str, str, str], list[TreeCounts]] = {}
    for counts in (counts for fit in fits for counts in fit.counts()):
        trees.setdefault(counts.tree, []).append(counts)
    all_counts = list(trees.values())
    first = list({counts[0].tree[0]: counts for counts in reversed(all_counts)}.values())[::-1]  # one tree of each map
    return Finding(
        tables=(*spread.tables(all_counts), *shared_basins.tables(all_counts, variants)),
        warnings=tuple(text for counts in all_counts for text in spread.warnings(counts)),
        records={counts[0].tree[0]: spread.record(counts) for counts in first},
        pictures=(spread.plot(first), *(shared_basins.matrix(counts, variants) for counts in first)) if first else (),
    )
