"""The verdict of a study: of its maps, and of every two runs, by all that is known of them."""

import json
from collections import Counter

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from support.line import HEIGHTS, LOSS, a_map, atlas_of, line
from support.study import TINY, study_in, values

from globscope.api import Finding
from globscope.pipeline.known_paths import PathsOfStudy, paths_of_study
from globscope.pipeline.verdict import verdict as verdict_module
from globscope.pipeline.verdict.judge_pairs import PairJudge
from globscope.pipeline.verdict.verdict import verdict
from globscope.topology.leaf_count import leaves_by_neighbours
from globscope.topology.runs_on_map import RunsOnMap
from globscope.values.findings import Atlas
from globscope.values.members import Layout, Member, Population
from globscope.values.verdict import APART, BELIEVE, CARE, DISAGREE, JOINED, NOTHING, SAME, UNKNOWN, UNREADABLE


def verdict_on(*maps, paths=(), figures=()):
    atlas = atlas_of(*maps)
    known = paths_of_study(atlas, {"lines": Finding(paths=tuple(paths))})
    return verdict(atlas, {"reducers": list(figures)}, known)


def pair(found, one, other):
    return next(each for each in found.pairs if (each.one, each.other) == (one, other))


def test_runs_behind_walls_of_every_readable_map_are_apart():
    found = verdict_on(a_map("one"), a_map("two"))
    assert found.headline == "Believe one and two."
    assert found.summary == (
        "Of 3 pairs of runs, all are apart on every readable map that shows both, and no path is known that stays as "
        "low as the worse of the two."
    )
    assert found.losses == (0.01, 0.03)
    apart = pair(found, "A", "B")
    assert (apart.answer, apart.on) == (APART, {"one": "separate", "two": "separate"})
    assert (apart.lowest, apart.exact, apart.wall) == (1.0, True, 0.98)
    assert apart.trust == "2 maps agree"


def test_a_measured_path_as_low_as_the_worse_network_joins_two_runs_whatever_maps_say():
    found = verdict_on(a_map(), paths=[line("A", "B", 0.06)])
    joined = pair(found, "A", "B")
    assert joined.answer == JOINED
    assert joined.lowest == 0.06
    assert joined.found_by == "straight line (lines)"
    assert joined.trust == "3 networks measured; the wall on line is the map's"
    assert "1 is joined by a measured path that stays as low as the worse of the two" in found.summary


def test_runs_are_joined_through_a_third_that_is_joined_with_both():
    found = verdict_on(a_map(), paths=[line("A", "C", 0.05), line("B", "C", 0.06), line("A", "B", 0.9)])
    joined = pair(found, "A", "B")
    assert (joined.answer, joined.lowest) == (JOINED, 0.06)
    assert joined.found_by == "through C: straight line (lines)"
    assert joined.trust == "6 networks measured; the wall on line is the map's"


def test_a_path_may_rise_by_what_trees_tell_apart_and_no_more():
    # The worse of the two has the loss 0.02, and the tree's threshold is 0.1.
    assert pair(verdict_on(a_map(), paths=[line("A", "B", 0.12)]), "A", "B").answer == JOINED
    assert pair(verdict_on(a_map(), paths=[line("A", "B", 0.1201)]), "A", "B").answer == APART


def test_the_pass_of_a_map_that_keeps_two_runs_apart_does_not_join_them_however_low_it_is():
    # The wall is 0.095 above the worse network, but 0.105 above the minimum beside it, of more than the threshold.
    heights = np.array([0.01, 0.5, 0.115, 0.5, 0.02, 0.5, 2.0, 0.5, 0.03])
    heights[1], heights[3] = 0.115, 0.005
    found = pair(verdict_on(a_map(heights=heights)), "A", "B")
    assert found.on == {"line": "separate"}
    assert found.wall < 0.1
    assert found.answer == APART


def test_a_map_whose_runs_lie_on_islands_in_low_untrusted_land_is_believed_and_has_them_in_one_basin():
    """The negative control: children of one network, and nothing but dark ground between them."""
    heights = np.minimum(HEIGHTS, 0.05)
    heights[6] = 0.001  # by chance, the lowest sample lies off the islands
    level = a_map(heights=heights, shift=0.2)
    islands = np.isin(np.arange(9), level.landscape.nearest(level.chart.latents))
    assert not islands[level.topology.tree.minima].any()
    found = verdict_on(evolve(level, landscapes={"grid": evolve(level.landscape, trusted=islands)}))
    (map_,) = found.maps
    assert map_.belief == BELIEVE
    assert map_.shows == "it shows all 3 runs, in 1 basin, with their own training loss"
    assert map_.reasons == ("67% of it is untrusted: it extrapolates there, and may invent basins and walls",)
    assert {each.answer for each in found.pairs} == {SAME}


def test_runs_without_a_wall_between_them_share_a_basin():
    flat = np.minimum(HEIGHTS, 0.05)
    found = verdict_on(a_map(heights=flat, shift=0.2))
    assert pair(found, "A", "B").answer == SAME
    assert pair(found, "A", "B").trust == "one map shows both"


def test_maps_that_disagree_are_told_apart_by_the_nearer_loss():
    off = a_map("off", heights=np.minimum(HEIGHTS, 0.05), shift=0.2)
    off = evolve(off, decoded={"train_loss": off.truth["train_loss"] + 0.01})
    found = verdict_on(a_map("near", shift=0.2), off)
    assert pair(found, "A", "B").answer == DISAGREE
    assert pair(found, "A", "B").trust == "they are apart on near, which shows their losses best"


def test_of_runs_that_no_readable_map_shows_nothing_is_known():
    far = a_map()
    far = evolve(far, decoded={"train_loss": far.truth["train_loss"] + 1})
    found = verdict_on(far)
    assert found.headline == "No map of this study can be read. Do not read line."
    assert found.summary == "Of 3 pairs of runs, none is shown by a readable map."
    unknown = pair(found, "A", "B")
    assert (unknown.answer, unknown.lowest, unknown.trust) == (UNKNOWN, 1.0, "no readable map shows both")


def test_a_map_that_is_not_read_has_no_say_on_pairs():
    far = a_map("far", heights=np.minimum(HEIGHTS, 0.05), shift=0.2)
    far = evolve(far, decoded={"train_loss": far.truth["train_loss"] + 1})
    assert pair(verdict_on(a_map("near"), far), "A", "B").on == {"near": "separate"}


def test_where_no_path_was_measured_the_pass_of_the_most_believable_map_is_given_as_that():
    beside = a_map("beside", shift=0.2)
    apart = pair(verdict_on(beside), "A", "B")
    assert (apart.lowest, apart.found_by, apart.exact, apart.wall) == (1.0, "pass on beside", False, None)


def test_what_analyses_measured_of_a_map_counts_whatever_they_are_called():
    figures = {"name": "line", "again.stability_basins_min": 2, "again.stability_basins_max": 3}
    (map_,) = verdict_on(a_map(), figures=[figures | {"again.stability_fits": 4}]).maps
    assert (map_.belief, map_.reasons) == (CARE, ("over 4 fits of it, the runs end in 2 to 3 basins",))


def test_maps_stand_from_the_best_to_the_worst():
    lost = evolve(a_map("lost"), landscapes={}, topologies={}, hidden="positions only")
    off = evolve(a_map("off"), decoded={"train_loss": np.array([1.0, 2.0, 3.0])})
    found = verdict_on(lost, off, a_map("good"))
    assert [(map_.name, map_.belief) for map_ in found.maps] == [
        ("good", BELIEVE),
        ("off", UNREADABLE),
        ("lost", NOTHING),
    ]
    assert found.headline == "Believe good. Do not read off. There is nothing to read on lost: no landscape."


def test_a_study_without_maps_has_a_verdict_on_what_was_measured():
    found = verdict_on(paths=[line("A", "B", 0.015)])
    assert found.headline == "This study has no maps."
    assert pair(found, "A", "B").answer == JOINED
    assert pair(found, "A", "C").answer == UNKNOWN


def test_of_thousands_of_pairs_the_first_are_listed_and_all_are_counted(monkeypatch):
    monkeypatch.setattr(verdict_module, "LISTED", 2)
    found = verdict_on(a_map())
    assert (len(found.pairs), found.count) == (2, 3)
    assert found.summary.startswith("Of 3 pairs of runs, all are apart")


def test_a_verdict_is_json_without_nan():
    assert json.loads(json.dumps(verdict_on(a_map()).record, allow_nan=False))["headline"] == "Believe line."


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    return values(study_in(tmp_path_factory.mktemp("verdict"), TINY))


def test_every_study_has_a_verdict_among_its_results(outcome):
    found = outcome.record["verdict"]
    assert {map_["name"] for map_ in found["maps"]} == {map_.name for map_ in outcome.atlas.maps}
    assert found["count"] == len(found["pairs"]) == 3
    assert found["field"] == LOSS.key


def test_every_lattice_of_a_study_has_its_leaves_by_both_rules(outcome):
    map_ = outcome.atlas.maps[0]
    counted = leaves_by_neighbours(map_.landscape, map_.topology)
    assert map_.topology.leaves_by_neighbours == counted
    assert counted["freudenthal"] == len(map_.topology.tree.minima)
    assert outcome.record["reducers"][0]["leaves_by_neighbours"] == counted


@given(st.integers(0, 10_000))
@settings(max_examples=25)
def test_pairs_are_counted_without_looking_at_each_as_they_are_judged_one_by_one(seed):
    rng, names = np.random.default_rng(seed), tuple(f"r{run}" for run in range(9))
    members = tuple(Member(variant=name, step=0) for name in names)
    population = Population(members=members, weights=np.zeros((9, 1)), layout=Layout(names=("w",), shapes=((1,),)))
    atlas = Atlas(population=population, truth={LOSS.key: rng.random(9)}, maps=())
    ends = [sorted(rng.choice(9, 2, replace=False).tolist()) for _ in range(6)]
    paths = [line(names[one], names[other], rng.random()) for one, other in ends]
    maps = [
        RunsOnMap(
            name=name,
            variants=names,
            basins=rng.integers(-1, 3, 9),
            reasons=("",) * 9,
            gaps=rng.random(9),
            parts=rng.integers(0, 2, 9),
        )
        for name in ("one", "two")
    ]
    known = PathsOfStudy(atlas=atlas, paths=tuple(paths), passes=())
    judge = PairJudge(known=known, maps=maps, measure=LOSS, threshold=0.1)
    assert judge.counts() == Counter(each.answer for each in judge.pairs())
