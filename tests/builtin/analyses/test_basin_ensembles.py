"""The analysis `basin-ensembles`: averaged probabilities, across basins and within one."""

from itertools import combinations

import numpy as np
import pytest
from attrs import evolve
from support.study import TINY, study_in, values

from globscope.api import EvaluationError
from globscope.builtin.analyses.basin_ensembles.analysis import BasinEnsembles
from globscope.builtin.analyses.basin_ensembles.comparison import difference_rows, kind_table
from globscope.builtin.analyses.basin_ensembles.predictions import Predictions, predictions
from globscope.builtin.analyses.basin_ensembles.subsets import ACROSS, WITHIN, ensembles
from globscope.builtin.analyses.outputs.network_outputs import Outputs
from globscope.testing import tiny_atlas, tiny_bench

CLASSES = 3


def made_up(basins, runs=None, seed=0, alike=0.0):
    """Return predictions of networks; those of one basin share a part of their logits."""
    rng = np.random.default_rng(seed)
    answers = rng.integers(CLASSES, size=40)
    shared = {basin: rng.normal(size=(40, CLASSES)) for basin in basins}
    logits = np.stack([alike * shared[basin] + rng.normal(size=(40, CLASSES)) for basin in basins])
    logits[:, np.arange(40), answers] += 1
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    return Predictions(
        probabilities=probabilities, answers=answers, basins=tuple(basins), runs=tuple(runs or map(str, basins))
    )


def test_probabilities_are_averaged_not_logits():
    found = Predictions(
        probabilities=np.array([[[0.9, 0.1]], [[0.3, 0.7]]]), answers=np.array([0]), basins=(1, 2), runs=("A", "B")
    )
    assert found.of([0, 1]) == (pytest.approx(-np.log(0.6)), 1)
    assert found.of([1]) == (pytest.approx(-np.log(0.3)), 0)


def test_a_class_that_all_networks_exclude_has_an_infinite_loss():
    found = Predictions(probabilities=np.array([[[0.0, 1.0]]]), answers=np.array([0]), basins=(1,), runs=("A",))
    assert found.of([0]) == (np.inf, 0)


def test_ensembles_are_of_different_basins_or_of_one_and_all_are_taken_where_there_are_few():
    basins = [1, 1, 2, 2, 2, 5]
    found = ensembles(made_up(basins), [2, 3], 1000, np.random.default_rng(0))
    counts = {
        (size, kind): sum(one.size == size and one.kind == kind for one in found)
        for size in (2, 3)
        for kind in (ACROSS, WITHIN)
    }
    across = sum(basins[a] != basins[b] for a, b in combinations(range(6), 2))
    assert counts == {(2, ACROSS): across, (2, WITHIN): 4, (3, ACROSS): 6, (3, WITHIN): 1}
    assert all(len(one.basins) == (one.size if one.kind == ACROSS else 1) for one in found)


def test_no_more_ensembles_are_drawn_than_asked_for_and_none_twice_across():
    found = ensembles(made_up([1] * 9 + [2] * 9), [2], 10, np.random.default_rng(0))
    assert [sum(one.kind == kind for one in found) for kind in (ACROSS, WITHIN)] == [10, 20]
    assert len({one.loss for one in found if one.kind == ACROSS}) == 10


def test_ensembles_across_many_basins_are_drawn_without_counting_the_choices_one_by_one():
    """Of 200 basins there are more than 10^27 choices of 20."""
    found = ensembles(made_up(range(200)), [20], 5, np.random.default_rng(0))
    assert [(one.kind, one.size) for one in found] == [(ACROSS, 20)] * 5


def test_an_ensemble_is_never_worse_than_its_members_are_on_average():
    """−log is convex, so by Jensen the loss of the mean is at most the mean of the losses."""
    found = ensembles(made_up([1, 1, 2, 2]), [2, 3], 100, np.random.default_rng(0))
    assert min(one.gain for one in found) >= 0


def test_networks_that_are_alike_within_basins_gain_more_across_them():
    basins = [basin for basin in range(8) for _ in range(4)]
    found = ensembles(made_up(basins, alike=3.0), [2], 200, np.random.default_rng(0))
    (row,) = difference_rows(found, np.random.default_rng(0))
    assert row["gain"] > 0
    assert row["gain_low"] > 0
    assert row["gain_low"] < row["gain"] < row["gain_high"]
    losses = {one["kind"]: one["loss"] for one in kind_table(found, {"examples": 40, "split": "test", "map": "m"}).rows}
    assert row["loss"] == pytest.approx(losses[WITHIN] - losses[ACROSS], abs=1e-9)


@pytest.mark.slow
def test_basins_without_a_difference_have_none_in_their_interval():
    covered = 0
    for seed in range(20):
        found = ensembles(
            made_up([basin for basin in range(8) for _ in range(4)], seed=seed), [2], 50, np.random.default_rng(0)
        )
        (row,) = difference_rows(found, np.random.default_rng(0))
        covered += row["gain_low"] <= 0 <= row["gain_high"]
    # 95 % of 20, less what a bootstrap of 8 basins lacks: a binomial of 0.85 gives 12 or more in over 99.9 %.
    assert covered >= 12


def test_three_basins_have_no_interval_and_one_basin_has_no_difference():
    found = ensembles(made_up([1, 1, 2, 2, 3, 3]), [2], 50, np.random.default_rng(0))
    assert difference_rows(found, np.random.default_rng(0))[0]["loss_low"] is None
    assert (
        difference_rows(ensembles(made_up([1, 1]), [2], 50, np.random.default_rng(0)), np.random.default_rng(0)) == []
    )


def test_the_tiny_atlas_is_compared_by_the_map_that_shows_its_runs():
    found = BasinEnsembles(device="cpu").analyse(tiny_atlas(), tiny_bench(), np.random.default_rng(0))
    assert {row["kind"] for row in found.table("ensembles").rows} == {ACROSS, WITHIN}
    assert "of linear" in found.table("ensembles").caption


def test_without_basins_there_is_nothing_to_compare():
    atlas = tiny_atlas()

    found = BasinEnsembles(device="cpu").analyse(
        evolve(atlas, maps=atlas.maps[1:]), tiny_bench(), np.random.default_rng(0)
    )
    assert found.warnings == ("no map shows the runs in basins, so there is nothing to compare",)


STUDY = TINY + '[[analysis]]\nuse = "basin-ensembles"\nsizes = [2]\n'


def test_the_loss_of_one_network_is_the_evaluators(tmp_path):
    """A study's own loss of the same examples checks outputs, answers and their order at once."""
    study = study_in(tmp_path, TINY.replace("examples = 64", ""))
    result = values(study)
    task, population = study.workshop().task, result.atlas.population
    bench = type("Bench", (), {"task": task, "seed": 0, "stages": tiny_bench().stages})()
    outputs = Outputs(split="test", examples=1000, device="cpu")
    found = predictions(bench, population, dict.fromkeys(population.finals, 0), outputs)
    for number, row in enumerate(population.finals):
        loss, accuracy = found.of([number])
        assert loss == pytest.approx(result.atlas.truth["test_loss"][row], rel=1e-5)
        assert accuracy == pytest.approx(result.atlas.truth["test_accuracy"][row])


def test_a_task_without_classes_is_refused(tmp_path):
    spec = STUDY.replace('use = "classification"\nhidden = [8]', 'use = "pinn-convection"')
    with pytest.raises(EvaluationError, match="analysis basin-ensembles: "):
        study_in(tmp_path, spec).run()
