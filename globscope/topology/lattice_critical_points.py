"""The critical points of a field on a lattice, each with its index, by the part of its link that lies lower."""

import numpy as np
from attrs import define, field

from globscope.errors import EvaluationError
from globscope.topology.links import LinkParts
from globscope.topology.neighbour_rules import LatticeNeighbours, lattice_neighbours
from globscope.topology.tree import sweep_order
from globscope.values.arrays import read_only
from globscope.values.landscape import Landscape
from globscope.values.level_set_tree import MAXIMUM
from globscope.values.topology import MINIMUM, MULTI_SADDLE, SADDLE, Topology

ONE_SADDLE, TWO_SADDLE, REGULAR = "1-saddle", "2-saddle", "regular"
# Index of a kind in three axes; a multi-saddle has none.
INDEX = {MINIMUM: 0, ONE_SADDLE: 1, TWO_SADDLE: 2}
# Axes of the largest link that is tabulated: in four, a vertex has 30 neighbours.
MOST_AXES = 3
ROWS = 2**16


@define(frozen=True, kw_only=True)
class CriticalPoints:
    """The vertices of a lattice at which the topology of the sublevel or superlevel sets changes.

    Attributes:
        vertices: (c,) numbers of the samples, by rising (value, number).
        kinds: (c,) `minimum`, `saddle` (of two axes), `1-saddle`, `2-saddle` (of three), `multi-saddle`, or `maximum`.
        on_boundary: (c,) whether the vertex lacks a neighbour: on the rim, or beside a sample that is left out.
        euler: Σ over all samples of 1 − χ(lower link), which is the Euler characteristic of the triangulated samples: 1
            for a whole lattice.
        axes: Number of the lattice's axes.
    """

    vertices: np.ndarray = field(converter=read_only, eq=False, repr=lambda vertices: f"<{len(vertices)}>")
    kinds: tuple[str, ...] = field(repr=False)
    on_boundary: np.ndarray = field(converter=read_only, eq=False, repr=False)
    euler: int
    axes: int

    @property
    def indices(self) -> tuple[int | None, ...]:
        """(c,) index: in how many directions the field falls; None of a multi-saddle."""
        known = INDEX | {SADDLE: 1, MAXIMUM: self.axes}
        return tuple(known.get(kind) for kind in self.kinds)

    def of_kind(self, kind: str) -> np.ndarray:
        """Return the (n,) vertices of a kind, by rising value."""
        chosen: np.ndarray = self.vertices[np.array(self.kinds, str) == kind]
        return chosen


def critical_points(landscape: Landscape, topology: Topology) -> CriticalPoints:
    """Return the critical points of the field of a merge tree on a lattice, over the tree's samples.

    A vertex is a minimum without a lower neighbour, a maximum without a higher one, regular where lower and higher
    neighbours are one piece each in Freudenthal's triangulation, and else a saddle: a 1-saddle where the lower ones are
    two pieces, a 2-saddle where the higher ones are (a saddle in two axes), a multi-saddle with more. On the boundary
    of three axes both may be one piece, one of which surrounds the other: where only the lower piece touches the
    boundary, it is a 2-saddle, where only the higher one does, a 1-saddle. The triangulation counts whatever the tree's
    own adjacency is. Equal values are ordered by the number of the sample.

    Source: Banchoff, "Critical points and curvature for embedded polyhedral surfaces", Am. Math. Mon. 77, 1970;
    Edelsbrunner, Harer, Natarajan, Pascucci, "Morse–Smale complexes for piecewise linear 3-manifolds", SoCG 2003. Kinds
    on the boundary are those of TTK.

    Raises:
        EvaluationError: The samples are no lattice of one, two or three axes.
    """
    samples = landscape.samples
    if samples.index is None or samples.shape is None or len(samples.shape) > MOST_AXES:
        found = "scattered" if samples.shape is None else f"a lattice of {len(samples.shape)} axes"
        raise EvaluationError(f"critical points need a lattice of up to {MOST_AXES} axes; samples are {found}")
    swept = sweep_order(np.asarray(landscape.fields[topology.field], float), topology.full.basin >= 0)
    axes = len(samples.shape)
    neighbours = lattice_neighbours(samples.index[swept], samples.shape, "freudenthal")
    lower, upper = _links(neighbours)
    parts, boundary = LinkParts.of(axes), lower + upper != (1 << len(neighbours.strides)) - 1
    kinds = _kinds(axes, parts.pieces[lower], parts.pieces[upper])
    if axes == MOST_AXES:
        _mark_boundary_saddles(kinds, neighbours, boundary)
    critical = np.flatnonzero(kinds != REGULAR)
    return CriticalPoints(
        vertices=swept[critical],
        kinds=tuple(kinds[critical].tolist()),
        on_boundary=boundary[critical],
        euler=int((1 - parts.euler[lower]).sum()),
        axes=axes,
    )


def _links(neighbours: LatticeNeighbours) -> tuple[np.ndarray, np.ndarray]:
    """Return the sets of each vertex' lower and higher neighbours, as numbers of `LinkParts`."""
    weights = 1 << np.arange(len(neighbours.strides))
    lower, upper = np.zeros((2, len(neighbours)), int)
    for start in range(0, len(neighbours), ROWS):
        rows = neighbours[start : start + ROWS]
        numbers = np.arange(start, start + len(rows))[:, None]
        lower[start : start + ROWS] = (rows < numbers) @ weights
        upper[start : start + ROWS] = (rows > numbers) @ weights
    return lower, upper


def _mark_boundary_saddles(kinds: np.ndarray, neighbours: LatticeNeighbours, boundary: np.ndarray) -> None:
    """Change the kinds of regular vertices on the boundary around which the lower link, or the higher one, closes."""
    rows = np.flatnonzero(boundary & (kinds == REGULAR))
    around = neighbours[rows]
    touching = boundary[around]
    low, high = ((touching & side).any(axis=1) for side in (around < rows[:, None], around > rows[:, None]))
    kinds[rows[high & ~low]], kinds[rows[low & ~high]] = ONE_SADDLE, TWO_SADDLE


def _kinds(axes: int, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Return what vertices are whose lower and higher links have so many pieces."""
    cases, names = [lower == 0, upper == 0, (lower == 1) & (upper == 1)], [MINIMUM, MAXIMUM, REGULAR]
    if axes < 3:
        return np.select([*cases, np.maximum(lower, upper) == 2], [*names, SADDLE], MULTI_SADDLE)
    saddles = [(lower == 2) & (upper == 1), (lower == 1) & (upper == 2)]
    return np.select([*cases, *saddles], [*names, ONE_SADDLE, TWO_SADDLE], MULTI_SADDLE)
