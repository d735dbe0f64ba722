"""Spaces whose networks are sums of the same parts, so that some of their weights can be formed without the others."""

from typing import Protocol, runtime_checkable

import numpy as np
from attrs import define, field

from globscope.values.arrays import read_only


@define(frozen=True, kw_only=True)
class Factors:
    """One tensor of every network of a space: origin + up · diag(shares[owners]) · down.

    Nothing of the matrix's size is read or formed for a network, and networks have the origin in common. The ranks of
    all parts stand side by side, so that they may differ from part to part. A tensor without ranks is the origin
    itself, of any shape, in all networks.

    Attributes:
        origin: (out, in) float32, what no share scales.
        up: (out, R) float32, the left factors.
        down: (R, in) float32, the right factors.
        owners: (R,) for each rank the number of the part, among a network's P shares, by whose share it is scaled.
    """

    origin: np.ndarray = field(converter=read_only, eq=False, repr=False)
    up: np.ndarray = field(converter=read_only, eq=False, repr=False)
    down: np.ndarray = field(converter=read_only, eq=False, repr=False)
    owners: np.ndarray = field(converter=read_only, eq=False, repr=False)

    @property
    def rank(self) -> int:
        """R, the number of ranks of all parts together."""
        return len(self.owners)

    def form(self, shares: np.ndarray) -> np.ndarray:
        """Return the float32 tensor of the network of (P,) float32 shares."""
        if not self.rank:
            return self.origin
        scales = shares[self.owners]
        used = np.flatnonzero(scales)  # of a member's own network, its own ranks
        formed: np.ndarray = self.origin + (self.up[:, used] * scales[used]) @ self.down[used]
        return formed


@runtime_checkable
class Mixes(Protocol):
    """A space whose networks are sums of the same P parts, in shares of their own.

    So an evaluator can form some of the weights of several networks without the others: shares(coordinates) times
    parts(block) are the columns `block` of `lift(coordinates)`, up to rounding.
    """

    @property
    def rank(self) -> int:
        """r, the number of coordinates."""
        ...

    def shares(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, P) float32 shares of the parts in the networks of (n, r) coordinates."""
        ...

    def parts(self, block: slice) -> np.ndarray:
        """Return some columns, a slice without a step, of the (P, D) float32 parts; the origin is one if it is needed.

        They may be a view of the space's own arrays: they are not to be written to.
        """
        ...

    def pullback_shares(self, gradients: np.ndarray) -> np.ndarray:
        """Return the (n, r) float64 gradients with respect to coordinates of (n, P) gradients with respect to shares.

        They are the products with the transposed Jacobian of `shares`, which is affine.
        """
        ...


@runtime_checkable
class Factored(Mixes, Protocol):
    """A space some of whose tensors are the same in all networks but for few ranks, as those with adapters are."""

    def factors(self, name: str) -> Factors | None:
        """Return how a tensor of the layout depends on the shares; None where its columns of the parts tell."""
        ...
