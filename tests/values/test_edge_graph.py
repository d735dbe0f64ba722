"""Edges as a graph for scipy, whose older versions take indices of 32 bits alone."""

import numpy as np
from scipy.sparse.csgraph import connected_components

from globscope.values.edge_graph import edge_graph


def test_indices_have_32_bits_whatever_the_edges_have():
    ends = np.array([[0, 1], [1, 2]], np.int64)
    graph = edge_graph(np.array([5.0, 7.0]), ends, 4)
    assert (graph.indices.dtype, graph.indptr.dtype) == (np.int32, np.int32)
    assert graph.toarray().tolist() == [[0, 5, 0, 0], [0, 0, 7, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert connected_components(graph, directed=False)[0] == 2


def test_a_graph_may_have_no_edge():
    assert edge_graph(np.empty(0), np.empty((2, 0), int), 3).shape == (3, 3)
