"""Which samples are neighbours on a lattice."""

from itertools import product

import numpy as np


def offsets(axes: int, kind: str) -> np.ndarray:
    """Return the (k, axes) steps from a lattice vertex to its neighbours, both ways.

    Freudenthal's triangulation joins x with x + e, e any non-zero vector of zeros and ones; as in
    TTK, the last axis (the fastest in C order, an image's x) runs backwards, so that in 2-D the
    diagonal joins (i, j) with (i + 1, j − 1).
    """
    if kind == "full":
        return np.array([step for step in product((-1, 0, 1), repeat=axes) if any(step)])
    ahead = np.array([step for step in product((0, 1), repeat=axes) if any(step)])
    ahead[:, -1] *= -1
    return np.concatenate([ahead, -ahead])


def lattice_neighbours(index: np.ndarray, shape: tuple[int, ...], kind: str) -> np.ndarray:
    """Return the (m, k) neighbours of lattice vertices `index`, (m, axes), in their order.

    Vertices of the lattice that are not in `index` are no neighbours.

    Raises:
        ValueError: An index lies outside the lattice, or occurs twice.
    """
    # With a rim of absent vertices no border needs a test.
    padded = tuple(size + 2 for size in shape)
    numbers = np.arange(len(index))
    if np.any((index < 0) | (index >= shape)):
        raise ValueError(f"a sample lies outside its lattice of shape {shape}")
    places = np.ravel_multi_index(tuple(index.T + 1), padded)
    vertex = np.full(np.prod(padded), -1)
    vertex[places] = numbers
    if np.any(vertex[places] != numbers):
        raise ValueError("two samples share one lattice vertex")
    strides = np.array([np.prod(padded[axis + 1 :], dtype=int) for axis in range(len(padded))])
    around = vertex[places[:, None] + offsets(len(shape), kind) @ strides]
    return np.where(around < 0, numbers[:, None], around)
