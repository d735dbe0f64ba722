"""Comparison of arrays under names."""

import numpy as np


def assert_same_arrays(found, wanted, **tolerance):
    """Check that two mappings have the same names and arrays: bit for bit, unless a tolerance is given."""
    assert wanted
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        if tolerance:
            np.testing.assert_allclose(found[name], array, err_msg=str(name), **tolerance)
        else:
            np.testing.assert_array_equal(found[name], array, err_msg=str(name), strict=True)
