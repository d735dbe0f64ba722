"""The resolution check: the finer lattice holds the coarse one, and is decoded only where it must be."""

from functools import partial

import numpy as np
import pytest
from attrs import evolve
from support.study import TINY, study_in, values

from globscope.api import Samples
from globscope.builtin.analyses.resolution import Resolution, refine
from globscope.testing import tiny_atlas, tiny_bench
from globscope.testing.tiny.landscapes import lattice

RESOLUTION = '[[analysis]]\nuse = "resolution"\n'


def analysed(atlas):
    found = Resolution().analyse(atlas, tiny_bench(), np.random.default_rng(0))
    return found, {table.name: table.rows for table in found.tables}


@pytest.mark.parametrize("order", ["C order", "any order"])
def test_every_second_sample_of_the_finer_lattice_is_one_of_the_coarse_point_for_point(order):
    samples = lattice()
    rows = np.arange(81) if order == "C order" else np.random.default_rng(0).permutation(81)
    samples = Samples(points=samples.points[rows], index=samples.index[rows], shape=(9, 9))
    finer = refine(samples)
    assert finer.samples.shape == (17, 17)
    assert np.array_equal(finer.samples.points[finer.old], samples.points)
    assert np.array_equal(finer.samples.index[finer.old], 2 * samples.index)
    assert len(finer.new) == 17 * 17 - 81
    assert np.array_equal(np.ravel_multi_index(tuple(finer.samples.index.T), (17, 17)), np.arange(289))
    # The steps are 0.25, which doubles hold exactly.
    assert np.array_equal(finer.samples.points, finer.samples.index * 0.25 - 2)


def test_what_is_no_whole_lattice_along_all_axes_is_not_refined():
    whole = lattice()
    part = Samples(points=whole.points[1:], index=whole.index[1:], shape=(9, 9))
    walked = Samples(points=whole.points[:9], index=np.arange(9)[:, None], shape=(9,))
    assert [refine(samples) for samples in (part, walked, Samples(points=whole.points))] == [None] * 3


@pytest.mark.parametrize(("pointwise", "decoded", "new"), [(True, "between", 17 * 17 - 81), (False, "afresh", 17 * 17)])
def test_the_two_bowls_are_found_again_with_their_persistences(pointwise, decoded, new):
    atlas = tiny_atlas()
    one = evolve(atlas.maps[0], chart=evolve(atlas.maps[0].chart, pointwise=pointwise))
    found, tables = analysed(evolve(atlas, maps=(one,)))
    (row,) = tables["lattices"]
    assert (row["coarse"], row["fine"], row["leaves"], row["leaves_fine"]) == ("9 × 9", "17 × 17", 2, 2)
    assert (row["decoded"], row["new_networks"]) == (decoded, new)
    # Both lattices hold the floors and the pass, whose column x = 0 is symmetric about its lowest sample.
    assert row["bottleneck"] < 0.5
    assert [leaf["place_fine"] for leaf in tables["leaves"]] == ["(-1, 0)", "(1, 0)"]
    assert not found.warnings
    assert found.records["linear"]["resolution_leaves_fine"] == 2


def test_a_count_of_leaves_that_changes_is_warned_of_and_the_new_leaf_has_no_coarse_one():
    atlas = tiny_atlas()
    # Samples on the pass and on the rim alone: the bowls' floors lie between them.
    axes = np.array([-2.0, 0.0, 2.0])
    points = np.stack(np.meshgrid(axes, axes, indexing="ij"), axis=-1).reshape(-1, 2)
    samples = Samples(points=points, index=np.indices((3, 3)).reshape(2, -1).T, shape=(3, 3))
    coarse = tiny_bench().sample(atlas.maps[0], samples)
    topologies = {"grid": {"gudhi": tiny_bench().topology("gudhi", coarse)}}
    one = evolve(atlas.maps[0], landscapes={"grid": coarse}, topologies=topologies)
    found, tables = analysed(evolve(atlas, maps=(one,)))
    (row,) = tables["lattices"]
    assert (row["leaves"], row["leaves_fine"]) == (1, 2)
    (text,) = found.warnings
    assert "1 on 3 × 3 samples, 2 on 5 × 5" in text
    kept, new = tables["leaves"]
    assert (kept["place"], kept["place_fine"]) == ("(-2, 0)", "(-1, 0)")
    assert (new["place"], new["value"], new["place_fine"], new["persistence_fine"]) == (None, None, "(1, 0)", 0.75)


@pytest.fixture
def study(tmp_path):
    return partial(study_in, tmp_path, TINY + RESOLUTION)


def test_the_finer_landscape_is_that_of_a_study_with_the_finer_grid(study, tmp_path):
    outcome = values(study())
    fine = values(study_in(tmp_path, TINY, "sampler.0.resolution=9", run="fine")).atlas.maps[0]
    (row,) = outcome.findings["resolution"].tables[0].rows
    assert (row["coarse"], row["fine"], row["decoded"], row["new_networks"]) == ("5 × 5", "9 × 9", "between", 56)
    assert row["leaves_fine"] == len(fine.topology.tree.minima)
    leaves = [leaf["value_fine"] for leaf in outcome.findings["resolution"].tables[1].rows if leaf["value_fine"]]
    # Float32 networks from midpoints and from a finer linspace differ in their last bits.
    np.testing.assert_allclose(np.sort(leaves), np.sort(fine.topology.tree.births), rtol=1e-3)


def test_a_second_run_decodes_and_evaluates_nothing_again_and_still_knows_how_the_chart_decodes(study, notes):
    first = values(study())
    again = values(study(), notes)
    assert notes.ran == []
    assert again.atlas.maps[0].chart.pointwise
    assert again.findings["resolution"] == first.findings["resolution"]


def test_the_estimate_counts_the_networks_of_the_finer_lattice_and_the_plan_says_so(study, tmp_path):
    more, without = study().estimate(), study_in(tmp_path, TINY).estimate()
    assert more.evaluations == without.evaluations + 81
    assert more.stages[-1].endswith("up to 81 more networks")
