"""The heights at which a merge tree joins samples: the lowest highest value of any path between them."""

import numpy as np
from hypothesis import given, settings, strategies as st

from globscope.api import Landscape, Samples, join_heights
from globscope.builtin.topology import Gudhi


@st.composite
def graphs(draw):
    """A sparse graph of up to twelve samples, with ties and values that are not finite."""
    count = draw(st.integers(1, 12))
    value = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, np.nan, np.inf])
    values = draw(st.lists(value, min_size=count, max_size=count))
    pair = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda ends: ends[0] != ends[1])
    edges = draw(st.lists(pair, max_size=18)) if count > 1 else []
    return np.array(values), np.array(edges, int).reshape(-1, 2)


def landscape(values, edges):
    points = np.arange(2.0 * len(values)).reshape(-1, 2)
    return Landscape(
        samples=Samples(points=points, edges=edges),
        fields={"train_loss": values},
        distance_to_member=np.zeros(len(values)),
        trusted=np.ones(len(values), bool),
    )


def minimax(values, edges):
    """The same by trying every height, from below."""
    count = len(values)
    heights = np.full((count, count), np.inf)
    for height in sorted({value for value in values if np.isfinite(value)}, reverse=True):
        usable = values <= height
        joined = np.eye(count, dtype=bool) & usable
        for a, b in edges:
            joined[a, b] = joined[b, a] = usable[a] and usable[b]
        for _ in range(count):
            joined |= (joined.astype(int) @ joined.astype(int)) > 0
        heights[joined] = height
    return heights


@settings(deadline=None, max_examples=150)
@given(graphs())
def test_two_samples_are_joined_at_the_lowest_height_of_any_path_between_them(graph):
    values, edges = graph
    found = Gudhi(persistence=0.0).compute(landscape(values, edges))
    heights = join_heights(found.full, values, np.arange(len(values)))
    np.testing.assert_array_equal(heights, minimax(values, edges))


def test_minima_are_joined_where_the_merge_tree_joins_them():
    values = np.array([0.0, 3.0, 1.0, 2.0, 0.5])
    found = Gudhi(persistence=0.0).compute(landscape(values, np.array([[0, 1], [1, 2], [2, 3], [3, 4]])))
    heights = join_heights(found.full, values, found.full.minima)
    for row, first in enumerate(found.full.minima.tolist()):
        for column, second in enumerate(found.full.minima.tolist()):
            assert heights[row, column] == found.full.minimax(first, second)[1]
