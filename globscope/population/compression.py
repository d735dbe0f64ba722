"""Compressed networks: pruned to a common mask, or with matrices of low rank."""

from collections.abc import Iterator
from math import ceil

import numpy as np
from attrs import define, field

from globscope.spec.population import Compress
from globscope.values.arrays import column_blocks
from globscope.values.members import Layout, Population
from globscope.values.rows import Weights

# Columns of a population, and the (n, columns) weights in them.
Block = tuple[slice, np.ndarray]


@define(frozen=True, kw_only=True)
class Pruning:
    """The same weights kept in all networks.

    Attributes:
        kept: (D,) whether a weight is kept.
        rest: (D,) float32 values of all other weights.
    """

    kept: np.ndarray = field(eq=False, repr=False)
    rest: np.ndarray = field(eq=False, repr=False)

    @property
    def numbers(self) -> int:
        """How many numbers describe a network."""
        return int(self.kept.sum())

    def blocks(self, weights: Weights) -> Iterator[Block]:
        """Yield (n, D) weights, pruned, block by block of columns."""
        for columns in _blocks(weights):
            yield columns, np.where(self.kept[columns], weights[:, columns], self.rest[columns])


@define(frozen=True, kw_only=True)
class LowRank:
    """Matrices, or their differences from a mean, of a rank at most.

    Convolutions are matrices with a row for each output channel; tensors of one axis stay as they are.

    Attributes:
        rank: The largest rank.
        layout: Names and shapes of the tensors.
        origin: (D,) float64 from which differences are taken; None where matrices themselves have a low rank.
    """

    rank: int
    layout: Layout
    origin: np.ndarray | None = field(eq=False, repr=False)

    @property
    def numbers(self) -> int:
        """How many numbers describe a network."""
        return sum(
            self.rank * (shape[0] + size // shape[0]) if self._is_cut(shape, size) else size
            for shape, size in zip(self.layout.shapes, self.layout.sizes, strict=True)
        )

    def blocks(self, weights: Weights) -> Iterator[Block]:
        """Yield (n, D) weights of low rank, tensor by tensor.

        The truncated singular value decomposition has the least squared error of all of this rank (Eckart & Young,
        1936).
        """
        start = 0
        for shape, size in zip(self.layout.shapes, self.layout.sizes, strict=True):
            columns = slice(start, start := start + size)
            tensors = np.asarray(weights[:, columns])
            yield columns, self._cut(tensors, columns, shape[0]) if self._is_cut(shape, size) else tensors

    def _is_cut(self, shape: tuple[int, ...], size: int) -> bool:
        """Whether a tensor is a matrix of a higher rank than is kept."""
        return len(shape) > 1 and self.rank < min(shape[0], size // shape[0])

    def _cut(self, tensors: np.ndarray, columns: slice, rows: int) -> np.ndarray:
        origin = 0.0 if self.origin is None else self.origin[columns]
        matrices = (tensors - origin).astype(np.float64).reshape(len(tensors), rows, -1)
        left, spreads, right = np.linalg.svd(matrices, full_matrices=False)
        low = (left[..., : self.rank] * spreads[:, None, : self.rank]) @ right[:, : self.rank]
        cut: np.ndarray = (origin + low.reshape(tensors.shape)).astype(np.float32)
        return cut


Compression = Pruning | LowRank


def compression(members: Population, choice: Compress) -> Compression:
    """Return how a spec compresses networks, with mask or mean found over some members."""
    if choice.rank is not None:
        origin = _means(members.weights) if choice.of == "difference" else None
        return LowRank(rank=choice.rank, layout=members.layout, origin=origin)
    assert choice.keep is not None
    size = members.layout.size
    scores, rest = np.empty(size, np.float32), np.zeros(size, np.float32)
    for columns in _blocks(members.weights):
        block = np.asarray(members.weights[:, columns], np.float64)
        if choice.by == "variance":
            scores[columns], rest[columns] = block.var(axis=0), block.mean(axis=0)
        else:
            scores[columns] = np.abs(block).mean(axis=0)
    return Pruning(kept=_highest(scores, ceil(choice.keep * size)), rest=rest)


def _means(weights: Weights) -> np.ndarray:
    means = np.empty(weights.shape[1])
    for columns in _blocks(weights):
        means[columns] = np.asarray(weights[:, columns], np.float64).mean(axis=0)
    return means


def _highest(scores: np.ndarray, count: int) -> np.ndarray:
    """Return the (D,) mask of so many of the highest scores; of equal ones, the first."""
    bound = np.partition(scores, len(scores) - count)[len(scores) - count]
    kept: np.ndarray = scores > bound
    kept[np.flatnonzero(scores == bound)[: count - int(kept.sum())]] = True
    return kept


def _blocks(weights: Weights) -> list[slice]:
    return column_blocks(weights.shape[1], weights.shape[0])
