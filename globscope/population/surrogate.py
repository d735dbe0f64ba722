"""Surrogates of a population: vectors with the members' distances and nothing else of them."""

from collections.abc import Iterator

import numpy as np

from globscope.values.arrays import column_blocks
from globscope.values.members import Population


def gaussian_surrogates(population: Population, seed: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the weights of surrogates, block by block: slices of the D columns with (N, width) float32 values.

    Every tensor is moved by a random isometry: as W is L Q, with orthonormal rows Q, the surrogates are L U, where U is
    drawn uniformly among all such Q. So all inner products of the members' tensors stay as they are, within runs and
    between runs: norms, distances, angles, the Gram matrix and all that PCA sees. They are computed in float64; the
    weights are rounded to float32, each by at most 6e-8 of itself. U is Z whitened by its own inner products, where Z
    is Gaussian; its blocks are drawn twice from seeds of their own, so no more than one block of the population is in
    memory. Differences from one generator to another of NumPy aside, equal seeds give equal surrogates.
    """
    start = 0
    for tensor, size in enumerate(population.layout.sizes):
        blocks = column_blocks(size, len(population.members))
        columns = [slice(start + block.start, start + block.stop) for block in blocks]
        factor = _factor(population, columns)
        draws = [(seed, tensor, number) for number in range(len(blocks))]
        widths = [block.stop - block.start for block in blocks]
        mixing = factor @ _whitening(factor.shape[1], draws, widths)
        for block, draw, width in zip(columns, draws, widths, strict=True):
            yield block, (mixing @ _gaussian(draw, factor.shape[1], width)).astype(np.float32)
        start += size


def _factor(population: Population, columns: list[slice]) -> np.ndarray:
    """Return the (N, k) matrix L of one tensor, where L Lᵀ are the members' inner products."""
    count = len(population.members)
    products = np.zeros((count, count))
    for block in columns:
        part = np.asarray(population.weights[:, block], np.float64)
        products += part @ part.T
    squares, axes = np.linalg.eigh(products)
    width = sum(block.stop - block.start for block in columns)
    kept = slice(max(count - width, 0), None)  # of the others all is rounding
    factor: np.ndarray = axes[:, kept] * np.sqrt(np.maximum(squares[kept], 0))
    return factor


def _whitening(rank: int, draws: list[tuple[int, int, int]], widths: list[int]) -> np.ndarray:
    """Return the (k, k) symmetric matrix that makes the rows of the draws orthonormal."""
    products = np.zeros((rank, rank))
    for draw, width in zip(draws, widths, strict=True):
        part = _gaussian(draw, rank, width)
        products += part @ part.T
    squares, axes = np.linalg.eigh(products)
    whitening: np.ndarray = axes / np.sqrt(squares) @ axes.T
    return whitening


def _gaussian(draw: tuple[int, int, int], rank: int, width: int) -> np.ndarray:
    return np.random.default_rng(draw).standard_normal((rank, width))
