"""How many leaves a tree has under each rule of a lattice's neighbours."""

import numpy as np
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from support.landscapes import landscape_of

from globscope.builtin.topology import Gudhi
from globscope.topology.leaf_count import leaves_by_neighbours

# Few levels, so that plateaus and ties are common, and samples that are not finite.
LEVELS = st.sampled_from([0.0, 0.25, 0.5, 0.5, 1.0, 2.0, np.nan, np.inf])
SHAPES = st.sampled_from([(7,), (5, 6), (1, 4), (3, 3, 4)])


@settings(max_examples=60, deadline=None)
@given(values=SHAPES.flatmap(lambda shape: arrays(float, shape, elements=LEVELS)), threshold=st.sampled_from([0, 0.25]))
def test_each_rule_has_as_many_leaves_as_the_tree_that_is_computed_with_it(values, threshold):
    landscape = landscape_of(values)
    for rule in ("freudenthal", "full"):
        found = Gudhi(persistence=threshold, adjacency=rule).compute(landscape)
        assert leaves_by_neighbours(landscape, found)[rule] == len(found.tree.minima)


def test_two_wells_that_touch_at_a_corner_are_one_basin_only_where_corners_join():
    walls = np.full((4, 4), 1.0)
    walls[1, 1] = walls[2, 2] = 0.0  # across the diagonal that Freudenthal's triangulation lacks
    landscape = landscape_of(walls)
    assert leaves_by_neighbours(landscape, Gudhi().compute(landscape)) == {"freudenthal": 2, "full": 1}


def test_samples_that_the_tree_leaves_out_are_left_out_of_the_count():
    trusted = np.array([True, True, True, False, True])
    landscape = landscape_of([0.0, 1.0, 0.0, 1.0, 0.0], trusted=trusted)
    masked = Gudhi(mask=True).compute(landscape)
    assert leaves_by_neighbours(landscape, masked) == {"freudenthal": 3, "full": 3}


def test_scattered_samples_have_no_such_rules():
    landscape = landscape_of([0.0, 1.0, 0.0], points=[[0, 0], [1, 0], [2, 0]])
    assert leaves_by_neighbours(landscape, Gudhi().compute(landscape)) == {}
