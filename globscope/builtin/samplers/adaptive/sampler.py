"""The sampler `adaptive`."""

from collections.abc import Collection
from math import ceil, prod

import numpy as np
from attrs import define, field as attribute
from attrs.validators import and_, ge, gt

from globscope.api import (
    Chart,
    CheckFacts,
    Finding,
    Landscape,
    PopulationError,
    SamplerTraits,
    Samples,
    SpecError,
    UpperBound,
    near,
)
from globscope.builtin.samplers.adaptive.fill import Fill
from globscope.builtin.samplers.adaptive.intervals import intervals
from globscope.builtin.samplers.adaptive.lattice import Lattice
from globscope.builtin.samplers.adaptive.mesh import edges_below
from globscope.builtin.samplers.adaptive.refine import Refinement
from globscope.builtin.samplers.lattice import at_least_two, lattice_axes, lattice_shape, require_middle
from globscope.builtin.samplers.members import end_rows, nearest_run

# The part of the budget that the first, coarse lattice takes, and the rounds in which the rest is spent.
FIRST = 1 / 4
ROUNDS = 25
# The fewest vertices of an axis, and the most of all.
SIDE, VERTICES = 5, 3_000_000
BUDGET = UpperBound(5000, "the spline between the samples solves a system with as many rows and columns in every round")


@define(frozen=True, kw_only=True)
class Adaptive:
    """A lattice of two or three axes, of which only those vertices are sampled on which the merge tree depends.

    A coarse lattice and the ends of the training runs come first. Then a spline fills the lattice in, and leave-one-out
    errors say how far it may be off. Each round measures minima and passes that the field may have within these errors,
    vertices beside every pass, the highest ones on the lowest paths, and what would join basins that the samples keep
    apart: first within one standard deviation, at last within eight. The search ends where nothing of this changes a
    birth or a death by half the tolerance, or with the budget. The last round is one sample, and the edges of the mesh
    of all; the merge tree is that of the mesh, if `adjacency = "auto"`. The lattice's box is that of `grid`.

    Attributes:
        resolution: Vertices of the finest lattice per axis, at least five: one number, or a list with one for each
            axis.
        margin: Extra extent at both ends of every axis, as a share of the members' extent.
        field: Name of the field whose merge tree is wanted.
        persistence: Basins of less persistence are not looked for, in the field's unit; usually that of the topology.
        tolerance: How far births and deaths may be off, in the field's unit, as far as is known.
        budget: Most samples, in all rounds.
        whole_paths: Whether every vertex of the lowest paths between minima is measured as soon as the tree is known
            within one standard deviation, so that passes have upper bounds that need no estimate. They take
            about as many samples again.
    """

    resolution: int | tuple[int, ...] = attribute(default=81, validator=at_least_two)
    margin: float = attribute(default=0.1, validator=ge(0))
    field: str = "train_loss"
    persistence: float = attribute(default=0.1, validator=gt(0))
    tolerance: float = attribute(default=0.02, validator=gt(0))
    budget: int = attribute(default=400, validator=and_(ge(32), BUDGET))
    whole_paths: bool = False

    @classmethod
    def quick_examples(cls) -> "tuple[Adaptive, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(resolution=9, budget=40),
            cls(resolution=(6, 7), budget=32),
        )

    def __attrs_post_init__(self) -> None:
        if self.tolerance >= self.persistence:
            raise ValueError(f"tolerance must be below persistence = {self.persistence:g}, got {self.tolerance:g}")

    @property
    def traits(self) -> SamplerTraits:
        """The budget of a search."""
        return SamplerTraits(budget=self.budget)

    def ask(self, chart: Chart, landscape: Landscape | None, rng: np.random.Generator) -> Samples | None:
        """Return the next round: first a coarse lattice, at last one sample, with the edges of all.

        Raises:
            PopulationError: The map has another number of axes than two or three, or than `resolution`; the lattice has
                too few or too many vertices, or none at the network around which a slice is made.
            SpecError: The task does not measure the field.
        """
        del rng
        lattice = self._lattice(chart)
        if landscape is None:
            return Samples(points=lattice.points(self._first(chart, lattice)))
        if landscape.samples.edges is not None:
            return None
        measured, values = lattice.nearest(landscape.samples.points), self._values(landscape)
        if not _suffice(values, chart.dimension):
            # Nothing can be filled in from so few, and the mesh has nothing to leave out.
            last, filled = lattice.vertices_without(measured)[:1], np.full(lattice.count, np.inf)
        else:
            search = self._refinement(lattice, measured, values)
            room = min(self.budget, lattice.count) - len(measured) - 1
            if chosen := search.round(min(room, ceil(self.budget / ROUNDS))):
                return Samples(points=lattice.points(np.array(chosen)))
            last, filled = np.array([search.widest()]), search.fill.field
        edges = edges_below(filled.reshape(lattice.shape), lattice.index[np.append(measured, last)])
        return Samples(points=lattice.points(last), edges=edges)

    def explain(self, chart: Chart, landscape: Landscape) -> Finding:
        """Return an interval for the pass and the persistence of every basin."""
        lattice, values = self._lattice(chart), self._values(landscape)
        if not _suffice(values, chart.dimension):
            return Finding(warnings=(f"{self.field} is finite at too few samples for any estimate between them.",))
        search = self._refinement(lattice, lattice.nearest(landscape.samples.points), values)
        points = landscape.samples.points
        return intervals(search, np.asarray(landscape.samples.edges), lambda row: nearest_run(chart, points[row])[0])

    def check(self, facts: CheckFacts) -> None:
        """Refuse a field that is not measured, a map of another number of axes, and a lattice that does not fit it.

        Raises:
            PopulationError: As by `ask`.
            SpecError: As by `ask`.
        """
        if self.field not in facts.fields:
            raise SpecError([f"sampler 'adaptive': {facts.why_unscored(self.field)}"])
        assert facts.dimension is not None
        self._shape(facts.dimension, centred=facts.centred)

    def _shape(self, dimension: int, *, centred: bool) -> tuple[int, ...]:
        if dimension not in (2, 3):
            raise PopulationError(
                f"sampler 'adaptive' needs a map of two or three axes, and this one has {dimension}; "
                f"{'grid samples it whole' if dimension == 1 else 'critical-points searches any'}"
            )
        shape = lattice_shape(self.resolution, dimension)
        if min(shape) < SIDE:
            raise PopulationError(
                f"resolution must be >= {SIDE} on every axis of an adaptive lattice, got {min(shape)}"
            )
        if prod(shape) > VERTICES:
            raise PopulationError(f"an adaptive lattice has at most {VERTICES:,} vertices, this one {prod(shape):,}")
        require_middle(shape, centred=centred)
        return shape

    def _lattice(self, chart: Chart) -> Lattice:
        shape = self._shape(chart.dimension, centred=chart.centre is not None)
        return Lattice(axes=tuple(lattice_axes(chart, self.margin, shape)))

    def _first(self, chart: Chart, lattice: Lattice) -> np.ndarray:
        """Return the vertices of the first round: a coarse lattice, the middle of a slice, and the ends of the runs."""
        special = [chart.latents[[*end_rows(chart).values()]], *([] if chart.centre is None else [chart.centre[None]])]
        coarse, exact = lattice.coarse(int(FIRST * self.budget)), lattice.nearest(np.concatenate(special[::-1]))
        # The last round needs a sample, too.
        room = min(self.budget, lattice.count) - 1
        return np.array([*dict.fromkeys([*coarse.tolist(), *exact.tolist()])][:room])

    def _refinement(self, lattice: Lattice, measured: np.ndarray, values: np.ndarray) -> Refinement:
        return Refinement(
            fill=Fill.of(lattice.index, measured, values, self.persistence),
            shape=lattice.shape,
            persistence=self.persistence,
            tolerance=self.tolerance,
            whole_paths=self.whole_paths,
        )

    def _require_field(self, known: Collection[str]) -> None:
        if self.field not in known:
            raise SpecError([f"sampler 'adaptive': the task measures no {self.field!r}; {near(self.field, known)}"])

    def _values(self, landscape: Landscape) -> np.ndarray:
        self._require_field(landscape.fields)
        return np.asarray(landscape.fields[self.field], float)


def _suffice(values: np.ndarray, dimension: int) -> bool:
    """Return whether enough samples are finite to fill a field in, with errors where it is left out."""
    return bool(np.isfinite(values).sum() >= dimension + 2)
