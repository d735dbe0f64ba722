"""Morse–Smale cells by steepest ways."""

import numpy as np
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from support.landscapes import landscape_of

from globscope.api import steepest_cells
from globscope.builtin.topology import Gudhi

LEVELS = st.sampled_from([0.0, 0.25, 0.5, 0.5, 1.0, 2.0, np.nan])
SHAPES = st.sampled_from([(7,), (4, 5), (3, 3, 3)])


def cells(values, persistence=None, threshold=0.0):
    landscape = landscape_of(values)
    topology = Gudhi(persistence=threshold).compute(landscape)
    return steepest_cells(landscape, topology, persistence), topology


def test_cells_of_a_line_lie_between_its_extrema():
    found, _ = cells([0.0, 2.0, 3.0, 1.0, 4.0])
    assert found.minima.tolist() == [0, 0, 3, 3, 3]
    assert found.maxima.tolist() == [2, 2, 2, 4, 4]
    assert found.sizes == {(0, 2): 2, (3, 4): 2, (3, 2): 1}


def test_cancelled_extrema_hand_their_samples_to_the_branch_that_goes_on():
    # The minimum 3 and the maximum 2 are 0.25 apart.
    found, _ = cells([0.0, 2.0, 3.0, 2.75, 4.0], persistence=0.25)
    assert found.minima.tolist() == [0, 0, 0, 0, 0]
    assert found.maxima.tolist() == [4, 4, 4, 4, 4]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    values=SHAPES.flatmap(lambda shape: arrays(float, shape, elements=LEVELS)), persistence=st.sampled_from([-1, 0.25])
)
def test_extrema_of_the_cells_are_the_leaves_of_the_trees_and_are_their_own(values, persistence):
    found, topology = cells(values, persistence, threshold=max(persistence, 0))
    tree, held = topology.full if persistence < 0 else topology.tree, np.isfinite(values.ravel())
    assert set(found.minima[held].tolist()) == set(tree.minima.tolist())
    assert np.array_equal(found.minima[tree.minima], tree.minima)
    assert np.array_equal(found.maxima[found.maxima[held]], found.maxima[held])
    assert np.array_equal(found.minima >= 0, held)
    assert np.array_equal(found.maxima >= 0, held)
