"""Tensors that differ from one they have in common by few ranks: what adapters make of a network's matrices."""

from collections.abc import Sequence

import numpy as np
from attrs import define

from globscope.values.arrays import column_blocks
from globscope.values.kinship import Kinship
from globscope.values.mixes import Factors
from globscope.values.rows import Part, Rows, Weights


@define(frozen=True, kw_only=True, eq=False)
class LowRank:
    """A flat tensor: an origin plus scale · up · down, of which only what is read is formed.

    Attributes:
        origin: The tensor to which the product is added; flat, of rows · columns weights.
        up: (rows, rank) float32.
        down: (rank, columns) float32.
        scale: Factor of the product.
    """

    origin: Part
    up: np.ndarray
    down: np.ndarray
    scale: float = 1.0

    def __len__(self) -> int:
        """Count the weights."""
        return len(self.origin)

    def __getitem__(self, inside: slice) -> np.ndarray:
        """Return some consecutive weights, float32."""
        width = self.down.shape[1]
        start, stop, _ = inside.indices(len(self))
        first, last = start // width, -(-stop // width)
        product = (self.up[first:last] * np.float32(self.scale)) @ self.down
        formed: np.ndarray = product.reshape(-1)[start - first * width : stop - first * width]
        formed += self.origin[start:stop]
        return formed


@define(frozen=True, kw_only=True, eq=False)
class LowRankColumns:
    """The columns of a matrix of N members that hold one tensor, low-rank about the same origin in all of them.

    Attributes:
        columns: Those of the tensor in the matrix.
        rows: The N members' tensors.
    """

    columns: slice
    rows: Sequence[LowRank]

    @property
    def factors(self) -> Factors:
        """The members' factors side by side; they are scaled by the shares of members, which add up to 1."""
        first, owners = self.rows[0], np.repeat(np.arange(len(self.rows)), [len(row.down) for row in self.rows])
        return Factors(
            origin=np.asarray(first.origin[:], np.float32).reshape(len(first.up), -1),
            up=np.concatenate([row.up * np.float32(row.scale) for row in self.rows], axis=1),
            down=np.concatenate([row.down for row in self.rows]),
            owners=owners,
        )

    def gram(self) -> np.ndarray:
        """Return the (N, N) float64 inner products of what is added to the origin, Σ (Bᵢᵀ Bⱼ) ∘ (Aᵢ Aⱼᵀ).

        No product B A is formed. They cost N² rank² (rows + columns).
        """
        ranks = [len(row.down) for row in self.rows]
        ups = np.concatenate([row.up.T for row in self.rows])
        products = _inner(ups) * _inner(np.concatenate([row.down for row in self.rows]))
        sums = np.repeat(np.eye(len(ranks)), ranks, axis=1)
        scales = np.array([row.scale for row in self.rows])
        gram: np.ndarray = sums @ products @ sums.T * np.outer(scales, scales)
        return gram


def low_rank_columns(weights: Weights) -> list[LowRankColumns]:
    """Return the tensors that are low-rank about one origin in all rows of a matrix, in order; none of an array."""
    if not isinstance(weights, Rows):
        return []
    tensors = zip(weights.columns, zip(*weights.parts, strict=True), strict=True)
    return [LowRankColumns(columns=columns, rows=rows) for columns, rows in tensors if _have_one_origin(rows)]


def other_columns(weights: Weights, low_rank: Sequence[LowRankColumns]) -> list[slice]:
    """Return the columns of a matrix that are in no low-rank tensor, in blocks as `column_blocks` makes them."""
    ends = [0, *(end for one in low_rank for end in (one.columns.start, one.columns.stop)), weights.shape[1]]
    gaps = [slice(start, stop) for start, stop in zip(ends[::2], ends[1::2], strict=True) if start < stop]
    return [
        slice(gap.start + block.start, gap.start + block.stop)
        for gap in gaps
        for block in column_blocks(gap.stop - gap.start, len(weights))
    ]


def factors_of_parts(factors: Factors, kinship: Kinship) -> Factors:
    """Return factors of members as those of the parts of a forest: members, or differences from their parents.

    A difference has the ranks of its member and, with the opposite sign, those of the member's parent.
    """
    children = kinship.children
    of_parents = [np.flatnonzero(factors.owners == parent) for parent in kinship.parents[children]]
    ranks = np.concatenate([np.arange(factors.rank), *of_parents]).astype(int)
    owners = np.concatenate([factors.owners, np.repeat(children, [len(own) for own in of_parents])]).astype(int)
    signs = np.where(np.arange(len(ranks)) < factors.rank, 1, -1).astype(np.float32)
    return Factors(origin=factors.origin, up=factors.up[:, ranks] * signs, down=factors.down[ranks], owners=owners)


def form_low_rank(networks: np.ndarray, shares: np.ndarray, factors: Factors) -> None:
    """Write one tensor of the networks of (n, P) shares into their (n, width) columns."""
    for network, own in zip(networks, shares, strict=True):
        network[:] = factors.form(own).reshape(-1)


def _have_one_origin(rows: Sequence[Part]) -> bool:
    low = [row for row in rows if isinstance(row, LowRank)]
    return len(low) == len(rows) and all(row.origin is low[0].origin for row in low)


def _inner(rows: np.ndarray) -> np.ndarray:
    """Return the float64 inner products of float32 rows."""
    products = np.zeros((len(rows), len(rows)))
    for block in column_blocks(rows.shape[1], len(rows)):
        wide = rows[:, block].astype(np.float64)
        products += wide @ wide.T
    return products
