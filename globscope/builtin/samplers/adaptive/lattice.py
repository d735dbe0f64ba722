"""A lattice whose vertices are numbered in C order."""

from math import prod

import numpy as np
from attrs import define, field


@define(frozen=True, kw_only=True)
class Lattice:
    """The vertices of a lattice and their latent points.

    Attributes:
        axes: Latent coordinates along each axis.
    """

    axes: tuple[np.ndarray, ...] = field(eq=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """The vertices along each axis."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def count(self) -> int:
        """The number of vertices."""
        return prod(self.shape)

    @property
    def index(self) -> np.ndarray:
        """(n, d) indices of all vertices."""
        return np.ascontiguousarray(np.indices(self.shape).reshape(len(self.shape), -1).T)

    def points(self, vertices: np.ndarray) -> np.ndarray:
        """Return the (m, d) latent points of vertices."""
        index = np.unravel_index(vertices, self.shape)
        return np.stack([axis[places] for axis, places in zip(self.axes, index, strict=True)], axis=1)

    def nearest(self, points: np.ndarray) -> np.ndarray:
        """Return the vertices nearest to (m, d) latent points; for points outside, the nearest on the border."""
        places = [
            np.rint(np.interp(column, axis, np.arange(len(axis)))).astype(int)
            for column, axis in zip(points.T, self.axes, strict=True)
        ]
        vertices: np.ndarray = np.ravel_multi_index(places, self.shape)
        return vertices

    def vertices_without(self, measured: np.ndarray) -> np.ndarray:
        """Return the vertices that are not among the measured ones."""
        return np.setdiff1d(np.arange(self.count), measured)

    def coarse(self, count: int) -> np.ndarray:
        """Return the vertices of the finest coarser lattice of at most so many, ends included; at least its corners."""
        longest = max(self.shape) - 1
        spacings = (self._every(spacing) for spacing in range(2, longest + 1))
        places = next((axes for axes in spacings if prod(map(len, axes)) <= count), self._every(longest))
        return np.ravel_multi_index(np.meshgrid(*places, indexing="ij"), self.shape).ravel()

    def _every(self, spacing: int) -> list[np.ndarray]:
        return [np.rint(np.linspace(0, size - 1, -(-(size - 1) // spacing) + 1)).astype(int) for size in self.shape]
