"""How much the landscapes differ if maps are fitted with further seeds, and on bootstraps of the checkpoints."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import attrs
import numpy as np
from attrs.validators import and_, ge

from globscope.api import REFITS, AnalysisTraits, Atlas, Bench, CheckFacts, Finding, HeatMap, SpecError, Table
from globscope.builtin.analyses.stability import spread
from globscope.builtin.analyses.stability.refits import Refit, TreeCounts, bootstrap_rows, refits
from globscope.builtin.analyses.stability.spread import TREE, Row, distinct, tree_cells


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

    @classmethod
    def quick_examples(cls) -> "tuple[Stability, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(seeds=1, bootstraps=2),)

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
        tables=(*spread.tables(all_counts), *basin_tables(all_counts, variants)),
        warnings=tuple(text for counts in all_counts for text in spread.warnings(counts)),
        records={counts[0].tree[0]: spread.record(counts) for counts in first},
        pictures=(spread.plot(first), *(basin_matrix(counts, variants) for counts in first)) if first else (),
    )


BASINS = (
    "Share of a map's distinct fits, including its own, in which a training run's final network lies in a basin "
    "without those of other runs (alone), in one with others (together), or in none, because the map does not show it."
)
SHARED = "Share of a map's distinct fits in which two training runs' final networks lie in one basin."
ALONE = (*TREE, "variant", "fits", "alone", "together", "in_none")
PAIR = (*TREE, "one", "other", "fits", "share")


def basin_tables(trees: Sequence[Sequence[TreeCounts]], variants: Sequence[str]) -> tuple[Table, Table]:
    """Return the tables of variants and of their pairs, from the counts on every merge tree."""
    alone = tuple(row for counts in trees for row in _alone(counts, variants))
    pairs = tuple(row for counts in trees for row in _pairs(counts, variants))
    return (
        Table(name="basins", caption=BASINS, columns=ALONE, rows=alone),
        Table(name="shared", caption=SHARED, columns=PAIR, rows=pairs),
    )


def basin_matrix(counts: Sequence[TreeCounts], variants: Sequence[str]) -> HeatMap:
    """Return a matrix of how often two training runs share a basin on one map."""
    name, together = counts[0].tree[0], _together(counts)
    caption = (
        f"{name}: share of {len(together)} distinct fits in which the final networks of two runs lie in one basin; "
        "on the diagonal, in which one lies in any basin."
    )
    cells = tuple(tuple(map(float, line)) for line in together.mean(axis=0))
    names = tuple(variants)
    return HeatMap(
        name=f"shared-{name}",
        title=f"How often two runs share a basin on {name}",
        caption=caption,
        rows=names,
        columns=names,
        values=cells,
        label="share of fits",
        limits=(0.0, 1.0),
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
