"""`population.align`: the members with permutations undone, and maps of both side by side."""

from pathlib import Path

import numpy as np
import pytest
from support.permuted import networks, write_spec
from support.study import run_undrawn, values

import globscope
from globscope.errors import GlobscopeError, SpecError


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("align")
    networks(folder)
    return globscope.load(write_spec(folder, 'align = "weight-matching"'), folder=folder / "run")


@pytest.fixture(scope="module")
def atlas(study):
    return run_undrawn(study).atlas


def test_a_permuted_copy_lies_on_the_network_that_it_copies(atlas):
    aligned, raw = atlas.maps
    first, second = (aligned.population.of(name) for name in "AB")
    assert np.array_equal(aligned.population.weights[first[-1:]], aligned.population.weights[second[-1:]])
    assert not np.allclose(raw.population.weights[first[-1:]], raw.population.weights[second[-1:]])


def test_an_aligner_of_sets_leaves_the_reference_and_brings_the_others_to_it(tmp_path):
    networks(tmp_path)
    study = globscope.load(write_spec(tmp_path, 'align = "merge-many"\nreference = "B"'), folder=tmp_path / "run")
    aligned, raw = (one.population for one in run_undrawn(study).atlas.maps)
    assert np.array_equal(aligned.weights[aligned.of("B")], raw.weights[raw.of("B")])
    assert np.array_equal(aligned.weights[aligned.of("A")], raw.weights[raw.of("B")])


def test_all_checkpoints_of_a_run_take_one_order(atlas):
    """B's first checkpoint was permuted as its last, so the last one's order brings it back too."""
    population = atlas.maps[0].population
    first, second = (population.of(name) for name in "AB")
    assert np.array_equal(population.weights[first], population.weights[second])


def test_an_aligned_network_scores_as_its_file_does(study, atlas):
    rows = globscope.session.project(study.folder, [study.spec.source.parent / "B-2.safetensors"])
    own = atlas.truth["train_loss"][atlas.population.of("B")[-1]]
    assert rows[0]["fields"]["train_loss"] == pytest.approx(own, rel=1e-5)  # sums in another order, float32


def test_members_of_a_raw_map_are_scored_as_they_are_given_and_counted_so(study, atlas):
    # Six members aligned, six as they are given, six decoded on either map, and 25 samples of each.
    assert study.estimate().evaluations == 6 + 6 + 2 * 6 + 2 * 25
    aligned, raw = atlas.maps
    np.testing.assert_array_equal(aligned.truth["train_loss"], atlas.truth["train_loss"])
    np.testing.assert_allclose(raw.truth["train_loss"], atlas.truth["train_loss"], rtol=1e-5)


def test_a_finished_study_aligns_nothing_again(study, atlas):
    del atlas  # it has run
    labels = []

    class Heard(globscope.pipeline.observer.Observer):
        def stage(self, label):
            labels.append(label)
            return super().stage(label)

    values(study, Heard())
    assert [label for label in labels if "align" in label] == []


def test_a_new_network_is_aligned_before_it_is_placed(study, atlas):
    del atlas  # it has run
    folder = study.spec.source.parent
    rows = globscope.session.project(study.folder, [folder / "A-2.safetensors", folder / "B-2.safetensors"])
    places = {(row["map"], Path(row["file"]).name): row["point"] for row in rows}
    assert places["pca", "A-2.safetensors"] == pytest.approx(places["pca", "B-2.safetensors"], abs=1e-6)
    assert places["raw", "A-2.safetensors"] != pytest.approx(places["raw", "B-2.safetensors"], abs=1e-2)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'align = "weigth-matching"',
            "population.align: there is no aligner 'weigth-matching'; did you mean 'weight-matching'?",
        ),
        ('align = "weight-matching"\nreference = "C"', "population.reference: there is no variant 'C'; known: A, B"),
    ],
)
def test_what_is_not_there_is_reported_before_anything_long(tmp_path, line, message):
    networks(tmp_path)
    path = write_spec(tmp_path, line)
    with pytest.raises(GlobscopeError) as refused:
        globscope.load(path, folder=tmp_path / "run").run()
    assert str(refused.value) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('reference = "A"', "population: reference goes with 'align'"),
        ('align = "weight-matching"\nflatten = "all"', "population: align goes with flatten = 'parameters'"),
        (
            'align = "weight-matching"\nnull = "gaussian"',
            "population: null = 'gaussian' goes without align: surrogates are no networks with units",
        ),
        (
            'flatten = "all"\nnull = "gaussian"',
            "population: null = 'gaussian' goes without flatten = 'all': surrogates are no networks with units",
        ),
        ("null_seed = 3", "population: null_seed goes with null = 'gaussian'"),
    ],
)
def test_what_cannot_go_together_is_reported(tmp_path, line, message):
    with pytest.raises(SpecError, match=message):
        globscope.load(write_spec(tmp_path, line))
