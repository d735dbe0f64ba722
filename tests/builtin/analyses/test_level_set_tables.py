"""The analysis `level-sets`: its tables and pictures, on fields whose extrema are known."""

import numpy as np
import pytest
from attrs import evolve
from support.landscapes import landscape_of
from support.maps import a_map, atlas_of, grid

from globscope.api import Plot, Samples, barcode_plot, level_set_tree
from globscope.builtin.analyses.level_sets.analysis import LevelSets
from globscope.builtin.topology import Gudhi
from globscope.testing import tiny_bench
from globscope.topology.branch_layout import BranchLayout
from globscope.values.field import Field


def found_on(map_):
    return LevelSets().analyse(atlas_of(map_), tiny_bench(), np.random.default_rng(0))


def rows(finding, table):
    return finding.table(table).rows


def test_peaks_are_listed_with_the_height_at_which_each_meets_a_higher_one():
    values = np.array([0.0, 5.0, 1.0, 3.0, 2.5, 4.0, 0.5])
    line = Samples(points=np.arange(7.0)[:, None], index=np.arange(7)[:, None], shape=(7,))
    found = rows(found_on(a_map(samples=line, values=values, threshold=0.6)), "peaks")
    assert [(row["maximum"], row["value"], row["dies_at"], row["persistence"]) for row in found] == [
        (1, 5.0, None, None),
        (5, 4.0, 1.0, 3.0),
    ]


def test_trees_count_leaves_and_saddles_before_and_after_simplification():
    found = {row["tree"]: row for row in rows(found_on(a_map(values=wavy(grid().points))), "trees")}
    assert (found["join"]["minima"], found["join"]["maxima"]) == (2, None)
    assert (found["split"]["minima"], found["split"]["maxima"]) == (None, 2)
    assert (found["contour"]["minima"], found["contour"]["maxima"], found["contour"]["saddles"]) == (2, 2, 1)
    assert found["contour"]["minima_unsimplified"] >= 2


def wavy(points):
    """Two minima and two maxima at the corners of a square, the saddle between them at its centre."""
    return points[:, 0] * points[:, 1] + 3.0


def test_critical_points_of_a_saddle_lie_on_the_boundary_but_for_the_saddle():
    (row,) = rows(found_on(a_map(values=wavy(grid().points))), "critical_points")
    counts = [row[name] for name in ("axes", "minima", "saddles_1", "saddles_2", "multi_saddles", "maxima", "euler")]
    assert counts == [2, 2, 1, 0, 0, 2, 1]
    assert row["on_boundary"] == 4


def test_scattered_samples_have_trees_but_no_row_of_critical_points():
    points = np.random.default_rng(0).uniform(-1, 1, (60, 2))
    finding = found_on(a_map(samples=Samples(points=points), values=wavy(points)))
    assert rows(finding, "critical_points") == ()
    assert len(rows(finding, "trees")) == 3


def test_cells_hold_every_sample_of_the_tree_once():
    found = rows(found_on(a_map()), "cells")
    assert sum(row["samples"] for row in found) == 121
    assert sum(row["share"] for row in found) == pytest.approx(1)
    # Three wells, as in the merge tree.
    assert len({row["minimum"] for row in found}) == 3


def test_each_tree_has_its_own_pictures_where_a_map_has_several():
    twice = a_map()
    tree = twice.topologies["grid"]["gudhi"]
    finding = found_on(evolve(twice, topologies={"grid": {"gudhi": tree, "coarse": tree}}))
    assert [picture.name for picture in finding.pictures] == [
        f"{what} on one (grid, {name})" for name in ("gudhi", "coarse") for what in ("trees", "barcode")
    ]
    assert [picture.numbered for picture in finding.pictures] == [False, True] * 2


def test_bars_that_never_end_reach_the_other_end_of_the_values_and_short_ones_are_marked_as_removed():
    picture = barcode([0.0, 2.0, 1.0, 2.05, 2.0, 3.0], threshold=0.1)
    below = {series.label: (series.x, series.y) for series in picture.panels[0].series}
    assert below["never ends"] == ((0.0, 3.0), (1, 1))
    assert below["kept"] == ((1.0, 2.0), (2, 2))
    assert below["removed"][0] == pytest.approx((2.0, 2.05))
    assert picture.flaw == ""


def barcode(values, threshold) -> Plot:
    landscape = landscape_of(values)
    topology = Gudhi(persistence=threshold).compute(landscape)
    trees = (level_set_tree(landscape, topology, kind, -1) for kind in ("join", "split"))
    return barcode_plot(*trees, Field.of("train_loss"), threshold)


@pytest.mark.parametrize("kind", ["join", "split", "contour"])
def test_each_node_is_drawn_on_a_branch_that_spans_its_height(kind):
    landscape = landscape_of(np.random.default_rng(0).normal(size=(9, 10)))
    tree = level_set_tree(landscape, Gudhi(persistence=0.0).compute(landscape), kind)
    layout = BranchLayout.of(tree)
    spans = {
        int(across): sorted((tree.values[branch.leaf], tree.values[branch.saddle]))
        for across, branch in zip(layout.across, layout.decomposition.branches, strict=True)
    }
    assert sorted(spans) == list(range(len(layout.across)))
    for place, value in zip(layout.nodes.tolist(), tree.values.tolist(), strict=True):
        low, high = spans[place]
        assert low <= value <= high
