"""The edges of samples that lie on no path: each leads down to one sample of the graph, and so makes no leaf."""

import numpy as np

from globscope.builtin.samplers.critical_points.record import Record

BLOCK = 512


def join_rest(record: Record, minima: np.ndarray) -> None:
    """Join every sample without an edge to the nearest lower one of the graph, a trusted one if it is trusted.

    Such a sample has this one edge and no other, so that it lowers no pass. One that is lower than all is joined to the
    nearest. The graph is of samples with edges and of the (m,) numbers of `minima`, which no way joins if no path does.
    """
    samples, trusted = record.everything(), record.trusted
    on_graph = np.zeros(record.count, bool)
    on_graph[record.edges.ravel()] = on_graph[minima] = True
    finite = np.isfinite(samples.values)
    rest, graph = np.flatnonzero(~on_graph & finite), np.flatnonzero(on_graph & finite)
    if not len(graph):
        return
    for start in range(0, len(rest), BLOCK):
        rows = rest[start : start + BLOCK]
        apart = _distances(samples.points[rows], samples.points[graph])
        higher = samples.values[graph][None] > samples.values[rows][:, None]
        distrusted = trusted[rows][:, None] & ~trusted[graph][None]
        # Worse by a whole box for each wish that is not met: lower first, then trusted, then near.
        far = float(apart.max()) + 1
        nearest = graph[(apart + 2 * far * higher + far * distrusted).argmin(axis=1)]
        record.join(np.stack([rows, nearest], axis=1))


def _distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return (n, m) distances; by products, which is fast and exact enough to choose the nearest."""
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    apart: np.ndarray = np.sqrt(np.maximum(squares, 0))
    return apart
