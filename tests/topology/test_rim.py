"""The border of a lattice."""

import numpy as np
from support.landscapes import landscape_of

from globscope.topology.rim import rim


def test_the_rim_of_a_lattice_is_its_border():
    samples = landscape_of(np.zeros((3, 4))).samples
    assert np.flatnonzero(~rim(samples)).tolist() == [5, 6]


def test_a_line_and_scattered_samples_have_no_rim():
    assert not rim(landscape_of(np.zeros(5)).samples).any()
    assert not rim(landscape_of([0, 1], points=[[0, 0], [1, 0]]).samples).any()
