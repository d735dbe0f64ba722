"""Spaces: how a chart's coordinates become a network's weights.

`lift` is the only step whose cost grows with D.
"""

from typing import Protocol

import numpy as np
from attrs import define, field

from globscope.values.blocks import columns
from globscope.values.rows import Weights


class Lifting(Protocol):
    """What turns coordinates into weights."""

    @property
    def rank(self) -> int:
        """r, the number of coordinates."""
        ...

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, D) float32 weights of (n, r) coordinates."""
        ...


class Space(Lifting, Protocol):
    """An affine subspace of weight space with coordinates on it."""

    def coordinates(self, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
        """Return (n, r) float64 coordinates of (n, D) weights, and the (n,) norms left outside."""
        ...


@define(frozen=True, kw_only=True)
class SpanSpace:
    """The affine span of a population, with orthonormal coordinates.

    The basis B = mixing @ (weights - mean) is never stored: a lifted network is a combination of
    the members, so the space costs no memory beside the population itself.

    Attributes:
        mean: (D,) float64, the origin.
        mixing: (r, N) float64.
        weights: (N, D) float32, the population's.
        members: (N, r) float64, the population's own coordinates.
    """

    mean: np.ndarray = field(eq=False, repr=False)
    mixing: np.ndarray = field(eq=False, repr=False)
    weights: Weights = field(eq=False, repr=False)
    members: np.ndarray = field(eq=False, repr=False)

    @property
    def rank(self) -> int:
        """The number of coordinates, r ≤ N − 1."""
        return len(self.mixing)

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, D) float32 weights of (n, r) coordinates."""
        lifted: np.ndarray = self.shares(coordinates) @ self.weights
        return lifted

    def shares(self, coordinates: np.ndarray) -> np.ndarray:
        """Return (n, N) float32, how much of every member is in the networks of (n, r) coordinates."""
        # Summing to one makes the mean's part of every member cancel without a pass for the mean.
        shares: np.ndarray = coordinates @ self.mixing
        shares += (1 - shares.sum(axis=1, keepdims=True)) / len(self.weights)
        return shares.astype(np.float32)

    def coordinates(self, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
        """Return (n, r) float64 coordinates of (n, D) weights, and the (n,) norms left outside."""
        found = np.zeros((len(weights), self.rank))
        blocks = columns(len(self.mean), len(self.weights) + len(weights))
        for at in blocks:
            found += (weights[:, at] - self.mean[at]) @ self._basis(at).T
        squares = np.zeros(len(weights))
        for at in blocks:
            outside = (weights[:, at] - self.mean[at]) - found @ self._basis(at)
            squares += np.einsum("nd,nd->n", outside, outside)
        return found, np.sqrt(squares)

    def _basis(self, at: slice) -> np.ndarray:
        rows: np.ndarray = self.mixing @ (self.weights[:, at] - self.mean[at])
        return rows


@define(frozen=True, kw_only=True)
class AffineSpace:
    """A chart's own origin and orthonormal basis: random, Hessian or chosen directions.

    Attributes:
        origin: (D,).
        basis: (r, D) float64, orthonormal rows.
    """

    origin: np.ndarray = field(eq=False, repr=False)
    basis: np.ndarray = field(eq=False, repr=False)

    @property
    def rank(self) -> int:
        """The number of basis vectors, r."""
        return len(self.basis)

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, D) float32 weights of (n, r) coordinates."""
        lifted = np.empty((len(coordinates), len(self.origin)), np.float32)
        for at in columns(len(self.origin), len(coordinates) + self.rank):
            lifted[:, at] = self.origin[at] + coordinates @ self.basis[:, at]
        return lifted

    def coordinates(self, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
        """Return (n, r) float64 coordinates of (n, D) weights, and the (n,) norms left outside."""
        found, squares = np.zeros((len(weights), self.rank)), np.zeros(len(weights))
        blocks = columns(len(self.origin), len(weights) + self.rank)
        for at in blocks:
            found += self._from_origin(weights, at) @ self.basis[:, at].T
        for at in blocks:
            outside = self._from_origin(weights, at) - found @ self.basis[:, at]
            squares += np.einsum("nd,nd->n", outside, outside)
        return found, np.sqrt(squares)

    def _from_origin(self, weights: Weights, at: slice) -> np.ndarray:
        rows: np.ndarray = weights[:, at].astype(np.float64) - self.origin[at]
        return rows


@define(frozen=True, kw_only=True)
class FullSpace:
    """Weight space itself, centred: the paper's D-wide baseline. Coordinates are float32.

    Attributes:
        mean: (D,), the origin.
    """

    mean: np.ndarray = field(eq=False, repr=False)

    @property
    def rank(self) -> int:
        """The number of weights, D."""
        return len(self.mean)

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, D) float32 weights of (n, D) centred weights."""
        lifted: np.ndarray = (coordinates + self.mean).astype(np.float32)
        return lifted

    def coordinates(self, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
        """Return the centred weights, and zeros: nothing lies outside."""
        return (weights - self.mean).astype(np.float32), np.zeros(len(weights))


@define(frozen=True, kw_only=True)
class Mixtures:
    """Weighted sums of given networks, such as the points of a line: a coordinate is how much of each is in it.

    Attributes:
        weights: (N, D) float32.
    """

    weights: Weights = field(eq=False, repr=False)

    @property
    def rank(self) -> int:
        """The number of networks, N."""
        return len(self.weights)

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, D) float32 weights of (n, N) shares; one alone gives its network to the last bit."""
        lifted: np.ndarray = coordinates.astype(np.float32) @ self.weights
        return lifted
