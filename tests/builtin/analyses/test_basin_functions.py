"""The analysis `basin-functions`: figures of any field in the basins of a tree, by hand and by definition."""

import numpy as np
import pytest
from attrs import evolve
from support.maps import a_map, atlas_of

from globscope.api import GlobscopeError, Samples, basin_values
from globscope.builtin.analyses.basin_functions import BasinFunctions
from globscope.testing import tiny_bench

LINE = Samples(points=np.arange(5.0)[:, None], index=np.arange(5)[:, None], shape=(5,))


def rows_of(map_, **options):
    finding = BasinFunctions(**options).analyse(atlas_of(map_), tiny_bench(), np.random.default_rng(0))
    return finding.table("basins").rows


def test_figures_of_another_field_are_over_the_samples_of_each_basin():
    # Basins of the training loss: samples 0, 1, 2 (the pass is part of the deeper one) and 3, 4.
    map_ = a_map(samples=LINE, values=np.array([0.0, 1.0, 5.0, 2.0, 3.0]))
    deep, shallow = rows_of(map_, fields=("test_loss",), quantiles=(0.5,))
    figures = ("minimum", "mean", "lowest", "q50", "highest", "finite", "samples", "share")
    assert [deep[name] for name in figures] == pytest.approx([0, 3.0, 0.0, 1.5, 7.5, 1.0, 3, 0.6])
    assert [shallow[name] for name in figures] == pytest.approx([3, 3.75, 3.0, 3.75, 4.5, 1.0, 2, 0.4])


def test_runs_are_counted_in_the_basin_where_the_map_shows_them_with_their_own_values():
    map_ = a_map()
    rows = rows_of(map_, fields=("train_loss",))
    assert [row["runs"] for row in rows] == [1, 1, 1]
    finals = sorted(map_.truth["train_loss"][list(map_.population.finals)].tolist())
    assert sorted(row["run_mean"] for row in rows) == pytest.approx(finals)


def test_all_fields_are_listed_where_none_is_named_and_the_distance_where_it_is():
    assert {row["field"] for row in rows_of(a_map())} == {"train_loss", "test_loss"}
    assert {row["field"] for row in rows_of(a_map(), fields=("distance_to_member",))} == {"distance_to_member"}


def test_values_that_are_not_finite_are_left_out_of_the_figures_and_counted():
    map_ = a_map(samples=LINE, values=np.array([0.0, 1.0, 5.0, 2.0, 3.0]))
    landscape = map_.landscapes["grid"]
    test_loss = np.array([np.nan, 1.0, np.inf, np.nan, np.nan])
    broken = with_field(map_, landscape, test_loss)
    deep, shallow = rows_of(broken, fields=("test_loss",))
    assert (deep["mean"], deep["finite"]) == (1.0, pytest.approx(1 / 3))
    assert (shallow["finite"], "mean" in shallow) == (0.0, False)
    # In Python nothing is left out.
    values = basin_values(broken.landscapes["grid"], broken.topology, "test_loss")
    np.testing.assert_array_equal(values[0], test_loss[:3])


def with_field(map_, landscape, test_loss):
    fields = {**landscape.fields, "test_loss": test_loss}
    return evolve(map_, landscapes={"grid": evolve(landscape, fields=fields)})


def test_a_field_that_there_is_not_is_refused_with_a_similar_one():
    map_ = a_map()
    with pytest.raises(GlobscopeError, match=r"^the landscape has no field 'tst_loss'; did you mean 'test_loss'\?$"):
        basin_values(map_.landscapes["grid"], map_.topology, "tst_loss")
