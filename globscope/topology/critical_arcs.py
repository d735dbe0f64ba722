"""The critical nodes of a tree of every vertex of a sweep, and the arcs between them."""

import numpy as np

from globscope.topology.augmented_trees import NONE


def critical_arcs(count: int, arcs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the critical vertices, the arcs between them, and the arc of each vertex.

    A vertex is critical unless it has one arc below and one above.

    Args:
        count: Number m of vertices, numbered by their place in the sweep.
        arcs: (e, 2) arcs of a forest of all vertices, lower end first.

    Returns:
        (k,) rising vertices; (a, 2) their rows, lower end first; (m,) arc of each vertex, −1 for one without arcs, and
        one of several for a critical vertex.
    """
    below, above = (np.bincount(arcs[:, end], minlength=count) for end in (1, 0))
    critical = (below != 1) | (above != 1)
    low, high = (_next_critical(critical, arcs, side) for side in (0, 1))
    ends = np.stack([low[arcs[:, 0]], high[arcs[:, 1]]], axis=1)
    unique, owner = np.unique(ends, axis=0, return_inverse=True)
    nodes = np.flatnonzero(critical)
    arc = np.full(count, NONE)
    arc[arcs[:, 1]] = arc[arcs[:, 0]] = owner.ravel()
    return nodes, np.searchsorted(nodes, unique), arc


def _next_critical(critical: np.ndarray, arcs: np.ndarray, side: int) -> np.ndarray:
    """Return the first critical vertex from each vertex on, downwards (side 0) or upwards (1); itself if critical."""
    step = np.arange(len(critical))
    step[arcs[:, 1 - side]] = arcs[:, side]
    step[critical] = np.flatnonzero(critical)
    while not np.array_equal(farther := step[step], step):
        step = farther
    return step
