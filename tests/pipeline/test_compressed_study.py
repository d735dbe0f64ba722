"""A study of compressed networks: maps are made of them, and judged by the networks themselves."""

import numpy as np
import pytest
from support import adapters
from support.study import MAP, TWO_RUNS, Notes, study_in, values

from globscope.api import Networks
from globscope.pipeline.bench import StudyBench
from globscope.pipeline.project import project
from globscope.pipeline.run import networks_of_maps, parts_of
from globscope.pipeline.stages.population import checkpoints

TASK = '[task]\nuse = "classification"\nhidden = [8]\n' + TWO_RUNS
SPEC = TASK + "[population.compress]\n{}\n" + MAP + '[evaluator]\nuse = "torch"\nexamples = 64\n'
PLAIN = TASK + MAP + '[evaluator]\nuse = "torch"\nexamples = 64\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in whose run the networks are trained."""
    made = tmp_path_factory.mktemp("compressed")
    values(study_in(made, PLAIN))
    return made


def test_maps_are_made_of_compressed_networks_and_compared_with_the_losses_of_the_networks(folder):
    plain = values(study_in(folder, PLAIN))
    outcome = values(study_in(folder, SPEC.format("keep = 0.2")))
    [map_] = outcome.atlas.maps
    weights = np.asarray(map_.population.weights)
    assert ((weights != 0).any(axis=0)).sum() <= np.ceil(0.2 * weights.shape[1])
    assert np.array_equal(outcome.atlas.population.weights[:], plain.atlas.population.weights[:])
    for key, own in plain.atlas.truth.items():
        assert np.array_equal(map_.truth[key], own)
        assert np.array_equal(outcome.atlas.truth[key], own)


def test_what_a_compression_loses_is_in_the_fidelity_table(folder):
    study = study_in(folder, SPEC.format("rank = 1"))
    outcome = values(study)
    own = np.asarray(outcome.atlas.population.weights[:], float)
    small = np.asarray(outcome.atlas.maps[0].population.weights[:], float)
    record = outcome.record["reducers"][0]
    share = ((own - small) ** 2).sum() / ((own - own.mean(axis=0)) ** 2).sum()
    assert record["compression_unexplained"] == pytest.approx(share, rel=1e-6)
    bench = StudyBench(study.workshop())
    losses = bench.measure(Networks.of(small.astype(np.float32), ()))["train_loss"]
    gaps = np.abs(losses - outcome.atlas.truth["train_loss"])
    assert record["compression_gap_median"] == pytest.approx(np.median(gaps), rel=1e-5)
    assert record["compression_gap_max"] == pytest.approx(gaps.max(), rel=1e-5)
    rows = {row["field"]: row for row in outcome.findings["fidelity"].table("compression").rows}
    assert rows["training loss"]["gap_max"] == record["compression_gap_max"]
    assert {"compression_unexplained", "compression_gap_median"} <= {one["key"] for one in outcome.record["comparison"]}


@pytest.mark.parametrize("options", ["keep = 1.0", "rank = 99"])
def test_a_compression_that_keeps_all_changes_no_map(folder, options):
    plain, outcome = values(study_in(folder, PLAIN)), values(study_in(folder, SPEC.format(options)))
    assert np.array_equal(plain.atlas.maps[0].chart.latents, outcome.atlas.maps[0].chart.latents)
    record = outcome.record["reducers"][0]
    assert (record["compression_unexplained"], record["compression_gap_max"]) == (0, 0)


def test_another_compression_computes_nothing_before_it_again(folder):
    values(study_in(folder, SPEC.format("keep = 0.4")))
    notes = Notes()
    values(study_in(folder, SPEC.format("keep = 0.5")), notes)
    assert notes.ran[:3] == ["compress", "evaluate compressed members", "weight space"]
    assert "evaluate members" in notes.kept
    notes = Notes()
    values(study_in(folder, SPEC.format("keep = 0.4")), notes)
    assert notes.ran == []


def test_a_network_of_the_population_lies_where_its_member_does(folder):
    study = study_in(folder, SPEC.format("rank = 1"))
    [map_] = values(study).atlas.maps
    [row] = project(study.workshop(), [checkpoints(study.workshop(), "population")[-1].path])
    apart = np.abs(map_.chart.latents[-1] - row["point"]).max()
    assert apart <= 1e-4 * np.ptp(map_.chart.latents)  # rounding of float32 weights
    assert row["residual"] < 1e-4


def test_aligned_networks_are_compressed_after_they_are_aligned(folder):
    aligned = '[population]\nalign = "weight-matching"\n[population.compress]\nkeep = 0.5\n'
    aligned += '[[aligner]]\nuse = "weight-matching"\n'
    text = PLAIN.replace("[population.train]", aligned + "[population.train]")
    study = study_in(folder, text + "[[reducer]]\nuse = 'pca'\nname = 'plain'\nalign = false\n")
    workshop = study.workshop()
    [(given, fitted)], [(other, loose)] = networks_of_maps(workshop, parts_of(StudyBench(workshop)))
    for own, small in ((given, fitted), (other, loose)):
        zero = (np.asarray(small.weights) == 0).all(axis=0)
        assert np.array_equal(np.asarray(own.weights)[:, ~zero], np.asarray(small.weights)[:, ~zero])
    assert not np.array_equal(given.weights[:], other.weights[:])


def test_what_adapters_make_of_a_base_is_compressed_too(tmp_path):
    adapters.population(tmp_path)
    outcome = values(study_in(tmp_path, adapters.SPEC, "population.compress={rank = 1}"))
    [map_] = outcome.atlas.maps
    own, small = (np.asarray(one.weights[:], float) for one in (outcome.atlas.population, map_.population))
    layout = outcome.atlas.population.layout
    for row in range(len(own)):
        for low, whole in zip(
            layout.unflatten(small[row] - own.mean(axis=0)).values(),
            layout.unflatten(own[row] - own.mean(axis=0)).values(),
            strict=True,
        ):
            spreads = np.linalg.svd(whole, compute_uv=False)
            # float32 numbers below 4
            assert np.linalg.norm(whole - low) == pytest.approx(np.sqrt((spreads[1:] ** 2).sum()), abs=1e-4)
