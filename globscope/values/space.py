"""Spaces: how a chart's coordinates become a network's weights.

`lift` is the only step whose cost grows with D.
"""

from functools import cached_property
from typing import Protocol

import numpy as np
from attrs import define, field

from globscope.values.blocks import column_blocks
from globscope.values.frozen import read_only
from globscope.values.kinship import Kinship
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


@define(frozen=True, kw_only=True, slots=False)
class SpanSpace:
    """The affine span of a population, with orthonormal coordinates.

    The basis is never stored: a lifted network is a combination of N parts, so the space costs no memory beside the
    population itself. A part is a member; or, of a member that lies very near to another one, their difference, so
    that it is not lost in the rounding of large weights.

    Attributes:
        mean: (D,) float64, the origin.
        parents: (N,) row of the member from which each part is the difference; its own row where it is the member.
        coefficients: (r, N) float64, the basis as combinations of the parts.
        weights: (N, D) float32, the population's.
        members: (N, r) float64, the population's own coordinates.
    """

    mean: np.ndarray = field(converter=read_only, eq=False, repr=False)
    parents: np.ndarray = field(converter=read_only, eq=False, repr=False)
    coefficients: np.ndarray = field(converter=read_only, eq=False, repr=False)
    weights: Weights = field(eq=False, repr=False)
    members: np.ndarray = field(converter=read_only, eq=False, repr=False)

    @property
    def rank(self) -> int:
        """The number of coordinates, r ≤ N − 1."""
        return len(self.coefficients)

    @cached_property
    def kinship(self) -> Kinship:
        """Which member's difference from which other one a part is."""
        return Kinship(self.parents)

    @property
    def mixing(self) -> np.ndarray:
        """(r, N) float64, the basis as combinations of the members; rows add up to 0."""
        children, mixing = self.kinship.children, self.coefficients.copy()
        np.subtract.at(mixing.T, self.parents[children], self.coefficients.T[children])
        return mixing

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, D) float32 weights of (n, r) coordinates."""
        shares = self.shares(coordinates)
        if not len(self.kinship.children):
            whole: np.ndarray = shares @ self.weights
            return whole
        lifted = np.empty((len(shares), len(self.mean)), np.float32)
        for at in column_blocks(len(self.mean), len(self.weights)):
            lifted[:, at] = shares @ self.parts(at)
        return lifted

    def shares(self, coordinates: np.ndarray) -> np.ndarray:
        """Return (n, N) float32, how much of every part is in the networks of (n, r) coordinates."""
        shares: np.ndarray = self.kinship.paths.mean(axis=0) + coordinates @ self.coefficients
        return shares.astype(np.float32)

    def parts(self, at: slice) -> np.ndarray:
        """Return some columns of the (N, D) float32 parts."""
        own = self.weights[:, at]
        children = self.kinship.children
        found: np.ndarray = np.array(own)
        found[children] -= own[self.parents[children]]
        return found

    def part(self, row: int) -> np.ndarray:
        """Return one of the parts, (D,) float32."""
        own = np.array(self.weights[row])
        return own if self.parents[row] == row else own - self.weights[self.parents[row]]

    def coordinates(self, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
        """Return (n, r) float64 coordinates of (n, D) weights, and the (n,) norms left outside."""
        found = np.zeros((len(weights), self.rank))
        blocks = column_blocks(len(self.mean), len(self.weights) + len(weights))
        for at in blocks:
            found += (weights[:, at] - self.mean[at]) @ self._basis(at).T
        squares = np.zeros(len(weights))
        for at in blocks:
            outside = (weights[:, at] - self.mean[at]) - found @ self._basis(at)
            squares += np.einsum("nd,nd->n", outside, outside)
        return found, np.sqrt(squares)

    def _basis(self, at: slice) -> np.ndarray:
        """Return some columns of the (r, D) basis."""
        own, children = self.weights[:, at].astype(np.float64), self.kinship.children
        # The mean's share vanishes; taken off, rounding in it is not scaled by a short difference.
        parts = own - self.mean[at]
        parts[children] = own[children] - own[self.parents[children]]
        rows: np.ndarray = self.coefficients @ parts
        return rows


@define(frozen=True, kw_only=True)
class AffineSpace:
    """A chart's own origin and orthonormal basis: random, Hessian or chosen directions.

    Attributes:
        origin: (D,).
        basis: (r, D) float64, orthonormal rows.
    """

    origin: np.ndarray = field(converter=read_only, eq=False, repr=False)
    basis: np.ndarray = field(converter=read_only, eq=False, repr=False)

    @property
    def rank(self) -> int:
        """The number of basis vectors, r."""
        return len(self.basis)

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, D) float32 weights of (n, r) coordinates."""
        lifted = np.empty((len(coordinates), len(self.origin)), np.float32)
        for at in column_blocks(len(self.origin), len(coordinates) + self.rank):
            lifted[:, at] = self.origin[at] + coordinates @ self.basis[:, at]
        return lifted

    def coordinates(self, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
        """Return (n, r) float64 coordinates of (n, D) weights, and the (n,) norms left outside."""
        found, squares = np.zeros((len(weights), self.rank)), np.zeros(len(weights))
        blocks = column_blocks(len(self.origin), len(weights) + self.rank)
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

    mean: np.ndarray = field(converter=read_only, eq=False, repr=False)

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
