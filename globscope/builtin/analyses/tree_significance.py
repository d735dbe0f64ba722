"""Whether a landscape's numbers of extrema and their persistences differ from those of random fields."""

from collections.abc import Iterator
from typing import Any, Literal, get_args

import attrs
import numpy as np
from attrs.validators import and_, deep_iterable, ge, in_, min_len

from globscope.api import DRAWS, Atlas, Bench, Finding, Table, TreeFigures, permute, randomise_phases, tree_edges
from globscope.builtin.analyses.map_trees import TREE, MapTree, map_trees

Null = Literal["permuted", "phases"]
CAPTION = (
    "Figures of the fields of all merge trees, and of {draws} random fields over the same samples and neighbours. "
    "null: permuted gives the values to the samples in a random order; phases, on whole lattices, keeps the values "
    "and how smoothly they vary, by random Fourier phases. tree: join counts minima, split maxima. figure: leaves, "
    "all extrema; lasting, those above the topology's threshold; largest and total, of the persistences of pairs that "
    "end. mean, low, high: mean and 2.5 and 97.5 % quantiles of the random fields. p_fewer, p_more: (b + 1)/(n + 1), "
    "where b of n random fields have at most, or at least, the figure observed; not corrected for the number of "
    "rows. It cannot be below {least:.2g}."
)
FIGURES = tuple(field.name for field in attrs.fields(TreeFigures))
COLUMNS = (*TREE, "tree", "null", "figure", "observed", "mean", "low", "high", "p_fewer", "p_more")
NO_LATTICE = "{where}: not every place of a lattice has a finite sample, so there is no field with random phases"
Row = dict[str, Any]


@attrs.define(frozen=True, kw_only=True)
class TreeSignificance:
    """Compare numbers of minima and maxima, and their persistences, with those of random fields.

    The field of every merge tree is drawn again, over the same samples and neighbours, and its figures are computed
    again. `permuted` asks whether the field has any arrangement: a smooth one always has. `phases` asks whether it has
    more than its smoothness: whether a random field with the same values and autocorrelations has as many extrema, or
    as persistent ones. p-values are those of a Monte Carlo test (Davison, Hinkley, "Bootstrap methods and their
    application", 1997, equation 4.11).

    Attributes:
        draws: Number of random fields for each null.
        nulls: Kinds of random fields.
    """

    draws: int = attrs.field(default=199, validator=and_(ge(1), DRAWS))
    nulls: tuple[Null, ...] = attrs.field(
        default=("permuted", "phases"), validator=and_(min_len(1), deep_iterable(in_(get_args(Null))))
    )

    @classmethod
    def quick_examples(cls) -> "tuple[TreeSignificance, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(draws=5),)

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do."""
        del variants
        return f"tree-significance: {self.draws * len(self.nulls)} random fields for every tree of {maps} maps"

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the table. Random fields are drawn from generators that the given one spawns, in the trees' order."""
        del bench
        rows, warnings = list[Row](), list[str]()
        for one in map_trees(atlas.maps):
            for null, generator in zip(self.nulls, rng.spawn(len(self.nulls)), strict=True):
                field = FieldOnGraph.of(one)
                if null == "phases" and field.grid is None:
                    warnings.append(NO_LATTICE.format(where=one.where))
                else:
                    rows += self._rows(one, field, null, generator)
        caption = CAPTION.format(draws=self.draws, least=1 / (self.draws + 1))
        table = Table(name="significance", caption=caption, columns=COLUMNS, rows=tuple(rows))
        return Finding(tables=(table,), warnings=tuple(warnings))

    def _rows(self, one: MapTree, field: "FieldOnGraph", null: Null, rng: np.random.Generator) -> Iterator[Row]:
        drawn = [field.draw(null, rng) for _ in range(self.draws)]
        for tree, sign in (("join", 1.0), ("split", -1.0)):
            observed = field.figures(sign * field.values)
            random = [field.figures(sign * values) for values in drawn]
            for name in FIGURES:
                figures = np.array([getattr(each, name) for each in random], float)
                names = one.names | {"tree": tree, "null": null, "figure": name}
                yield names | compare(getattr(observed, name), figures)


@attrs.define(frozen=True, kw_only=True)
class FieldOnGraph:
    """The field of a merge tree over its samples.

    Attributes:
        values: (m,) values at the tree's samples, in the order of their numbers.
        edges: (e, 2) neighbours among them.
        threshold: Threshold of the tree.
        grid: (m,) place of each sample in C order on a lattice that they fill; None where they fill none.
        shape: The lattice's number of samples per axis.
    """

    values: np.ndarray
    edges: np.ndarray
    threshold: float
    grid: np.ndarray | None
    shape: tuple[int, ...]

    @classmethod
    def of(cls, one: MapTree) -> "FieldOnGraph":
        """Return the field of a map's merge tree."""
        held = np.flatnonzero(one.topology.full.basin >= 0)
        number = np.full(len(one.topology.full.basin), -1)
        number[held] = np.arange(len(held))
        samples, grid = one.landscape.samples, None
        if samples.index is not None and samples.shape is not None and len(held) == np.prod(samples.shape):
            grid = np.ravel_multi_index(tuple(samples.index.T), samples.shape)
        return cls(
            values=np.asarray(one.landscape.fields[one.topology.field], float)[held],
            edges=number[tree_edges(one.landscape, one.topology)],
            threshold=one.topology.threshold,
            grid=grid,
            shape=samples.shape or (),
        )

    def draw(self, null: Null, rng: np.random.Generator) -> np.ndarray:
        """Return the (m,) values of a random field."""
        if null == "permuted":
            return permute(self.values, rng)
        assert self.grid is not None
        whole = np.empty(len(self.values))
        whole[self.grid] = self.values
        drawn: np.ndarray = randomise_phases(whole.reshape(self.shape), rng).ravel()[self.grid]
        return drawn

    def figures(self, values: np.ndarray) -> TreeFigures:
        """Return the figures of the join tree of values at the samples."""
        return TreeFigures.of(values, self.edges, self.threshold)


def compare(observed: float, random: np.ndarray) -> Row:
    """Return the cells of a row that compare a figure with (n,) figures of random fields."""
    low, high = np.quantile(random, (0.025, 0.975))
    return {
        "observed": observed,
        "mean": float(random.mean()),
        "low": float(low),
        "high": float(high),
        "p_fewer": float((1 + (random <= observed).sum()) / (1 + len(random))),
        "p_more": float((1 + (random >= observed).sum()) / (1 + len(random))),
    }
