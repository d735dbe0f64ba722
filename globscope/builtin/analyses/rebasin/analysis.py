"""Do two solutions share a basin once neuron permutations are undone?"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

import attrs
import numpy as np
from attrs.validators import and_, ge, min_len

from globscope.api import (
    POINTS,
    AnalysisTraits,
    Atlas,
    Bench,
    CheckFacts,
    Finding,
    Overlay,
    Plot,
    Population,
    ProbeTraits,
    SpecError,
    Symmetry,
    Task,
    symmetry,
    traits,
)
from globscope.builtin.analyses.curves.pairs import choose_pairs, count_pairs, require_pairs
from globscope.builtin.analyses.rebasin import barriers, place_rebased, rebased_runs
from globscope.builtin.analyses.rebasin.rebased_networks import RANDOM, THIRD, Permutations, Rebased, members

WHO = "rebasin"
# Panels beyond these are too small to read; the table has them all.
SHOWN = 12


@attrs.define(frozen=True, kw_only=True)
class Rebasin:
    """Bring networks into the basin of others by permuting their neurons, and see what that is worth.

    Of every pair the second run is re-based to the first: its last network is aligned to the other's last, and all
    its checkpoints take that one permutation. Beside it stand two null models: a random permutation, and an alignment
    to a third network. Ainsworth et al., "Git Re-Basin", 2023; Entezari et al., 2022. Networks with BatchNorm have
    their statistics permuted as well; which statistics the networks between two ends have is the evaluator's
    `batch_norm`: `recalibrate`, the default, is the reset of Jordan et al. ("REPAIR", 2023), `stored` does without.

    Attributes:
        pairs: Of variants, such as `[["A", "B"]]`, B re-based to A; all pairs where neither this nor `against` is
            given.
        against: The variant to which every other is re-based.
        aligners: Names of [[aligner]] tables, or of aligners with their defaults; the first also aligns to the third
            network.
        trajectories: Whether all checkpoints are re-based and drawn, or the last alone.
        points: Networks on every straight line, both ends included.
        in_fit: Whether the re-based networks are put into the fit of the study's own maps; the tables tell of both
            fits in either case.
        field: The loss (or accuracy) that tables and pictures are about.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    against: str | None = None
    aligners: tuple[str, ...] = attrs.field(default=("weight-matching", "activation-matching"), validator=min_len(1))
    trajectories: bool = True
    points: int = attrs.field(default=25, validator=and_(ge(3), POINTS))
    in_fit: bool = False
    field: str = "train_loss"

    @property
    def traits(self) -> AnalysisTraits:
        """The field that it measures, and the aligners that it compares."""
        return AnalysisTraits(field=self.field, aligners=self.aligners)

    def check(self, facts: CheckFacts) -> None:
        """Refuse pairs that are none, and networks whose units cannot be exchanged.

        Raises:
            SpecError: With everything that is wrong with the pairs, or statistics that are flattened.
            SymmetryError: The network cannot be followed.
        """
        require_pairs(WHO, self.pairs, self.against, facts.variants)
        if traits(facts.probe, ProbeTraits).encodes_statistics:
            raise SpecError([f"{WHO}: networks are re-based where population.flatten is 'parameters'"])
        symmetry(facts.probe)

    def plan(self, maps: int, variants: int) -> str:
        """Return what it will do, for a study of so many maps with an inverse."""
        pairs = count_pairs(self.pairs, self.against, variants)
        return f"{WHO}: {pairs} pairs by {' and '.join(self.aligners)}, with {maps} refits and their landscapes"

    def refits(self) -> int:
        """Return how often every map is fitted again and has its landscape."""
        return 1 + self.in_fit

    def evaluations(self, lattices: Sequence[tuple[int, ...]], maps: int, variants: int) -> int:
        """Return how many networks it scores at least: lines, re-based last networks, and those on the maps."""
        del lattices
        kinds = len(self.aligners) + 1 + (variants > 2)
        each = (kinds + 1) * (self.points - 2) + kinds * (1 + 2 * maps)
        return count_pairs(self.pairs, self.against, variants) * each

    def derive(self, task: Task, population: Population, bench: Bench, rng: np.random.Generator) -> Population:
        """Return the re-based networks, pair by pair: by each aligner, by chance, and as a third network asks."""
        found = symmetry(task.build("cpu"))
        pairs = choose_pairs(self.pairs, self.against, population.variants)
        made = [
            members(
                who,
                found,
                order,
                population,
                whole=self.trajectories and not who.null,
                in_fit=self.in_fit and not who.null,
            )
            for pair in pairs
            for who, order in self._orders(pair, found, population, bench, rng)
        ]
        return reduce(Population.concatenate, made)

    def _orders(
        self, pair: tuple[str, str], found: Symmetry, population: Population, bench: Bench, rng: np.random.Generator
    ) -> Iterator[tuple[Rebased, Permutations]]:
        """Yield every way to re-base a pair, with its permutations."""
        one, other = pair
        for name in self.aligners:
            yield Rebased(one=one, other=other, how=name), _aligned(name, one, other, population, bench)
        yield Rebased(one=one, other=other, how=RANDOM), found.random(rng)
        third = third_of(pair, population.variants)
        if third is not None:
            order = _aligned(self.aligners[0], third, other, population, bench)
            yield Rebased(one=one, other=other, how=THIRD), order

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return barriers, counts and networks as tables, with the lines and the maps as pictures."""
        del rng  # the permutations are drawn already
        last = self._last(atlas)
        lines = list(barriers.lines(atlas, bench, last, self.points))
        heights = {(one.one, one.other, one.how): one.barrier(self.field) for one in lines}
        fits = [(one, fit) for one in atlas.maps for fit in (place_rebased.UNSEEN, place_rebased.SEEN)]
        tried = (place_rebased.place_rebased(one, fit, last, atlas, bench) for one, fit in fits)
        found = [one for one in tried if one is not None]
        third = f"the next variant that is neither of the two, by {self.aligners[0]}"
        own = {who: float(atlas.truth[self.field][row]) for who, row in last.items()}
        rows = [row for one in found for row in place_rebased.rows(one, own, heights, self.field)]
        runs = self._runs(atlas)
        field = atlas.field_of(self.field)
        tables = (
            barriers.summary(lines, field),
            barriers.table(lines, field, self.points, third),
            *place_rebased.tables(rows, field),
            *filter(None, [rebased_runs.table(found, runs)]),
        )
        pictures = tuple(self._pictures(atlas, lines, runs))
        return Finding(tables=tables, warnings=tuple(_warnings(found)), pictures=pictures)

    def _last(self, atlas: Atlas) -> dict[Rebased, int]:
        """Return the row of every re-based last network, in the order in which they were derived."""
        called = {atlas.population.members[row].variant: row for row in atlas.own}  # a run's last row stays
        variants = atlas.population.variants
        kinds = [*self.aligners, RANDOM, THIRD]
        pairs = choose_pairs(self.pairs, self.against, variants)
        all_of = [Rebased(one=one, other=other, how=how) for one, other in pairs for how in kinds]
        return {who: called[who.variant] for who in all_of if who.variant in called}

    def _runs(self, atlas: Atlas) -> dict[Rebased, list[int]]:
        """Return the rows of every re-based run."""
        runs: dict[str, list[int]] = {}
        for row in atlas.own:
            runs.setdefault(atlas.population.members[row].variant, []).append(row)
        return {who: runs[who.variant] for who in self._last(atlas)}

    def _pictures(
        self, atlas: Atlas, lines: Sequence[barriers.Line], runs: Mapping[Rebased, Sequence[int]]
    ) -> Iterator[Plot | Overlay]:
        if lines:
            yield barriers.plot(lines, atlas.field_of(self.field), SHOWN)
        for one in atlas.maps:
            for name in self.aligners if one.chart.encode is not None else ():
                moved = {who: rows for who, rows in runs.items() if who.how == name}
                if moved:
                    yield rebased_runs.overlay(one, name, moved)


def third_of(pair: tuple[str, str], variants: Sequence[str]) -> str | None:
    """Return the variant after the pair's second one that is neither of the two; None where there is none."""
    after = list(variants).index(pair[1]) + 1
    others = [name for name in (*variants[after:], *variants[:after]) if name not in pair]
    return others[0] if others else None


def _aligned(name: str, one: str, other: str, population: Population, bench: Bench) -> Mapping[str, np.ndarray]:
    a, b = (population.tensors(population.of(variant)[-1]) for variant in (one, other))
    return bench.align(name, a, b, f"{other} to {one}")


def _warnings(found: Sequence[place_rebased.RebasedOnMap]) -> Iterator[str]:
    """Yield, by map and fit, where a count of basins says nothing."""
    for one in found:
        aligned = [at for at, who in enumerate(one.who) if not who.null]
        chance = [at for at, who in enumerate(one.who) if who.how == RANDOM]
        share, by_chance = (np.mean([one.nearest[at] for at in rows]) for rows in (aligned, chance))
        residual = float(np.median(one.found.residual[aligned]))
        if residual > 0.5:
            yield (
                f"{one.map.name}, {one.fit}: the map shows other networks than the re-based ones: the median residual "
                f"is {residual:.0%} of their norm; for {share:.0%} of them the partner is the nearest, for random "
                f"permutations {by_chance:.0%}"
            )
