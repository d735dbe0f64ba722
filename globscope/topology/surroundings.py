"""The samples around a point."""

from itertools import product
from typing import Any

import numpy as np
from attrs import define, field

from globscope.values.landscape import Samples

# A point is among scattered samples if one is nearer than this multiple of their largest distance to a nearest sample.
REACH = 2.0
# How many rows a lattice's axes are computed from, and the share of a step by which points may deviate from them.
ROWS, STRAY = 10_000, 1e-6


@define(frozen=True, kw_only=True)
class Surroundings:
    """Samples, prepared to find those around a point.

    Attributes:
        samples: All the samples.
        steps: On a lattice of all axes with even steps: the (d, d) step along each axis and the (d,) point of index 0.
        places: Sample at each place of that lattice in C order; −1 where there is none.
        tree: For other samples, a k-d tree of the points.
        reach: Largest distance from the nearest sample at which a point counts as among them.
    """

    samples: Samples = field(repr=False)
    steps: tuple[np.ndarray, np.ndarray] | None = field(default=None, repr=False)
    places: np.ndarray | None = field(default=None, eq=False, repr=False)
    tree: Any = field(default=None, eq=False, repr=False)
    reach: float = np.inf

    @classmethod
    def of(cls, samples: Samples) -> "Surroundings":
        """Return the surroundings among some samples."""
        steps = _steps(samples)
        if steps is None:
            return cls(samples=samples, **_tree(samples))
        assert samples.index is not None
        assert samples.shape is not None
        places = np.full(samples.shape, -1)
        places[tuple(samples.index.T)] = np.arange(len(samples.points))
        return cls(samples=samples, steps=steps, places=places.ravel())

    def around(self, point: np.ndarray) -> np.ndarray:
        """Return the samples around a (d,) point: the corners of its cell, or the nearest 4 d; none far away."""
        if self.steps is not None:
            return self._corners(point)
        if self.tree is None:
            return np.empty(0, int)
        count = min(4 * len(point), self.tree.n)
        distances, rows = map(np.asarray, self.tree.query(point, k=np.arange(1, count + 1)))
        return rows if distances[0] <= self.reach else rows[:0]

    def _corners(self, point: np.ndarray) -> np.ndarray:
        assert self.steps is not None
        assert self.places is not None
        assert self.samples.shape is not None
        along, origin = self.steps
        index = (point - origin) @ np.linalg.pinv(along)
        index = np.where(np.abs(index - index.round()) < STRAY, index.round(), index)
        ends = [sorted({int(np.floor(i)), int(np.ceil(i))}) for i in index]
        inside = [[i for i in pair if 0 <= i < size] for pair, size in zip(ends, self.samples.shape, strict=True)]
        corners = np.array(list(product(*inside)), int).reshape(-1, len(index))
        rows: np.ndarray = self.places[np.ravel_multi_index(tuple(corners.T), self.samples.shape)]
        return rows[rows >= 0]


def _steps(samples: Samples) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the steps and the origin of a lattice along all axes; None if the samples form no such lattice."""
    points, index = samples.points, samples.index
    if index is None or samples.shape is None or index.shape != points.shape or not len(points):
        return None
    rows = np.random.default_rng(0).permutation(len(points))[:ROWS]
    known = np.column_stack([index[rows], np.ones(len(rows))])
    fit = np.linalg.lstsq(known, points[rows], rcond=None)[0]
    size = np.abs(fit[:-1]).max(initial=0)
    even = np.abs(known @ fit - points[rows]).max() <= STRAY * size or len(points) == 1
    return (fit[:-1], fit[-1]) if even else None


def _tree(samples: Samples) -> dict[str, Any]:
    from scipy.spatial import cKDTree

    if not len(samples.points):
        return {}
    tree = cKDTree(samples.points)
    alone = samples.shape is not None or len(samples.points) < 2
    return {"tree": tree, "reach": np.inf if alone else REACH * tree.query(samples.points, k=2)[0][:, 1].max()}
