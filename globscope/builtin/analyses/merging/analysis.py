"""What can be merged with what, and which figures predict the result."""

from collections.abc import Sequence
from functools import partial
from itertools import combinations
from math import comb

import attrs
import numpy as np
from attrs.validators import and_, deep_iterable, ge, gt, le, min_len

from globscope.api import (
    ADDED,
    AXES,
    DRAWS,
    EXAMPLES,
    POINTS,
    WHERE,
    AnalysisTraits,
    Atlas,
    Bench,
    CheckFacts,
    Finding,
    MergedNetwork,
    Part,
    device,
    device_name,
    symmetry,
)
from globscope.builtin.analyses.closest_map import basins_of_runs, closest_map
from globscope.builtin.analyses.merging.best import merged_network
from globscope.builtin.analyses.merging.comparison import Comparison
from globscope.builtin.analyses.merging.geometry import PairGeometry, pair_figures
from globscope.builtin.analyses.merging.merges import Recipes
from globscope.builtin.analyses.merging.networks import Mergeable, mergeable
from globscope.builtin.analyses.merging.output_disagreement import output_disagreement
from globscope.builtin.analyses.merging.pairs import MergedPair, gaps_of, merge_pairs
from globscope.builtin.analyses.merging.predictors import predictors, separate
from globscope.builtin.analyses.merging.recipe_book import (
    OWN,
    Library,
    installed_library,
    recipe_book,
    require_library,
)
from globscope.builtin.analyses.merging.requirements import require_field, require_networks, require_symmetry
from globscope.builtin.analyses.merging.significance import forecast
from globscope.builtin.analyses.merging.soups import ALL, merge_sets, sets_of
from globscope.builtin.analyses.repaired_mixtures import repair_of, require_repairable

NAME = "merging"
# Aligned pairs whose figures are computed side by side: their weights are in memory.
ALIGNED = 8


@attrs.define(frozen=True, kw_only=True)
class Merging:
    """Merge the networks of every two runs and of sets of runs, and ask which figures predict the result.

    Recipes are the mean (uniform soup), the mean after REPAIR, greedy soup, slerp, and, where the runs have a common
    start, task arithmetic, TIES and DARE. BatchNorm statistics of merged networks are as the evaluator's `batch_norm`
    determines. For pairs, figures of weights, gradients, outputs and maps are ranked beside how much worse their mean
    is than the better one.

    Attributes:
        members: Names of the networks, `A` for a run's final one or `A@40`; every run's final network if unset.
        base: Name of the network from which all were trained, such as `A@0`. If unset, the runs' first checkpoint where
            it is the same for all; else there is none, and changes are those from 0.
        sets: Lists of networks that are merged beside all of them, such as `[["A", "B", "C"]]`.
        by_basin: Whether the networks of each basin are merged too: of the map that shows most networks, and of such
            maps the one with the smallest median loss gap.
        aligner: Name of an [[aligner]] table, or of an aligner with its defaults: all networks that are merged are
            aligned to the best of them. None aligns nothing.
        field: Loss or accuracy in tables and pictures.
        select: Field by which greedy soups are made and scales chosen; `field` if unset.
        scales: Multiples of the mean change from the base that task arithmetic, TIES and DARE try.
        density: Share of the weights of a change that TIES and DARE keep.
        library: Whose slerp, TIES and DARE are used: those of `mergekit`, of `globscope`, or, with `auto`, mergekit's
            where it is installed.
        drop_seed: Seed of the weights that DARE drops.
        points: Number of networks on every straight line, including both ends.
        rank: Largest dimension of the subspaces that are compared.
        examples: Largest number of examples for gradients (of the first split) and for outputs (of the field's).
        relabellings: Number of relabellings of the networks for a p-value; all of them, where there are no more.
        repair: Whether the mean is also made with the statistics of hidden units reset to those that the networks have
            on average (recipe `REPAIR`), for networks without normalisation.
        repair_examples: Number of training examples on which these statistics are measured, in one pass.
        device: Device for gradients, outputs and REPAIR: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second
            card.
    """

    members: tuple[str, ...] = ()
    base: str | None = None
    sets: tuple[tuple[str, ...], ...] = ()
    by_basin: bool = True
    aligner: str | None = None
    field: str = "train_loss"
    select: str | None = None
    scales: tuple[float, ...] = attrs.field(
        default=(0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0), validator=and_(min_len(1), deep_iterable(gt(0)))
    )
    density: float = attrs.field(default=0.2, validator=and_(gt(0), le(1)))
    library: Library = attrs.field(
        default="auto", converter=installed_library, metadata={**ADDED, "before": OWN.library}
    )
    drop_seed: int = attrs.field(default=0, validator=ge(0))
    points: int = attrs.field(default=11, validator=and_(ge(3), POINTS))
    rank: int = attrs.field(default=8, validator=and_(ge(1), AXES))
    examples: int = attrs.field(default=1000, validator=and_(ge(2), EXAMPLES))
    relabellings: int = attrs.field(default=5000, validator=and_(ge(100), DRAWS))
    repair: bool = attrs.field(default=False, metadata=ADDED)
    repair_examples: int = attrs.field(default=1000, validator=and_(ge(2), EXAMPLES), metadata=ADDED)
    device: str = attrs.field(default="auto", validator=device_name, metadata=WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[Merging, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(points=3, relabellings=100, scales=(1.0,)),
            cls(points=3, relabellings=100, base="A@0", repair=True, aligner="weight-matching", field="test_accuracy"),
        )

    @property
    def traits(self) -> AnalysisTraits:
        """The field that is reported, and the aligner."""
        return AnalysisTraits(field=self.field, aligners=() if self.aligner is None else (self.aligner,))

    def check(self, facts: CheckFacts) -> None:
        """Refuse names and fields that do not exist, and networks whose units cannot be exchanged.

        Raises:
            SpecError: With everything that is wrong with the names, or a field that is not measured.
            SymmetryError: The network cannot be traced.
            EvaluationError: No such device.
        """
        require_networks(facts, self.members, self.sets)
        require_field(facts, self.select)
        require_library(self.library)
        if self.aligner is not None:
            require_symmetry(facts)
            symmetry(facts.probe)
        if self.repair:
            require_repairable(NAME, facts)
        device(self.device, f"{NAME}.device")

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do."""
        del maps
        count = len(self.members) or variants
        aligned = f", aligned by {self.aligner}" if self.aligner is not None else ""
        return f"{NAME} of {comb(count, 2)} pairs and {1 + len(self.sets)} sets{aligned}"

    def evaluations(self, lattices: Sequence[tuple[int, ...]], maps: int, variants: int) -> int:
        """Return the largest number of networks to score, those included whose gradient is taken."""
        del lattices, maps
        count, scaled = len(self.members) or variants, 3 * len(self.scales)
        # Two soups, slerp and three gradients beside the line and the scales.
        pairs = comb(count, 2) * (self.points - 2 + scaled + 6 + self.repair)
        listed = sum(len(names) + scaled + self.repair for names in self.sets)
        basins = self.by_basin * (count + count // 2 * (scaled + self.repair))
        return pairs + count + scaled + self.repair + listed + basins

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the tables of soups, pairs and predictors, their pictures, and warnings.

        The generator draws the bootstrap, and relabellings where there are too many to take all.
        """
        members, by = mergeable(atlas, self.members, self.base), atlas.field_of(self.field)
        if len(members) < 2:
            return Finding()
        recipes, closest = self._recipes(atlas), closest_map(atlas.maps)
        basins = basins_of_runs(members.names, None if closest is None else closest[1])
        sets = list(sets_of(members, basins if self.by_basin else None, self.sets))
        pairs = tuple(merge_pairs(members, recipes, self.points, bench))
        figures, apart = self._figures(members, pairs, recipes, bench), separate(basins)
        found = predictors(pairs, figures, apart, by)
        comparison = Comparison(
            members=members,
            soups=tuple(merge_sets(sets, members, recipes, bench)),
            pairs=pairs,
            figures=figures,
            separate=apart,
            forecast=forecast(found, gaps_of(pairs, by), len(members), self.relabellings, rng),
            map_name="" if closest is None else closest[0].name,
            recipes=recipes,
            aligner=self.aligner,
            field=by,
            noise=atlas.noise.get(by.key, 0.0),
        )
        return comparison.finding(atlas.population.variants)

    def merged_network(self, recipe: str, members: tuple[str, ...], atlas: Atlas, bench: Bench) -> MergedNetwork:
        """Return what a recipe makes of members of these names; of none, the best of all sets and pairs.

        Raises:
            GlobscopeError: There is no such recipe, or none for these networks.
            PopulationError: A member is not there.
        """
        networks, closest = mergeable(atlas, members or self.members, self.base), closest_map(atlas.maps)
        basins = basins_of_runs(networks.names, None if closest is None else closest[1]) if self.by_basin else None
        sets = [(ALL, list(range(len(networks))))] if members else [*sets_of(networks, basins, self.sets)]
        pairs = [] if members else [("pair", list(pair)) for pair in combinations(range(len(networks)), 2)]
        return merged_network(recipe, [*sets, *pairs], networks, self._recipes(atlas), bench)

    def _recipes(self, atlas: Atlas) -> Recipes:
        select = atlas.field_of(self.select or self.field)
        return Recipes(
            select=select,
            scales=self.scales,
            density=self.density,
            seed=self.drop_seed,
            book=recipe_book(self.library),
            repair=repair_of(self.repair, self.repair_examples, self.device, NAME),
            aligner=self.aligner,
        )

    def _figures(
        self, members: Mergeable, pairs: Sequence[MergedPair], recipes: Recipes, bench: Bench
    ) -> dict[str, np.ndarray]:
        """Return the (pairs,) figures of weights, gradients and outputs."""
        place = device(self.device, f"{NAME}.device")
        of_pair = partial(PairGeometry, task=bench.task, examples=self.examples, rank=self.rank, seed=bench.seed)

        def part(pair: MergedPair) -> Part:
            networks = pair.members.align_to_best(self.aligner, recipes.select, bench).with_base
            return of_pair(names=pair.names, networks=networks, device=place).part

        at_once = len(pairs) if self.aligner is None else ALIGNED
        groups = (pairs[start : start + at_once] for start in range(0, len(pairs), at_once))
        figures = pair_figures([found for group in groups for found in bench.stages(map(part, group))])
        disagreement = output_disagreement(members.networks, bench, self.field, self.examples, place)
        return figures if disagreement is None else figures | {"disagreement": disagreement}
