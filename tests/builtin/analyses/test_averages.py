"""The analysis `averages`: means of checkpoints are members, and are compared with the run's own networks."""

import numpy as np
import pytest
from attrs import evolve
from support.study import TINY, study_in, values

from globscope.api import Atlas, Field, Layout, Member, Population, SpecError
from globscope.builtin.analyses.averages.analysis import SHORT, Averages
from globscope.builtin.analyses.averages.gains import averages_of, mean_interval, run_table, summary_rows
from globscope.builtin.analyses.averages.windows import Window, averages

LOSS = Field.of("train_loss")
WIDTH = 5


def population(runs=2, steps=4, every=10):
    members = tuple(Member(variant="ABCDEFG"[run], step=every * step) for run in range(runs) for step in range(steps))
    weights = np.random.default_rng(0).normal(size=(runs * steps, WIDTH)).astype(np.float32)
    return Population(members=members, weights=weights, layout=Layout(names=("w",), shapes=((WIDTH,),)))


def labels(found):
    return {member.label: member.parents for member in found.members}


def test_the_last_k_are_averaged_at_every_checkpoint_that_has_as_many_before_it():
    found = averages(population(runs=1), [Window(last=3)], along=True, in_fit=False)
    assert labels(found) == {"A, last 3@20": ("A@0", "A@10", "A@20"), "A, last 3@30": ("A@10", "A@20", "A@30")}
    weights = population(runs=1).weights
    np.testing.assert_allclose(found.weights[:], [weights[:3].mean(axis=0), weights[1:].mean(axis=0)], rtol=1e-6)
    assert {member.kind for member in found.members} == {"average"}
    assert not any(member.in_fit for member in found.members)


def test_all_since_a_step_are_averaged_with_equal_weight():
    found = averages(population(runs=1), [Window(since=10)], along=True, in_fit=True)
    assert labels(found) == {"A, since 10@20": ("A@10", "A@20"), "A, since 10@30": ("A@10", "A@20", "A@30")}


def test_a_run_with_too_few_checkpoints_has_no_average():
    assert len(averages(population(steps=2), [Window(last=3)], along=True, in_fit=False).members) == 0
    found = averages(population(steps=2), [Window(last=3), Window(last=2)], along=False, in_fit=False)
    assert list(labels(found)) == ["A, last 2@10", "B, last 2@10"]


def test_an_average_is_formed_where_it_is_read_and_equal_networks_average_to_themselves():
    same = evolve(population(runs=1), weights=np.full((4, WIDTH), np.float32(0.1)))
    found = averages(same, [Window(last=3)], along=False, in_fit=False)
    np.testing.assert_array_equal(found.weights[:, 1:3], np.full((1, 2), np.float32(0.1)))


def atlas(losses, runs=3):
    """Return an atlas of runs of four checkpoints and the averages of their last three, with these losses."""
    own = population(runs)
    derived = averages(own, [Window(last=3)], along=False, in_fit=False)
    derived = evolve(derived, members=tuple(evolve(member, origin="averages") for member in derived.members))
    return Atlas(
        population=own.concatenate(derived), truth={"train_loss": np.array(losses, float)}, maps=(), asking="averages"
    )


def test_a_gain_is_the_fall_of_the_loss_below_that_of_the_last_network():
    losses = [5, 4, 1, 2, 5, 4, 3, 3, 5, 4, 3, 1]
    found = atlas([*losses, 0.5, 3.5, 1.5])
    own = averages_of(found, [Window(last=3)])
    table = run_table(own, found, LOSS)
    assert [row["gain"] for row in table.rows] == [1.5, -0.5, -0.5]
    assert [row["best"] for row in table.rows] == [1, 3, 1]
    (row,) = summary_rows(own, found, LOSS, np.random.default_rng(0))
    assert (row["runs"], row["better"], row["beats_best"]) == (3, 1, 1)
    assert row["gain"] == pytest.approx(1 / 6)
    assert row["low"] <= row["gain"] <= row["high"]


def test_a_loss_that_is_not_finite_leaves_the_gain_and_the_interval_empty():
    found = atlas([5, 4, 3, 2] * 3 + [1, np.inf, 1])
    own = averages_of(found, [Window(last=3)])
    assert [row["gain"] for row in run_table(own, found, LOSS).rows] == [1, None, 1]
    (row,) = summary_rows(own, found, LOSS, np.random.default_rng(0))
    assert (row["gain"], row["low"], row["better"]) == (None, None, 2)


def test_the_interval_of_a_mean_covers_as_often_as_it_says():
    rng, covered = np.random.default_rng(0), 0
    for _ in range(200):
        low, high = mean_interval(rng.normal(size=30), rng)
        covered += low <= 0 <= high
    # A binomial share of 200 around 0.94, less what a bootstrap of 30 lacks, lies above 0.87 in more than 99.9 %.
    assert covered / 200 > 0.87


def test_two_runs_have_no_interval():
    assert np.isnan(mean_interval(np.array([1.0, 2.0]), np.random.default_rng(0))).all()


def test_averages_beside_a_slice_are_not_drawn_on_it(tmp_path):
    study = STUDY.replace('"pca"', '"simplex"')
    found = values(study_in(tmp_path, study)).findings["averages"]
    assert [picture.name for picture in found.pictures] == ["along the runs"]


STUDY = TINY + '[[analysis]]\nuse = "averages"\nlast = [2]\nsince = [1]\n'


def test_a_study_evaluates_the_averages_places_them_on_the_map_and_leaves_them_out_of_the_fit(tmp_path):
    result = values(study_in(tmp_path, STUDY))
    found = result.findings["averages"]
    assert [row["average"] for row in found.table("summary").rows] == ["last 2", "since 1"]
    population = result.atlas.population
    own = [row for row, member in enumerate(population.members) if member.kind == "average"]
    np.testing.assert_allclose(
        population.weights[own[0]], population.weights[population.of("A")[:2]].mean(axis=0), atol=1e-7
    )
    assert np.isfinite(result.atlas.truth["train_loss"][own]).all()
    (map_,) = result.atlas.maps
    assert not any(member.kind == "average" for member in map_.population.members)
    assert [picture.name for picture in found.pictures] == ["along the runs", "averages on pca"]


def test_what_cannot_be_averaged_is_refused_or_said(tmp_path):
    with pytest.raises(SpecError, match="averages: needs a number in 'last' or 'since'"):
        study_in(tmp_path, STUDY.replace("last = [2]\nsince = [1]", "last = []")).run()
    found = Averages(last=(9,)).analyse(atlas([1] * 15), None, np.random.default_rng(0))
    assert found.warnings == (SHORT,)


def test_averages_that_harm_most_runs_are_warned_of():
    found = Averages(along=False).analyse(atlas([2] * 12 + [1, 3, 4]), None, np.random.default_rng(0))
    assert found.warnings == (
        "averages of the last 3: better than the last network in 1 of 3 runs only, in training loss; the checkpoints "
        "need not lie in one basin",
    )
