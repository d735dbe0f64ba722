"""A sweep's scores are those of the networks that its cells are about."""

from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from support.study import TWO_RUNS, study_in

from globscope.pipeline.run import run as run_study
from globscope.spec.cells import Relations
from globscope.store import Store
from globscope.sweep.averages import averages
from globscope.sweep.finished import FinishedRun
from globscope.sweep.relations import relations
from globscope.sweep.subjects import swept_entries
from globscope.sweep.table import ComparedRun, ComparedRuns
from globscope.values.number import number

SPEC = """
title = "subjects"
[task]
use = "classification"
hidden = [4]
{runs}
{reducers}
[[analysis]]
use = "curvature"
members = ["A@1"]
count = 1
draws = 6
examples = 50
[[sampler]]
use = "grid"
resolution = 3
[evaluator]
use = "torch"
examples = 64
[relations]
of = ["trace", "average_persistence"]
[sweep]
{keys}
"""
SLICE = '[[reducer]]\nuse = "random"\nnormalisation = "none"\n'
PCA = '[[reducer]]\nuse = "pca"\n'
LINE = '[[reducer]]\nuse = "line"\nmembers = ["A@0", "B"]\n'


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Return a function that runs a sweep without its reports: its cells as runs, their truth, and its spec."""
    folder = tmp_path_factory.mktemp("subjects")

    def run(reducers, keys):
        found = study_in(folder, SPEC.format(runs=TWO_RUNS, reducers=reducers, keys=keys))
        outcomes = {}
        for cell in found.spec.cells:
            # Networks of all sweeps here are trained once.
            outcomes[cell.name] = run_study(evolve(found.study(cell).workshop(), store=Store(folder)))
        runs = [
            ComparedRun(
                name=cell.name,
                places=cell.places,
                finished=FinishedRun(name=cell.name, folder=Path(), record=outcomes[cell.name].record, trees={}),
                entries=swept_entries(found.spec.axes, cell.spec),
            )
            for cell in found.spec.cells
        ]
        return ComparedRuns(runs=tuple(runs)), list(outcomes.values()), found.spec

    return run


def truth(outcome, field, *labels):
    """Return what networks of a study score, on the average."""
    rows = {member.label: row for row, member in enumerate(outcome.atlas.population.members)}
    return float(np.mean([outcome.atlas.truth[field][rows[label]] for label in labels]))


CENTRES = 'reducer.0.centre = ["A@0", "A@1", "B"]\nreducer.0.distance = [0.5, 1.0]\n'


def test_a_sweep_over_centres_shows_in_every_column_what_that_network_scores(cells):
    runs, outcomes, spec = cells(SLICE, CENTRES)
    wanted = [truth(outcomes[2 * at], "train_loss", label) for at, label in enumerate(("A@0", "A@1", "B@2"))]
    assert len(set(wanted)) == 3
    found = {one.figure.key: one for one in averages(runs, spec)}
    assert {"origin_train_loss", "origin_test_accuracy"} <= found.keys()
    assert found.keys().isdisjoint({"train_loss", "test_accuracy"})
    assert found["origin_train_loss"].values[:, :, 0].tolist() == [[loss, loss] for loss in wanted]
    assert "origin_train_loss" in runs.columns()
    assert "train_loss" not in runs.columns()


def test_measures_over_training_and_seeds_have_the_mean_and_spread_of_the_seeds_in_every_column(cells):
    runs, outcomes, spec = cells(SLICE, 'reducer.0.centre = ["A@0", "A"]\nreducer.0.distance = [0.5]\nseed = [0, 1]\n')
    found = {one.figure.key: one for one in averages(runs, spec)}
    for field in ("test_loss", "test_accuracy"):
        by_seed = [
            [truth(outcomes[2 * at + seed], field, label) for seed in (0, 1)] for at, label in enumerate(("A@0", "A@2"))
        ]
        heat = found[f"origin_{field}"].picture
        assert [row[0] for row in heat.values] == [np.mean(pair) for pair in by_seed]
        spread = [number(np.std(pair, ddof=1), 2) for pair in by_seed]
        assert [row[0] for row in heat.notes] == [f"sd {sd}\nn = 2" for sd in spread]


def test_a_relation_is_of_the_network_that_the_slice_lies_around(cells):
    runs, outcomes, _ = cells(SLICE, CENTRES)
    asked = Relations(of=("average_persistence", "train_loss"), against=("train_loss", "test_accuracy"))
    found = {(one.of, one.against): one for one in relations(asked, runs.figures(), [""] * 6)}
    one = found["average_persistence", "origin_train_loss"]
    labels = ["A@0", "A@0", "A@1", "A@1", "B@2", "B@2"]
    assert one.y.tolist() == [truth(o, "train_loss", n) for o, n in zip(outcomes, labels, strict=True)]
    assert ("origin_train_loss", "origin_test_accuracy") in found


def test_a_sweep_over_one_of_two_maps_shows_what_that_map_is_of(cells):
    runs, outcomes, spec = cells(PCA + SLICE, 'reducer.1.centre = ["A@0", "B"]\nreducer.1.distance = [0.5, 1.0]\n')
    found = {one.figure.key: one for one in averages(runs, spec)}
    wanted = [truth(outcomes[0], "test_loss", "A@0"), truth(outcomes[0], "test_loss", "B@2")]
    assert found["random.origin_test_loss"].values[:, 0, 0].tolist() == wanted
    assert "test_loss" not in found


def test_cells_about_other_networks_have_no_place_in_each_others_figures(cells):
    keys = (
        'reducer.0 = [{ use = "pca", name = "m" }, { use = "random", name = "m2", centre = "A@0" }]\n'
        '"sampler.0.resolution" = [3, 5]\n'
    )
    runs, outcomes, spec = cells(PCA, keys)
    found = {one.figure.key: one.values[:, 0, 0] for one in averages(runs, spec)}
    assert "train_loss" not in found  # the runs' last networks score the same whatever the map
    assert found["origin_train_loss"][1] == truth(outcomes[2], "train_loss", "A@0")
    assert np.isnan(found["origin_train_loss"][0])
    shown = [row.figures.get("train_loss") for row in runs.rows(Path())]
    assert [value is None for value in shown] == [False, False, True, True]


def test_a_sweep_over_an_analysis_networks_shows_and_relates_what_those_score(cells):
    keys = 'analysis.0.members = [["A@0"], ["A@1", "B@0"], ["A", "B"]]\nreducer.0.latent_dim = [1, 2]\n'
    runs, outcomes, spec = cells(PCA, keys)
    asked = [("A@0",), ("A@1", "B@0"), ("A@2", "B@2")]
    wanted = [truth(outcomes[0], "train_loss", *labels) for labels in asked]
    found = {one.figure.key: one for one in averages(runs, spec)}
    assert found["curvature.subject_train_loss"].values[:, 0, 0].tolist() == wanted
    assert "train_loss" not in found
    [one] = relations(Relations(of=("trace",), against=("train_loss",)), runs.figures(), [""] * 6)
    assert (one.of, one.against) == ("trace", "curvature.subject_train_loss")
    assert one.y[::2].tolist() == wanted


def test_where_nothing_is_of_single_networks_scores_are_means_over_the_last_as_before(cells):
    runs, outcomes, _ = cells(PCA, "analysis.0.members = [[]]\nseed = [0]\n")
    assert "train_loss" in runs.fields
    assert runs.about == frozenset()
    assert runs.figures()[0]["train_loss"] == pytest.approx(truth(outcomes[0], "train_loss", "A@2", "B@2"), rel=1e-12)
    [one] = relations(Relations(of=("trace",), against=("train_loss",)), runs.figures(), [""])
    assert one.against == "train_loss"


def test_a_slice_through_several_networks_has_their_mean(cells):
    runs, outcomes, _ = cells(LINE, "seed = [0]\n")
    [row] = runs.figures()
    assert row["subject_test_loss"] == pytest.approx(truth(outcomes[0], "test_loss", "A@0", "B@2"), rel=1e-12)
    assert not [name for name in row if name.startswith("origin_")]
    assert "subject_test_loss" in runs.fields
