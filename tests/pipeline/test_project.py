"""New networks on finished maps, without a fit."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from support.study import TINY, Notes, run_undrawn, study_in
from typer.testing import CliRunner

from globscope.api import PopulationError, RunError
from globscope.cli import app
from globscope.pipeline.project import warnings
from globscope.session import project

SPEC = TINY + '[[reducer]]\nuse = "autoencoder"\nsteps = 20\n[[reducer]]\nuse = "mds"\n[[reducer]]\nuse = "isomap"\n'


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run, one of its final checkpoints, and a network that it has never seen."""
    folder = tmp_path_factory.mktemp("finished")
    result = run_undrawn(study_in(folder, SPEC))
    known = sorted(folder.glob("run/stages/train/*/epoch2.safetensors"))[0]
    rng = np.random.default_rng(0)
    tensors = {n: a + rng.normal(size=a.shape).astype(np.float32) for n, a in load_file(known).items()}
    save_file(tensors, folder / "strange.safetensors")
    return folder, result, known


def on(rows, name):
    return [row for row in rows if row["map"] == name]


def test_a_member_lies_where_the_fit_put_it_and_a_stranger_is_not_trusted(finished):
    folder, result, known = finished
    rows = project(folder / "run", [known, folder / "strange.safetensors"])
    assert [row["map"] for row in rows] == ["pca"] * 2 + ["autoencoder"] * 2 + ["isomap"] * 2  # mds places no others
    who = result.atlas.population
    weights = np.concatenate([a.ravel() for a in load_file(known).values()])
    row = int(np.abs(np.sort(who.weights, axis=1) - np.sort(weights)).max(axis=1).argmin())
    member, stranger = on(rows, "pca")
    # The isometry's rounding: float64 coordinates of float32 weights.
    np.testing.assert_allclose(member["point"], result.map("pca").chart.latents[row], atol=1e-6)
    assert (member["trusted"], stranger["trusted"]) == (True, False)
    assert member["residual"] < 1e-6
    assert stranger["residual"] > 0.9  # noise of 610 weights against a span of eight directions
    assert member["fields"]["train_loss"] == pytest.approx(result.atlas.truth["train_loss"][row], rel=1e-6)
    decoded = result.map("pca").decoded["train_loss"][row]
    assert member["decoded"]["train_loss"] == pytest.approx(decoded, rel=1e-4)  # encoded again, in float32 weights


def test_the_warning_counts_the_networks_that_are_far(finished):
    folder, _, known = finished
    messages = warnings(project(folder / "run", [known, folder / "strange.safetensors"]))
    assert len(messages) == 3
    assert messages[0].startswith("pca: 1 of 2 networks are far from all that the map was fitted to, with ")
    assert not warnings(project(folder / "run", [known]))


def test_nothing_is_fitted_or_measured_twice(finished):
    folder, _, known = finished
    project(folder / "run", [known])
    notes = Notes()
    project(folder / "run", [known], notes)
    assert {label for label in notes.ran if not label.startswith("refit")} == set()
    # Isomap and PCA offer no arrays of their chart: it is had again by the same fit.
    assert all(label.startswith("refit ") for label in notes.ran)


def test_a_map_without_inverse_places_and_decodes_nothing(finished):
    folder, _, known = finished
    (row,) = on(project(folder / "run", [known]), "isomap")
    assert row["decoded"] == {}
    assert len(row["point"]) == 2


def test_the_command_prints_the_rows_as_strict_json(finished):
    folder, _, known = finished
    result = CliRunner().invoke(app, ["project", str(folder / "run"), str(known), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert [row["map"] for row in found["networks"]] == ["pca", "autoencoder", "isomap"]
    assert found["warnings"] == []


def test_the_command_prints_a_line_for_each_map_and_network(finished):
    folder, _, known = finished
    strange = folder / "strange.safetensors"
    result = CliRunner().invoke(app, ["project", str(folder / "run"), str(known), str(strange)])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "2 networks"
    assert sum(str(strange) in line and "  no  " in line for line in lines) == 3
    assert sum(line.startswith("warning: ") for line in lines) == 3


def test_a_file_of_another_model_and_an_unfinished_run_are_reported(finished, tmp_path):
    folder, _, _ = finished
    save_file({"other": np.ones(3, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(PopulationError, match=r"other\.safetensors: has no tensor '1\.weight'; known: other$"):
        project(folder / "run", [tmp_path / "other.safetensors"])
    shutil.copytree(folder / "run", tmp_path / "half")
    (tmp_path / "half/results.json").unlink()
    with pytest.raises(RunError, match="this run is not finished"):
        project(tmp_path / "half", [])
