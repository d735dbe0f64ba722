"""What a search has measured, and how it measures: in units of the sampled box."""

from collections.abc import Generator
from typing import TypeVar

import numpy as np
from attrs import define, field

from globscope.api import Landscape, Samples

Result = TypeVar("Result")
# Steps of a search that return a result: they yield samples, and are sent the landscape of these.
Steps = Generator[Samples, Landscape, Result]


@define(frozen=True, kw_only=True)
class Measured:
    """Points that were measured together.

    Attributes:
        rows: (n,) their numbers among all samples.
        points: (n, d) points in units of the box.
        values: (n,) values of the field; infinite where it is not finite.
        slopes: (n, d) gradients per unit; zero where they were not asked for or are not finite.
    """

    rows: np.ndarray
    points: np.ndarray
    values: np.ndarray
    slopes: np.ndarray


@define(kw_only=True)
class Record:
    """All samples of a search so far, and the edges between them.

    A unit is the widest extent of the box, on all axes alike: the chart's own distances are kept.

    Attributes:
        name: The field that is searched.
        cost: What a point with its gradient costs, in evaluations.
        budget: Largest number of evaluations.
        low: (d,) lowest corner of the box, the origin of points in units.
        unit: The widest extent of the box, in latent units.
        diagonal: Length of the box's diagonal, in units.
        bounds: (2, d) lowest and highest coordinates that are looked at, in units.
        spent: Number of evaluations so far.
        ran_out: Whether something was left undone for want of evaluations.
    """

    name: str
    cost: int
    budget: int
    low: np.ndarray
    unit: float
    diagonal: float
    bounds: np.ndarray
    spent: int = 0
    ran_out: bool = False
    _parts: list[Measured] = field(factory=list)
    _trusted: list[np.ndarray] = field(factory=list)
    _edges: list[np.ndarray] = field(factory=list)
    _joined: int = 0

    @property
    def count(self) -> int:
        """How many samples were measured."""
        return sum(len(part.rows) for part in self._parts)

    @property
    def left(self) -> int:
        """Evaluations that may still be spent."""
        return self.budget - self.spent

    def affords(self, points: int, *, gradients: bool, reserve: int = 0) -> bool:
        """Return whether so many points can be measured, and note if they cannot."""
        enough = self.spent + points * (self.cost if gradients else 1) + reserve <= self.budget
        self.ran_out |= not enough
        return enough

    def join(self, rows: np.ndarray) -> None:
        """Make neighbours of consecutive samples along a path, or of the pairs of an (m, 2) array."""
        rows = np.asarray(rows, int)
        self._edges.append(rows if rows.ndim == 2 else np.stack([rows[:-1], rows[1:]], axis=1))

    def measure(self, points: np.ndarray, *, gradients: bool) -> Steps[Measured]:
        """Measure (n, d) points in units of the box, clipped to its bounds, in one round; no round for none."""
        if not len(points):
            return self._as_measured(np.empty((0, len(self.low))), np.empty(0), None)
        latent = self.low + self.unit * np.clip(points, *self.bounds)
        landscape = yield Samples(points=latent, gradient=self.name if gradients else None, edges=self._new_edges())
        self.spent += len(points) * (self.cost if gradients else 1)
        part = self._as_measured(
            (landscape.samples.points - self.low) / self.unit,
            landscape.fields[self.name],
            landscape.gradients if gradients else None,
        )
        self._parts.append(part)
        self._trusted.append(landscape.trusted)
        return part

    def everything(self) -> Measured:
        """Return all samples, without slopes."""
        points, values = (np.concatenate([getattr(p, n) for p in self._parts]) for n in ("points", "values"))
        return Measured(rows=np.arange(len(values)), points=points, values=values, slopes=np.empty((0, 0)))

    @property
    def trusted(self) -> np.ndarray:
        """(n,) whether each sample lies where the map is trusted."""
        return np.concatenate(self._trusted)

    @property
    def edges(self) -> np.ndarray:
        """(m, 2) all edges so far."""
        return np.concatenate([np.empty((0, 2), int), *self._edges])

    def _new_edges(self) -> np.ndarray | None:
        """Return the edges that no round has brought yet."""
        fresh, self._joined = self._edges[self._joined :], len(self._edges)
        return np.concatenate(fresh) if fresh else None

    def _as_measured(self, points: np.ndarray, values: np.ndarray, gradients: np.ndarray | None) -> Measured:
        start = self.count
        finite = np.isfinite(values)
        slopes = np.zeros(points.shape) if gradients is None else gradients * self.unit
        return Measured(
            rows=np.arange(start, start + len(points)),
            points=points,
            values=np.where(finite, values, np.inf),
            slopes=np.where(np.isfinite(slopes).all(axis=1, keepdims=True) & finite[:, None], slopes, 0.0),
        )
