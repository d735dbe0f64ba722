"""Lowest passes, against the merge tree and against every path that there is."""

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from support.landscapes import landscape_of

from globscope.api import Passes, Samples, neighbours, sweep_order
from globscope.builtin.analyses.low_loss_pass.minimax_path import minimax_paths
from globscope.builtin.topology import Gudhi
from globscope.pipeline.stages.topology import with_adjacency
from globscope.testing.tiny.landscapes import landscape, lattice
from globscope.topology.passes import tree_passes

few = settings(max_examples=60, deadline=None, derandomize=True)
# Few different values, so that there are ties.
fields = st.tuples(st.integers(2, 7), st.integers(2, 7)).flatmap(
    lambda shape: st.lists(st.integers(0, 6), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]).map(
        lambda values: np.reshape(values, shape).astype(float)
    )
)


def walks(values, points=None):
    """Return the merge tree of a field, the samples by rising value, and the lowest paths between all its minima."""
    landscape = landscape_of(values, points=points)
    tree = Gudhi(persistence=0.0).compute(landscape).tree
    field = landscape.fields["train_loss"]
    swept = sweep_order(field, np.isfinite(field))
    place = np.empty(len(field), int)
    place[swept] = np.arange(len(swept))
    passes = Passes.of(neighbours(landscape.samples, swept))
    found = {}
    for one in tree.minima.tolist():
        for two, path in zip(tree.minima.tolist(), passes.paths(place[one], place[tree.minima]), strict=True):
            found[one, two] = swept[path]
    return tree, field, found, neighbours(landscape.samples, swept), place


@few
@given(fields)
def test_the_top_of_the_lowest_path_is_the_saddle_of_the_merge_tree(values):
    tree, field, found, _, _ = walks(values)
    for (one, two), path in found.items():
        vertex, height = tree.minimax(one, two)
        assert field[path].max() == height
        assert vertex in path


@few
@given(fields)
def test_a_lowest_path_leads_from_neighbour_to_neighbour_and_visits_nothing_twice(values):
    _, _, found, graph, place = walks(values)
    for (one, two), path in found.items():
        assert (path[0], path[-1]) == (one, two)
        assert len(set(path.tolist())) == len(path)
        for before, after in zip(place[path], place[path[1:]], strict=False):
            assert before in graph[after] or after in graph[before]


@few
@given(st.integers(0, 2**32 - 1))
def test_the_top_is_the_saddle_among_scattered_samples_too(seed):
    rng = np.random.default_rng(seed)
    tree, field, found, _, _ = walks(rng.normal(size=40), points=rng.normal(size=(40, 2)))
    assert found
    for (one, two), path in found.items():
        met = tree.minimax(one, two)
        assert len(path) == 0 if met is None else field[path].max() == met[1]


def test_no_path_leads_between_components():
    values = np.array([[0.0, np.nan, 1.0], [2.0, np.nan, 3.0]])
    tree, _, found, _, _ = walks(values)
    one, two = tree.minima
    assert len(found[one, two]) == 0
    assert tree.minimax(one, two) is None


def test_a_path_follows_the_floor_of_a_valley_to_its_pass():
    """Two pits joined by a bent valley: the straight way over the plateau is shorter and higher."""
    values = np.full((5, 5), 9.0)
    values[[0, 1, 2, 3, 4, 4, 4, 4, 4, 3, 2, 1, 0], [0, 0, 0, 0, 0, 1, 2, 3, 4, 4, 4, 4, 4]] = 1.0
    values[0, 0], values[0, 4], values[4, 2] = 0.0, 0.5, 2.0
    _, field, found, _, _ = walks(values)
    path = found[0, 4]
    assert field[path].max() == 2.0
    assert sorted(field[path].tolist())[-2] == 1.0


def test_samples_on_a_line_have_the_one_path():
    values = np.array([0.0, 3.0, 1.0])
    landscape = landscape_of(values, points=np.arange(3.0)[:, None])
    assert isinstance(landscape.samples, Samples)
    _, _, found, _, _ = walks(values, points=np.arange(3.0)[:, None])
    assert found[0, 2].tolist() == [0, 1, 2]


@few
@given(fields, st.data())
def test_the_highest_vertices_of_all_lowest_paths_are_those_of_each_path(values, data):
    landscape = landscape_of(np.where(values == 0, np.nan, values))  # what is left out parts the graph
    field = landscape.fields["train_loss"]
    swept = sweep_order(field, np.isfinite(field))
    passes = Passes.of(neighbours(landscape.samples, swept))
    start = data.draw(st.integers(0, max(len(swept) - 1, 0)))
    if len(swept):
        each = [max(path, default=len(swept)) for path in passes.paths(start, np.arange(len(swept)))]
        assert passes.highest(start).tolist() == each


@pytest.mark.parametrize("adjacency", ["freudenthal", "full", "knn"])
def test_the_passes_of_a_tree_are_as_high_as_its_saddles_by_its_own_rule_of_neighbours(adjacency):
    surface = landscape(np.random.default_rng(0).uniform(0, 1, 81), lattice(), "train_loss")
    if adjacency == "knn":
        surface = evolve(surface, samples=Samples(points=surface.samples.points))
    method = Gudhi(persistence=0.2, adjacency=adjacency, neighbours=6 if adjacency == "knn" else None)
    topology = with_adjacency(method.compute(surface), method, surface.samples)
    values, tree = surface.fields["train_loss"], topology.tree
    paths = tree_passes(surface, values, topology)
    assert len(paths) == len(tree.minima) - len(set(tree.parts.tolist())) > 2
    for path in paths:
        assert values[path].max() == tree.minimax(int(path[0]), int(path[-1]))[1]
    for path in minimax_paths(surface, topology):
        assert values[path.samples].max() == path.saddle
