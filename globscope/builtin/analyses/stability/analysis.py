"""Is the landscape an anecdote? The same networks through further seeds, and bootstraps over checkpoints."""

from collections.abc import Sequence

import attrs
import numpy as np
from attrs.validators import and_, ge

from globscope.api import REFITS, AnalysisTraits, Atlas, Bench, CheckFacts, Finding, SpecError
from globscope.builtin.analyses.stability import shared_basins, spread
from globscope.builtin.analyses.stability.refits import Count, Refit, drawn, refits


@attrs.define(frozen=True, kw_only=True)
class Stability:
    """Fit every map again with further seeds and on bootstraps of the checkpoints, and compare the landscapes.

    A refit with another seed shows what the reducer's own randomness does. A bootstrap draws as many checkpoints as
    there are, with replacement, keeps the distinct ones (about 63 %) and each variant's last, and fits them with the
    study's seed: it shows what depends on which checkpoints happened to be saved (Efron, "Bootstrap Methods: Another
    Look at the Jackknife", Annals of Statistics 7, 1979, without the multiplicities). All maps are fitted to the same
    draws. Slices are left out: nothing is fitted for them. Every refit is sampled, evaluated and condensed as the
    study's own map was.

    Attributes:
        seeds: Refits of every map with so many further seeds.
        bootstraps: Refits on so many draws of the checkpoints.
        reducers: Names of the maps; all that have an inverse where empty.
        field: The loss whose gap between true and decoded members is compared.
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
        """Return what it will do, for a study of so many maps with an inverse."""
        del variants
        again = f"{self.seeds} refits with further seeds and {self.bootstraps} on bootstraps of the checkpoints"
        return f"stability of {maps} map{'s' * (maps != 1)}: each in {again}"

    def refits(self) -> int:
        """Return how often it fits every map again."""
        return self.seeds + self.bootstraps

    def check(self, facts: CheckFacts) -> None:
        """Refuse to refit nothing.

        Raises:
            SpecError: Neither seeds nor bootstraps are asked for.
        """
        del facts
        if not self.refits():
            raise SpecError(["analysis stability: seeds and bootstraps are both 0; nothing would be fitted again"])

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the tables of spread, fits and basins, with pictures."""
        one, two = rng.spawn(2)  # so that more seeds move no bootstrap
        seeds = [int(one.integers(2**31)) for _ in range(self.seeds)]
        members = atlas.population.fitted
        draws = [drawn(members, two) for _ in range(self.bootstraps)]
        own = [m for m in atlas.maps if m.chart.decode is not None and (not self.reducers or m.name in self.reducers)]
        # A slice around a network is not fitted to the others.
        maps = [m for m in own if m.chart.extent is None]
        found = [refits(m, atlas, bench, field=self.field, seeds=seeds, draws=draws) for m in maps]
        return _finding([fit for own in found for fit in own], members.variants)


def _finding(fits: Sequence[Refit], variants: Sequence[str]) -> Finding:
    """Return what the fits of all maps, the study's own first, tell."""
    trees: dict[tuple[str, str, str], list[Count]] = {}
    for count in (count for fit in fits for count in fit.counts()):
        trees.setdefault(count.place, []).append(count)
    counts = list(trees.values())
    first = list({own[0].place[0]: own for own in reversed(counts)}.values())[::-1]  # tree of every map
    return Finding(
        tables=(*spread.tables(counts), *shared_basins.tables(counts, variants)),
        warnings=tuple(text for own in counts for text in spread.warnings(own)),
        records={own[0].place[0]: spread.record(own) for own in first},
        pictures=(spread.plot(first), *(shared_basins.matrix(own, variants) for own in first)) if first else (),
    )
