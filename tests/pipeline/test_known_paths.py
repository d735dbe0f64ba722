"""The lowest known path between every two runs: maps' passes and analyses' paths, compared where they can be."""

import numpy as np
import pytest
from attrs import asdict, evolve
from support.line import ENDS, HEIGHTS, LOSS, a_map, atlas_of, line, population
from support.study import TINY, study_in, values

from globscope.api import (
    Field,
    Finding,
    KnownPath,
    Samples,
)
from globscope.builtin.topology import Gudhi
from globscope.errors import PluginError
from globscope.pipeline.known_paths import paths_of_study
from globscope.pipeline.lowest_paths import lowest_paths
from globscope.returned.known_paths import check_paths


def lowest(atlas, findings):
    return lowest_paths(paths_of_study(atlas, findings))


def row(finding, one, other):
    return next(row for row in finding.tables[0].rows if (row["one"], row["other"]) == (one, other))


def test_a_path_is_as_good_as_its_worst_network():
    accuracy = Field.of("test_accuracy")
    (loss,) = KnownPath.of_values(("A", "B"), LOSS, np.array([0.1, 0.9, 0.2]), "a")
    (share,) = KnownPath.of_values(("A", "B"), accuracy, np.array([0.9, 0.5, 1.0]), "a")
    assert (loss.worst, share.worst, loss.networks) == (0.9, 0.5, 3)
    for field in (LOSS, accuracy):
        for bad in (np.nan, np.inf, -np.inf):
            assert KnownPath.of_values(("A", "B"), field, np.array([0.1, bad, 0.2]), "a") == ()


def test_the_pass_on_a_map_that_shows_the_networks_themselves_is_a_known_path():
    found = lowest(atlas_of(a_map()), {})
    assert row(found, "A", "B") == {
        "one": "A", "other": "B", "field": "train_loss", "lowest": 1.0, "found_by": "pass on line (grid)",
        "networks": None, "on line": 1.0,
    }  # fmt: skip
    assert row(found, "A", "C")["lowest"] == row(found, "B", "C")["on line"] == 2.0
    assert not found.warnings


def test_a_pass_on_samples_of_no_lattice_is_a_known_path_only_if_its_sampler_measures_along_its_edges():
    line_ = a_map()
    samples = Samples(points=line_.landscape.samples.points[::4], edges=np.array([[0, 1], [1, 2]]))
    leaping = evolve(line_.landscape, samples=samples, fields={"train_loss": HEIGHTS[::4]})
    leaping = evolve(leaping, distance_to_member=np.zeros(3), trusted=np.ones(3, bool))
    map_ = evolve(
        line_, landscapes={"far": leaping}, topologies={"far": {"gudhi": Gudhi(persistence=0.0).compute(leaping)}}
    )
    known = paths_of_study(atlas_of(map_), {})
    assert not known.paths
    assert known.pass_on("line", ("train_loss", "A", "B")) == 0.02
    assert len(paths_of_study(atlas_of(map_), {}, ["far"]).paths) == 3


def test_the_pass_between_networks_that_a_map_decodes_beside_the_runs_is_shown_but_not_compared():
    found = lowest(atlas_of(a_map(shift=0.2)), {})
    assert row(found, "A", "B") == {"one": "A", "other": "B", "field": "train_loss", "on line": 1.0}
    passes, paths = found.tables
    assert passes.name == "passes"
    assert "No path from network to network was measured." in passes.caption
    (path, *_) = paths.rows
    assert path["compared"] == "its ends lie 5.0% of the distance off"
    assert not found.pictures


def test_the_lowest_path_is_found_whatever_found_it_and_whichever_run_is_named_first():
    findings = {"one": Finding(paths=(line("B", "A", 0.5),)), "two": Finding(paths=(line("A", "B", 0.06),))}
    found = lowest(atlas_of(a_map()), findings)
    assert (row(found, "A", "B")["lowest"], row(found, "A", "B")["found_by"]) == (0.06, "straight line (two)")
    assert (row(found, "A", "B")["networks"], row(found, "A", "C")["lowest"]) == (3, 2.0)
    assert {(path.one, path.other) for path in found.paths if path.found_by.startswith("straight")} == {("A", "B")}


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ({"examples": "the first 100"}, "measured on other examples: the first 100"),
        ({"ends": None}, "it begins or ends at another network"),
        ({"ends": 0.4}, "its ends lie 40.0% of the distance off"),
    ],
)
def test_a_path_that_cannot_be_compared_is_listed_with_the_reason_and_left_out(about, why):
    found = lowest(atlas_of(a_map()), {"one": Finding(paths=(line("A", "B", 0.06, **about),))})
    assert row(found, "A", "B")["lowest"] == 1.0
    assert [path["compared"] for path in found.tables[1].rows].count(why) == 1


def test_a_map_most_of_whose_walls_are_beaten_is_warned_of_with_the_worst_wall():
    beaten = (line("A", "B", 0.06), line("B", "C", 0.1))
    found = lowest(atlas_of(a_map()), {"lines": Finding(paths=beaten)})
    assert found.warnings == (
        "line (grid): 3 of 3 walls between runs are too high, for lower paths are known: the wall between A and C, 2, "
        "against a path at 0.1, found by: through B: straight line (lines)",
    )
    assert not lowest(atlas_of(a_map()), {"lines": Finding(paths=beaten[:1])}).warnings


def test_of_many_maps_with_beaten_walls_five_are_warned_of_in_full():
    maps = [a_map(f"map {number}") for number in range(7)]
    *single, last = lowest(
        atlas_of(*maps), {"lines": Finding(paths=(line("A", "B", 0.06), line("B", "C", 0.1)))}
    ).warnings
    assert [text.partition(" (")[0] for text in single] == [f"map {number}" for number in range(5)]
    assert last.startswith("on 2 further maps most walls between runs are too high")


def test_a_wall_is_not_beaten_by_less_than_the_threshold_nor_by_the_map_itself():
    other = a_map("other", heights=HEIGHTS - 0.01)
    assert not lowest(atlas_of(a_map(), other), {}).warnings
    lower = lowest(atlas_of(a_map(), a_map("other", heights=np.minimum(HEIGHTS, 0.3))), {})
    assert [text.split(":")[0] for text in lower.warnings] == ["line (grid)"]


def test_a_path_between_networks_in_the_same_basins_bypasses_a_maps_wall_but_says_nothing_of_the_runs():
    beside = line("A", "B", 0.06, map="line", ends=0.05)
    elsewhere = line("A", "C", 0.06, map="other", ends=0.05)
    findings = {"passes": Finding(paths=(beside, elsewhere, line("B", "C", 1.999, map="line", ends=0.05)))}
    known = paths_of_study(atlas_of(a_map()), findings)
    (tree,) = known.passes
    assert known.bypassed_walls(evolve(tree, threshold=0.01)) == {("train_loss", "A", "B")}
    assert known.lowest["train_loss", "A", "B"].worst == 1.0


def test_the_matrix_has_the_lowest_known_below_its_diagonal_and_the_maps_pass_above():
    found = lowest(atlas_of(a_map()), {"lines": Finding(paths=(line("A", "B", 0.06),))})
    (matrix,) = found.pictures
    assert matrix.values == ((0.01, 1.0, 2.0), (0.06, 0.02, 2.0), (2.0, 2.0, 0.03))
    assert matrix.log
    assert "above it, the pass on the map line" in matrix.caption


def test_two_runs_for_which_one_minimum_stands_have_no_pass_on_the_map():
    joined = np.minimum(HEIGHTS, 0.05)
    beside = evolve(a_map(heights=joined), chart=evolve(a_map().chart, latents=ENDS + 0.25))
    passes = paths_of_study(atlas_of(beside), {}).passes[0]
    assert np.isnan(passes.heights).all()
    assert not passes.walls.any()


def test_a_map_of_realigned_copies_of_the_networks_says_nothing_of_the_networks():
    realigned = evolve(population(), keys=("A", "B permuted", "C permuted"))
    assert lowest(atlas_of(a_map(who=realigned)), {}) is None


def test_a_study_without_paths_has_no_such_finding():
    assert lowest(atlas_of(), {}) is None


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (line("A", "D", 1.0), "there is no run 'D'; known: A, B, C"),
        (line("A", "A", 1.0), "a path joins two runs"),
        (evolve(line("A", "B", 1.0), field="loss"), "there is no field 'loss'; known: train_loss"),
    ],
)
def test_a_path_between_runs_that_do_not_exist_is_refused(path, message):
    with pytest.raises(PluginError) as caught:
        check_paths("analysis 'x' (y 1)", Finding(paths=(path,)), atlas_of())
    assert str(caught.value) == (
        f"analysis 'x' (y 1): path 'straight line' from {path.one!r} to {path.other!r}: {message}"
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A tiny study with two analyses that measure paths between two runs."""
    analyses = '[[analysis]]\nuse = "linear-barrier"\n[[analysis]]\nuse = "dimension"\nepochs = 1\npoints = 5\n'
    return values(study_in(tmp_path_factory.mktemp("study"), TINY + analyses))


def test_paths_of_several_analyses_are_collected_with_their_source(result):
    sources = {path.found_by.partition("(")[2].rstrip(")") for path in result.findings["known-paths"].paths}
    assert {"linear-barrier", "dimension"} <= sources


def test_a_straight_line_is_as_high_whichever_analysis_measures_its_middle(result):
    lines = [path for path in result.findings["linear-barrier"].paths if path.field == "train_loss"]
    barriers = {row["one"] + row["other"]: row["max"] for row in result.findings["linear-barrier"].tables[0].rows}
    assert {path.one + path.other: path.worst for path in lines} == barriers


def test_results_have_the_lowest_known_paths(result):
    found = result.findings["known-paths"]
    assert result.record["paths"] == [asdict(path) for path in found.paths]
    assert [table["name"] for table in result.record["tables"]["known-paths"]] == ["lowest paths", "all paths"]
    (row, *_) = found.tables[0].rows
    own = [path.worst for path in found.paths if (path.one, path.other) == (row["one"], row["other"])
           and path.field == row["field"] and not path.why_not_compared]  # fmt: skip
    assert row["lowest"] == min(own)


def test_a_run_of_which_a_map_shows_only_the_projection_has_no_pass_there():
    beside = evolve(a_map(), outside=np.array([0.0, 0.0, 5.0]))
    found = lowest(atlas_of(beside), {})
    assert row(found, "A", "B")["on line"] == 1.0
    assert row(found, "A", "C")["on line"] is row(found, "A", "C")["lowest"] is None


def test_a_map_of_several_samplers_is_warned_of_once_by_the_tree_with_the_fewest_beaten_walls():
    high, low = a_map(), a_map(heights=np.minimum(HEIGHTS, [9, 9, 0.5, 9, 9, 9, 0.9, 9, 9]))
    both = evolve(
        high,
        landscapes={"coarse": high.landscape, "fine": low.landscape},
        topologies={"coarse": high.topologies["grid"], "fine": low.topologies["grid"]},
    )
    beaten = Finding(paths=(line("A", "B", 0.45), line("A", "C", 0.06)))
    found = lowest(atlas_of(both), {"lines": beaten})
    assert [text.split(" walls")[0] for text in found.warnings] == ["line (fine): 2 of 3"]
    assert row(found, "B", "C")["on line"] == 0.9
