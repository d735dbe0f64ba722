"""The vertices that a round measures: those on which the merge tree still depends."""

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise

import numpy as np
from attrs import define, field

from globscope.api import Samples, neighbours
from globscope.builtin.samplers.adaptive.fill import Bounds, Fill
from globscope.builtin.samplers.adaptive.mesh import edges_below
from globscope.builtin.samplers.adaptive.sweep import Sweep

# Standard deviations of a filled value that are allowed for, one after another. The next are allowed for where a basin
# may hide: to miss one is worse than to misjudge a pass.
DEVIATIONS = (1.0, 2.0, 4.0, 8.0, 16.0)
# Within so many, a tree is settled far enough that its paths are worth measuring whole.
CERTAIN = 1.0
# Vertices of one round that are nearer than this are not chosen together, in lattice steps.
APART = 3
# How far from a pass the field is measured to both sides along every axis, in lattice steps.
BESIDE = 2

# What measuring a vertex may change, in the field's unit, and the vertex.
Choice = tuple[float, int]


@define(frozen=True, kw_only=True, slots=False)
class Refinement:
    """A filled field, and the accuracy that its merge tree is to have.

    Attributes:
        fill: The field on the whole lattice, filled in between its samples.
        shape: The lattice's vertices along each axis.
        persistence: Basins of less are not looked for, in the field's unit.
        tolerance: How far births and deaths may be off, in the field's unit.
        whole_paths: Whether every vertex of the lowest paths between minima is measured, too.
    """

    fill: Fill
    shape: tuple[int, ...]
    persistence: float
    tolerance: float
    whole_paths: bool = False
    _floors: dict[float, tuple[Bounds, Sweep]] = field(factory=dict, init=False, eq=False, repr=False)

    @cached_property
    def lattice(self) -> Samples:
        """All vertices of the lattice."""
        index = self.fill.vertices
        return Samples(points=index.astype(float), index=index, shape=self.shape)

    def sweep(self, values: np.ndarray) -> Sweep:
        """Return the sweep of a field on the lattice."""
        return Sweep.of(values, lambda order: neighbours(self.lattice, order))

    def sweep_samples(self, edges: np.ndarray) -> Sweep:
        """Return the sweep of the samples alone, on a mesh."""
        samples = Samples(points=self.fill.vertices[self.fill.measured].astype(float), edges=edges)
        return Sweep.of(self.fill.field[self.fill.measured], lambda order: neighbours(samples, order))

    @cached_property
    def mesh_sweep(self) -> Sweep:
        """The sweep of the samples alone, on the mesh of those measured so far."""
        index = self.fill.vertices[self.fill.measured]
        return self.sweep_samples(edges_below(self.fill.field.reshape(self.shape), index))

    def round(self, count: int) -> list[int]:
        """Return at most so many vertices to measure next; none where the tree is as accurate as is wanted.

        Filled values of chosen vertices are taken for measured, and further vertices are chosen. What needs fewer
        standard deviations comes first.
        """
        chosen: list[int] = []
        for deviations, wider in pairwise(DEVIATIONS):
            while len(chosen) < count and (more := self._choose(deviations, wider, chosen)):
                chosen += more
            if not chosen and self.whole_paths and deviations == CERTAIN:
                chosen = self._gaps()
            if chosen:
                break
        return chosen[: max(count, 0)]

    def floor(self, deviations: float) -> tuple[Bounds, Sweep]:
        """Return the values within so many standard deviations, and the sweep of the lowest."""
        if deviations not in self._floors:
            bounds = self.fill.bounds(deviations, [])
            self._floors[deviations] = bounds, self.sweep(bounds.lowest)
        return self._floors[deviations]

    def hidden(self, deviations: float) -> Iterator[int]:
        """Yield the minima of basins that the field may have, within so many standard deviations, without a sample."""
        bounds, low = self.floor(deviations)
        for minimum, saddle, _ in low.pairs(self.persistence - self.tolerance).tolist():
            if not bounds.known[low.below(minimum, bounds.lowest[saddle])].any():
                yield minimum

    def widest(self) -> int:
        """Return the unmeasured vertex whose value is least certain."""
        bounds = self.fill.bounds(1.0, [])
        with np.errstate(invalid="ignore"):
            width = np.where(bounds.known, -np.inf, bounds.highest - bounds.lowest)
        return int(np.argmax(width))

    def _choose(self, deviations: float, wider: float, believed: list[int]) -> list[int]:
        if believed:
            bounds = self.fill.bounds(deviations, believed)
            choices = [*self._uncertain(bounds, self.sweep(bounds.lowest))]
        else:
            bounds, low = self.floor(deviations)
            hidden = ((np.inf, vertex) for vertex in self.hidden(wider))
            choices = [*self._uncertain(bounds, low), *self._joints(bounds, low), *hidden]
        chosen: list[int] = []
        for _, vertex in sorted(choices, reverse=True):
            steps = np.abs(self.fill.vertices[chosen] - self.fill.vertices[vertex]).max(axis=1)
            if not bounds.known[vertex] and (steps >= APART).all():
                chosen.append(vertex)
        return chosen

    def _gaps(self) -> list[int]:
        """Return the unmeasured vertices of the lowest paths between each minimum and the lower one that it meets."""
        known, filled = self.fill.bounds(0.0, []).known, self.sweep(self.fill.field)
        pairs = filled.pairs(self.persistence).tolist()
        on_paths = [vertex for young, _, old in pairs for vertex in filled.path(young, old).tolist()]
        return [vertex for vertex in dict.fromkeys(on_paths) if not known[vertex]]

    def _uncertain(self, bounds: Bounds, low: Sweep) -> Iterator[Choice]:
        """Yield what may change the births and deaths of the basins that the field may have."""
        yield from self._minimum(bounds, int(low.order[0]), bounds.values[bounds.known].min())
        for minimum, saddle, lower in low.pairs(self.persistence - self.tolerance).tolist():
            choices = [*self._branch(bounds, low, minimum, saddle, lower)]
            yield from choices or self._beside(bounds, saddle)

    def _branch(self, bounds: Bounds, low: Sweep, minimum: int, saddle: int, lower: int) -> Iterator[Choice]:
        """Yield what may change the birth and the death of a basin."""
        if not bounds.known[saddle]:
            yield from self._worth(bounds.highest[saddle] - bounds.lowest[saddle], saddle)
        else:
            yield from self._top(bounds, low.path(lower, minimum), bounds.values[saddle])
        basin = low.below(minimum, bounds.lowest[saddle])
        yield from self._minimum(bounds, minimum, bounds.values[basin][bounds.known[basin]].min(initial=np.inf))

    def _minimum(self, bounds: Bounds, vertex: int, measured: float) -> Iterator[Choice]:
        """Yield a minimum that may lie below the lowest measured value of its basin."""
        yield from self._worth(min(measured, bounds.highest[vertex]) - bounds.lowest[vertex], vertex)

    def _top(self, bounds: Bounds, path: np.ndarray, height: float) -> Iterator[Choice]:
        """Yield the vertex of a path that may lie highest above a height."""
        above = np.where(bounds.known[path], -np.inf, bounds.highest[path]) - height
        yield from self._worth(above.max(), int(path[above.argmax()]))

    def _beside(self, bounds: Bounds, saddle: int) -> Iterator[Choice]:
        """Yield the vertices beside a pass: samples along a ridge do not show that they lie on its flank."""
        steps = BESIDE * np.concatenate([np.eye(len(self.shape), dtype=int), -np.eye(len(self.shape), dtype=int)])
        around = self.fill.vertices[saddle] + steps
        inside = around[((around >= 0) & (around < self.shape)).all(axis=1)]
        for vertex in np.ravel_multi_index(inside.T, self.shape).tolist():
            if not bounds.known[vertex]:
                yield self.tolerance, vertex

    def _joints(self, bounds: Bounds, low: Sweep) -> Iterator[Choice]:
        """Yield what may join samples that their mesh joins only at a higher pass."""
        mesh_sweep = self.mesh_sweep
        for young, saddle, old in mesh_sweep.pairs(self.persistence - self.tolerance).tolist():
            minimum, lower = self.fill.measured[[young, old]].tolist()
            if lower in low.below(minimum, mesh_sweep.values[saddle] - self.tolerance / 2):
                path = low.path(minimum, lower)
                unknown = path[~bounds.known[path]]
                top = unknown[bounds.highest[unknown].argmax()]
                yield mesh_sweep.values[saddle] - bounds.lowest[path].max(), int(top)

    def _worth(self, change: float, vertex: int) -> Iterator[Choice]:
        if change > self.tolerance / 2:
            yield change, vertex
