"""Spaces turn a chart's coordinates into a network's weights.

`lift` is the only step whose cost grows with D.
"""

from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
from attrs import define, field

from globscope.values.arrays import column_blocks, read_only
from globscope.values.kinship import Kinship
from globscope.values.low_rank import (
    LowRankColumns,
    factors_of_parts,
    form_low_rank,
    low_rank_columns,
    other_columns,
)
from globscope.values.mixes import Factors
from globscope.values.rows import Weights, named_columns


class Lifting(Protocol):
    """Something that turns coordinates into weights."""

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


@runtime_checkable
class Differentiable(Protocol):
    """A space that turns gradients with respect to weights into gradients with respect to coordinates.

    Weight space itself does not: a gradient of every network would be kept for each of its D coordinates.
    """

    def pullback(self, gradients: np.ndarray) -> np.ndarray:
        """Return the (n, r) float64 gradients with respect to coordinates of (n, D) gradients with respect to weights.

        They are the products with the transposed Jacobian of `lift`, which is affine.
        """
        ...


@define(frozen=True, kw_only=True, slots=False)
class SpanSpace:
    """The affine span of a population, with orthonormal coordinates.

    The basis is never stored: a lifted network is a combination of N parts, so the space needs no memory beside the
    population itself. A part is a member, or the difference of two members that are very near to each other, so that
    it is not lost in the rounding of large weights. The origin is the members' mean, which is not stored either. Of
    tensors that are low-rank about one origin in all members, nothing is formed beside the network itself.

    Attributes:
        parents: (N,) row of the member from which each part is the difference; its own row where it is the member.
        coefficients: (r, N) float64, the basis as combinations of the parts.
        weights: (N, D) float32, the population's weights.
        members: (N, r) float64, the population's coordinates.
    """

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
        """The tree of members whose edges are the differences."""
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
        if not len(self.kinship.children) and not self._low_rank:
            combined: np.ndarray = shares @ self.weights
            return combined
        lifted = np.empty((len(shares), self.weights.shape[1]), np.float32)
        for tensor in self._low_rank:
            form_low_rank(lifted[:, tensor.columns], shares, factors_of_parts(tensor.factors, self.kinship))
        for block in other_columns(self.weights, self._low_rank):
            lifted[:, block] = shares @ self.parts(block)
        return lifted

    def factors(self, name: str) -> Factors | None:
        """Return how a tensor depends on the shares; None unless it is low-rank about one origin in all members."""
        columns = named_columns(self.weights, name)
        own = next((tensor for tensor in self._low_rank if tensor.columns == columns), None)
        return None if own is None else factors_of_parts(own.factors, self.kinship)

    @cached_property
    def _low_rank(self) -> list[LowRankColumns]:
        return low_rank_columns(self.weights)

    def shares(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, N) float32 coefficients of the parts in the networks of (n, r) coordinates."""
        shares: np.ndarray = self.kinship.paths.mean(axis=0) + coordinates @ self.coefficients
        return shares.astype(np.float32)

    def parts(self, block: slice) -> np.ndarray:
        """Return some columns of the (N, D) float32 parts."""
        weights: np.ndarray = self.weights[:, block]
        children = self.kinship.children
        if not len(children):
            return weights
        parts = np.array(weights)
        parts[children] -= weights[self.parents[children]]
        return parts

    def part(self, row: int) -> np.ndarray:
        """Return one of the parts, (D,) float32."""
        weights = np.array(self.weights[row])
        return weights if self.parents[row] == row else weights - self.weights[self.parents[row]]

    def pullback(self, gradients: np.ndarray) -> np.ndarray:
        """Return the (n, r) float64 gradients with respect to coordinates of (n, D) gradients with respect to weights.

        Products with the parts are summed in the precision of both, in float64 over blocks.
        """
        products = np.zeros((len(gradients), len(self.weights)))
        for block in column_blocks(self.weights.shape[1], len(self.weights)):
            products += gradients[:, block] @ self.parts(block).T
        return self.pullback_shares(products)

    def pullback_shares(self, gradients: np.ndarray) -> np.ndarray:
        """Return the (n, r) float64 gradients with respect to coordinates of (n, N) ones with respect to shares."""
        coordinates: np.ndarray = gradients @ self.coefficients.T
        return coordinates

    def barycentric(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, N) shares, as `barycentric` below, of the members in the networks of (n, r) coordinates."""
        return barycentric(self.members, coordinates)

    def coordinates(self, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
        """Return (n, r) float64 coordinates of (n, D) weights, and the (n,) norms left outside."""
        coordinates = np.zeros((len(weights), self.rank))
        blocks = column_blocks(self.weights.shape[1], len(self.weights) + len(weights))
        for block in blocks:
            mean, basis = self._mean_and_basis(block)
            coordinates += (weights[:, block] - mean) @ basis.T
        squares = np.zeros(len(weights))
        for block in blocks:
            mean, basis = self._mean_and_basis(block)
            outside = (weights[:, block] - mean) - coordinates @ basis
            squares += np.einsum("nd,nd->n", outside, outside)
        return coordinates, np.sqrt(squares)

    def _mean_and_basis(self, block: slice) -> tuple[np.ndarray, np.ndarray]:
        """Return some columns of the (D,) mean of the members and of the (r, D) basis, float64."""
        weights, children = self.weights[:, block].astype(np.float64), self.kinship.children
        mean: np.ndarray = weights.mean(axis=0)
        # The mean's coefficient is 0; subtracting it keeps its rounding from being scaled by a short difference.
        parts = weights - mean
        parts[children] = weights[children] - weights[self.parents[children]]
        return mean, self.coefficients @ parts


@define(frozen=True, kw_only=True)
class AffineSpace:
    """A chart's own origin and orthonormal basis: random, Hessian or chosen directions.

    Attributes:
        origin: (D,) float32 or float64, the origin.
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
        for block in column_blocks(len(self.origin), len(coordinates) + self.rank):
            lifted[:, block] = self.origin[block] + coordinates @ self.basis[:, block]
        return lifted

    def pullback(self, gradients: np.ndarray) -> np.ndarray:
        """Return the (n, r) float64 gradients with respect to coordinates of (n, D) gradients with respect to weights.

        Products with the basis are summed in float64.
        """
        coordinates = np.zeros((len(gradients), self.rank))
        for block in column_blocks(len(self.origin), len(gradients) + self.rank):
            coordinates += gradients[:, block] @ self.basis[:, block].T
        return coordinates

    def shares(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, 1 + r) float32 shares of the origin, which are 1, and of the basis: the coordinates."""
        return np.insert(np.asarray(coordinates, np.float32), 0, 1, axis=1)

    def parts(self, block: slice) -> np.ndarray:
        """Return some columns of the (1 + r, D) float32 origin and basis."""
        origin = np.asarray(self.origin[block], np.float32)
        return np.concatenate([origin[None], self.basis[:, block].astype(np.float32)])

    def pullback_shares(self, gradients: np.ndarray) -> np.ndarray:
        """Return the (n, r) float64 gradients with respect to coordinates of (n, 1 + r) ones with respect to shares."""
        return np.asarray(gradients[:, 1:], np.float64)

    def coordinates(self, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
        """Return (n, r) float64 coordinates of (n, D) weights, and the (n,) norms left outside."""
        coordinates, squares = np.zeros((len(weights), self.rank)), np.zeros(len(weights))
        blocks = column_blocks(len(self.origin), len(weights) + self.rank)
        for block in blocks:
            coordinates += self._from_origin(weights, block) @ self.basis[:, block].T
        for block in blocks:
            outside = self._from_origin(weights, block) - coordinates @ self.basis[:, block]
            squares += np.einsum("nd,nd->n", outside, outside)
        return coordinates, np.sqrt(squares)

    def _from_origin(self, weights: Weights, block: slice) -> np.ndarray:
        rows: np.ndarray = weights[:, block].astype(np.float64) - self.origin[block]
        return rows


@define(frozen=True, kw_only=True)
class PrincipalSpace(AffineSpace):
    """The affine span of a population of more members than weights, along its principal axes.

    Attributes:
        members: (N, r) float64, the population's coordinates.
    """

    members: np.ndarray = field(converter=read_only, eq=False, repr=False)

    def barycentric(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, N) shares, as `barycentric` below, of the members in the networks of (n, r) coordinates."""
        return barycentric(self.members, coordinates)


@define(frozen=True, kw_only=True)
class FullSpace:
    """Weight space itself, centred: the paper's D-wide baseline. Coordinates are float32.

    Attributes:
        mean: (D,) float32, the origin.
    """

    mean: np.ndarray = field(converter=read_only, eq=False, repr=False)

    @property
    def rank(self) -> int:
        """The number of weights, D."""
        return len(self.mean)

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, D) float32 weights of (n, D) centred weights: about 0, they are copied only if read-only."""
        if not self.mean.any():
            return np.require(coordinates, np.float32, ["C", "W"])
        lifted: np.ndarray = (coordinates + self.mean).astype(np.float32, copy=False)
        return lifted

    def coordinates(self, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
        """Return the (n, D) centred weights, and (n,) zeros: nothing lies outside."""
        return (weights - self.mean).astype(np.float32), np.zeros(len(weights))


@define(frozen=True, kw_only=True)
class Mixtures:
    """Weighted sums of given networks, such as the points of a line; coordinates are the coefficients.

    Attributes:
        weights: (N, D) float32 weights of the networks.
    """

    weights: Weights = field(eq=False, repr=False)

    @property
    def rank(self) -> int:
        """The number of networks, N."""
        return len(self.weights)

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, D) float32 weights of (n, N) coefficients; a single 1 gives its network to the last bit."""
        lifted: np.ndarray = self.shares(coordinates) @ self.weights
        return lifted

    def shares(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, N) float32 shares of the networks: the coefficients themselves."""
        return np.asarray(coordinates, np.float32)

    def parts(self, block: slice) -> np.ndarray:
        """Return some columns of the (N, D) float32 weights."""
        columns: np.ndarray = self.weights[:, block]
        return columns

    def pullback_shares(self, gradients: np.ndarray) -> np.ndarray:
        """Return (n, N) gradients with respect to shares as float64: coefficients are shares."""
        return np.asarray(gradients, np.float64)

    def pullback(self, gradients: np.ndarray) -> np.ndarray:
        """Return the (n, N) float64 gradients with respect to coefficients of (n, D) gradients with respect to weights.

        Products with the networks are summed in the precision of both, in float64 over blocks.
        """
        products = np.zeros((len(gradients), len(self.weights)))
        for block in column_blocks(gradients.shape[1], len(self.weights)):
            products += gradients[:, block] @ self.weights[:, block].T
        return products


def barycentric(members: np.ndarray, coordinates: np.ndarray) -> np.ndarray:
    """Return the (n, N) shares of members in the networks of (n, r) coordinates; those of a network add up to 1.

    Where some members are weighted means of others there are many such shares; these are the most even ones.

    Args:
        members: (N, r) coordinates of the members, with mean 0.
        coordinates: (n, r) coordinates.
    """
    shares: np.ndarray = 1 / len(members) + coordinates @ np.linalg.pinv(members)
    return shares
