"""Whether two networks share a basin after their neurons are permuted."""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import chain

import attrs
import numpy as np
from attrs.validators import and_, ge, min_len

from globscope.api import (
    ADDED,
    EXAMPLES,
    POINTS,
    WHERE,
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
    Tensors,
    device_name,
    symmetry,
    traits,
)
from globscope.builtin.analyses.curves.pairs import choose_pairs, count_pairs, require_pairs
from globscope.builtin.analyses.rebasin import barriers, line_plots, place_rebased, rebased_runs
from globscope.builtin.analyses.rebasin.rebased_networks import RANDOM, THIRD, Permutations, Rebased, members
from globscope.builtin.analyses.repaired_mixtures import repair_of, require_repairable

NAME = "rebasin"
# More panels than this would be too small to read; the table has all pairs.
SHOWN = 12


@attrs.define(frozen=True, kw_only=True)
class Rebasin:
    """Bring networks into the basin of others by permuting their neurons, and measure the barriers that remain.

    The second run of every pair is re-based to the first: its final network is aligned to the first run's final
    network, and all its checkpoints are permuted in the same way. Two null models are compared: a random permutation,
    and an alignment to a third network. Ainsworth et al., "Git Re-Basin", 2023; Entezari et al., 2022. BatchNorm
    statistics are permuted as well. The evaluator's `batch_norm` determines the statistics of the networks between two
    ends: `recalibrate`, the default, is the reset of Jordan et al. ("REPAIR", 2023); `stored` does without it. `repair`
    does the same for networks without BatchNorm.

    Attributes:
        pairs: Pairs of variants, such as `[["A", "B"]]`, which re-bases B to A; all pairs if neither this nor `against`
            is set.
        against: Variant to which every other variant is re-based.
        aligners: Names of [[aligner]] tables, or of aligners with their defaults; the first one also aligns to the
            third network.
        trajectories: Whether to re-base and draw all checkpoints; if not, only the final networks.
        points: Number of networks on every straight line, including both ends.
        in_fit: Whether the study's maps are fitted to the re-based networks too. The tables report both fits either
            way.
        field: Loss or accuracy in tables and pictures.
        repair: Whether lines are also measured with the statistics of hidden units reset to those that the ends have
            on average (REPAIR), for networks without normalisation.
        repair_examples: Number of training examples on which these statistics are measured, in one pass.
        device: Device for REPAIR: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    against: str | None = None
    aligners: tuple[str, ...] = attrs.field(default=("weight-matching", "activation-matching"), validator=min_len(1))
    trajectories: bool = True
    points: int = attrs.field(default=25, validator=and_(ge(3), POINTS))
    in_fit: bool = False
    field: str = "train_loss"
    repair: bool = attrs.field(default=False, metadata=ADDED)
    repair_examples: int = attrs.field(default=1000, validator=and_(ge(2), EXAMPLES), metadata=ADDED)
    device: str = attrs.field(default="auto", validator=device_name, metadata=WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[Rebasin, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(points=5),
            cls(points=5, repair=True, against="B", in_fit=True, trajectories=False),
        )

    @property
    def traits(self) -> AnalysisTraits:
        """The field that is measured, and the aligners that are compared."""
        return AnalysisTraits(field=self.field, aligners=self.aligners)

    def check(self, facts: CheckFacts) -> None:
        """Refuse pairs that do not exist, and networks whose units cannot be exchanged.

        Raises:
            SpecError: With everything that is wrong with the pairs, statistics that are flattened, or no layer that can
                be repaired.
            SymmetryError: The network cannot be traced.
        """
        require_pairs(NAME, self.pairs, self.against, facts.variants)
        if traits(facts.probe, ProbeTraits).encodes_statistics:
            raise SpecError([f"{NAME}: networks can be re-based only if population.flatten is 'parameters'"])
        symmetry(facts.probe)
        if self.repair:
            require_repairable(NAME, facts)

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do, for so many maps with an inverse."""
        pairs = count_pairs(self.pairs, self.against, variants)
        return f"{NAME}: {pairs} pairs by {' and '.join(self.aligners)}, with {maps} refits and their landscapes"

    def refits(self) -> int:
        """Return how often every map is fitted again, with its landscape."""
        return 1 + self.in_fit

    def evaluations(self, lattices: Sequence[tuple[int, ...]], maps: int, variants: int) -> int:
        """Return the least number of networks to score: lines, re-based final networks, and their projections."""
        del lattices
        kinds = len(self.aligners) + 1 + (variants > 2)
        lines = kinds + 1 + self.repair * (1 + len(self.aligners))
        each = lines * (self.points - 2) + kinds * (1 + 2 * maps)
        return count_pairs(self.pairs, self.against, variants) * each

    def derive(self, task: Task, population: Population, bench: Bench, rng: np.random.Generator) -> Population:
        """Return the re-based networks, pair by pair: by each aligner, at random, and aligned to a third network."""
        symmetries, populations = symmetry(task.build("cpu")), list[Population]()
        pairs = choose_pairs(self.pairs, self.against, population.variants)
        orders = {name: self._orders(name, pairs, population, bench) for name in self.aligners}
        for pair in pairs:
            for rebased, order in self._permutations(pair, symmetries, population, orders, rng):
                whole, in_fit = (option and not rebased.is_null for option in (self.trajectories, self.in_fit))
                populations.append(members(rebased, symmetries, order, population, whole=whole, in_fit=in_fit))
        return reduce(Population.concatenate, populations)

    def curve_point(
        self, runs: tuple[str, str], t: float, task: Task, population: Population, bench: Bench
    ) -> np.ndarray | None:
        """Return the (D,) weights at t of the repaired line between two runs, re-based by the first aligner.

        None where networks are not repaired, or the two are no pair.
        """
        pairs = choose_pairs(self.pairs, self.against, population.variants)
        if runs not in pairs:
            runs, t = runs[::-1], 1 - t
        repair = repair_of(self.repair, self.repair_examples, self.device, NAME)
        if repair is None or runs not in pairs:
            return None
        order = self._orders(self.aligners[0], pairs, population, bench)[runs]
        ends = population.take([population.of(variant)[-1] for variant in runs])
        moved = population.layout.flatten(symmetry(task.build("cpu")).permute(ends.tensors(1), order))
        ends = attrs.evolve(ends, weights=np.stack([ends.weights[0], moved]), keys=())
        return np.asarray(repair.weights(ends, np.array([[1 - t, t]]), bench)[0])

    def _orders(
        self, name: str, pairs: Sequence[tuple[str, str]], population: Population, bench: Bench
    ) -> dict[tuple[str, str], Permutations]:
        """Return the permutations that an aligner finds, by partner and run; the first aligner's to third ones too."""
        finals = {run: population.tensors(population.of(run)[-1]) for run in dict.fromkeys(chain(*pairs))}
        found = dict(zip(pairs, bench.align_among(name, finals, pairs), strict=True))
        thirds = [(third_variant(pair, population.variants), pair[1]) for pair in pairs if name == self.aligners[0]]
        further = [(third, run) for third, run in dict.fromkeys(thirds) if third and (third, run) not in found]
        alone = bench.align_pairs(name, [_tensors(*one, population) for one in further])
        return found | dict(zip(further, alone, strict=True))

    def _permutations(
        self,
        pair: tuple[str, str],
        symmetries: Symmetry,
        population: Population,
        orders: Mapping[str, Mapping[tuple[str, str], Permutations]],
        rng: np.random.Generator,
    ) -> Iterator[tuple[Rebased, Permutations]]:
        """Yield the ways to re-base a pair, with their permutations."""
        partner, run = pair
        for name in self.aligners:
            yield Rebased(partner=partner, run=run, method=name), orders[name][pair]
        yield Rebased(partner=partner, run=run, method=RANDOM), symmetries.random(rng)
        third = third_variant(pair, population.variants)
        if third is not None:
            yield Rebased(partner=partner, run=run, method=THIRD), orders[self.aligners[0]][third, run]

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return barriers, counts and networks as tables, with pictures of the lines and the maps."""
        del rng  # random permutations were drawn before
        last, field = self._last_rows(atlas), atlas.field_of(self.field)
        repair = repair_of(self.repair, self.repair_examples, self.device, NAME)
        sampling = barriers.Sampling(points=self.points, repair=repair)
        lines = list(barriers.lines(atlas, bench, last, sampling))
        on_maps = list(place_rebased.place_rebased(last, atlas, bench))
        values = {rebased: float(atlas.truth[self.field][row]) for rebased, row in last.items()}
        heights = {line.rebased: line.barrier(self.field) for line in lines}
        rows = [row for each in on_maps for row in place_rebased.rows(each, values, heights, self.field)]
        third = f"the next variant that is neither of the two, by {self.aligners[0]}"
        runs = self._run_rows(atlas)
        tables = (
            barriers.summary(lines, field),
            barriers.table(lines, field, sampling, third),
            *place_rebased.tables(rows, field),
            *filter(None, [rebased_runs.table(on_maps, runs)]),
        )
        pictures = tuple(self._pictures(atlas, lines, runs))
        return Finding(
            tables=tables,
            warnings=tuple(_warnings(on_maps)),
            pictures=pictures,
            paths=tuple(barriers.known_paths(lines)),
        )

    def _run_rows(self, atlas: Atlas) -> dict[Rebased, list[int]]:
        """Return the rows of every re-based run, in the order in which they were derived."""
        rows: dict[str, list[int]] = {}
        for row in atlas.own:
            rows.setdefault(atlas.population.members[row].variant, []).append(row)
        pairs = choose_pairs(self.pairs, self.against, atlas.population.variants)
        methods = [*self.aligners, RANDOM, THIRD]
        runs = [Rebased(partner=partner, run=run, method=method) for partner, run in pairs for method in methods]
        return {rebased: rows[rebased.variant] for rebased in runs if rebased.variant in rows}

    def _last_rows(self, atlas: Atlas) -> dict[Rebased, int]:
        """Return the row of every re-based final network."""
        return {rebased: rows[-1] for rebased, rows in self._run_rows(atlas).items()}

    def _pictures(
        self, atlas: Atlas, lines: Sequence[barriers.Line], runs: Mapping[Rebased, Sequence[int]]
    ) -> Iterator[Plot | Overlay]:
        if lines:
            yield from line_plots.plots(lines, atlas.field_of(self.field), SHOWN)
        for map_ in atlas.maps:
            for name in self.aligners if map_.chart.encode is not None else ():
                by_aligner = {rebased: rows for rebased, rows in runs.items() if rebased.method == name}
                if by_aligner:
                    yield rebased_runs.overlay(map_, name, by_aligner)


def third_variant(pair: tuple[str, str], variants: Sequence[str]) -> str | None:
    """Return the next variant after the pair's second one that is neither of the two; None where there is none."""
    after = list(variants).index(pair[1]) + 1
    others = [name for name in (*variants[after:], *variants[:after]) if name not in pair]
    return others[0] if others else None


def _tensors(partner: str, run: str, population: Population) -> tuple[Tensors, Tensors, str]:
    """Return the final networks of two runs, with a label."""
    a, b = (population.tensors(population.of(variant)[-1]) for variant in (partner, run))
    return a, b, f"{run} to {partner}"


def _warnings(on_maps: Sequence[place_rebased.RebasedOnMap]) -> Iterator[str]:
    """Yield a warning for every map and fit on which counts of basins mean nothing."""
    for each in on_maps:
        aligned = [row for row, rebased in enumerate(each.networks) if not rebased.is_null]
        random = [row for row, rebased in enumerate(each.networks) if rebased.method == RANDOM]
        share, by_chance = (np.mean([each.nearest[row] for row in rows]) for rows in (aligned, random))
        residual = float(np.median(each.projection.residual[aligned]))
        if residual > 0.5:
            yield (
                f"{each.map.name}, {each.fit}: the map shows other networks than the re-based ones: the median "
                f"residual is {residual:.0%} of their norm; for {share:.0%} of them the partner is the nearest, for "
                f"random permutations {by_chance:.0%}"
            )
