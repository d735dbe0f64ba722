"""Weighted edges as a graph for the functions of `scipy.sparse.csgraph`."""

from collections.abc import Iterable
from typing import Any

import numpy as np


def edge_graph(weights: np.ndarray, ends: Iterable[np.ndarray], count: int) -> Any:
    """Return a graph as a sparse matrix, with one entry for an edge.

    Its indices have 32 bits, since no others work with scipy before version 1.17.1.

    Args:
        weights: (edges,); a weight of 0 would be no edge.
        ends: The vertices at both ends, two arrays (edges,).
        count: The number of vertices, below 2³¹.
    """
    from scipy.sparse import coo_array

    low, high = (np.asarray(vertices, np.int32) for vertices in ends)
    return coo_array((weights, (low, high)), shape=(count, count)).tocsr()
