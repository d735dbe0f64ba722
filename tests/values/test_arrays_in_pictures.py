"""Arrays become the plain numbers that pictures hold."""

import numpy as np

from globscope.api import Series, Trail


def test_a_series_holds_none_where_an_array_is_not_finite():
    series = Series.of("loss", np.arange(3), np.array([0.5, np.nan, np.inf]), "points")
    assert series == Series(label="loss", x=(0.0, 1.0, 2.0), y=(0.5, None, None), style="points")


def test_a_trail_holds_one_tuple_a_point():
    assert Trail.of("run", np.eye(2)) == Trail(label="run", points=((1.0, 0.0), (0.0, 1.0)))
    assert Trail.of("run", []).points == ()
