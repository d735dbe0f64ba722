"""A finished run of which nothing has changed is found without building its task, and nothing is computed."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from support.study import MAP, TINY, TWO_RUNS, Notes, blank_pictures, study_in

from globscope.study import unchanged
from globscope.study.run import run

OWN_DATA = """
import numpy as np
def data():
    inputs = np.random.default_rng(0).normal(size=(20, 4)).astype("float32")
    return inputs, np.arange(20) % 2, inputs, np.arange(20) % 2
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished")
    with blank_pictures():
        study_in(folder, TINY).run()
    return folder


@pytest.fixture
def copied(finished, tmp_path):
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    return tmp_path


def states(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


def test_the_same_command_reads_the_record_and_touches_nothing(copied):
    before, study, notes = states(copied / "run"), study_in(copied, TINY), Notes()
    found = study.finished_run(notes)
    assert states(copied / "run") == before
    assert notes.ran == []
    ran = Notes()
    with blank_pictures():
        result = study.run(ran)
    assert found.record == result.record
    assert found.report == result.report
    assert found.report.is_file()
    assert set(ran.kept) <= set(notes.kept)


def test_nothing_is_found_where_nothing_has_run(tmp_path):
    assert study_in(tmp_path, TINY).finished_run() is None


@pytest.mark.parametrize("override", ["title='other'", "seed=1", "sampler.0.resolution=4"])
def test_another_spec_is_another_run(copied, override):
    assert study_in(copied, TINY, override).finished_run() is None


@pytest.mark.parametrize("name", ["report.html", "results.json", "figures/overview.png"])
@pytest.mark.parametrize("damage", ["edited", "gone"])
def test_an_edited_or_missing_file_is_written_again(copied, name, damage):
    if damage == "gone":
        (copied / "run" / name).unlink()
    else:
        (copied / "run" / name).write_bytes(b"edited")
    assert study_in(copied, TINY).finished_run() is None


def test_a_damaged_stage_is_reported_and_computed_again(copied):
    [chart] = (copied / "run/stages/reduce").glob("*/chart.json")
    chart.write_text("{}")
    notes = Notes()
    assert study_in(copied, TINY).finished_run(notes) is None
    assert len(notes.warned) == 1
    assert "is damaged or was changed" in notes.warned[0]


def test_data_that_were_edited_while_they_were_in_use_are_not_those_of_the_results(tmp_path, monkeypatch):
    def save(seed):
        inputs, labels = np.random.default_rng(seed).normal(size=(40, 4)).astype(np.float32), np.arange(40) % 2
        names = ("train_inputs", "train_targets", "test_inputs", "test_targets")
        np.savez(tmp_path / "data.npz", **dict(zip(names, (inputs, labels) * 2, strict=True)))

    def run_and_edit(workshop):
        outcome = run(workshop)
        save(1)
        return outcome

    save(0)
    monkeypatch.setattr("globscope.session.run", run_and_edit)
    task = f'[task]\nuse = "classification"\npath = "data.npz"\nhidden = [4]\n{TWO_RUNS}'
    with blank_pictures():
        study_in(tmp_path, f'{task}\n{MAP}\n[evaluator]\nuse = "torch"\n').run()
    study = study_in(tmp_path, f'{task}\n{MAP}\n[evaluator]\nuse = "torch"\n')
    assert study.finished_run() is None
    save(0)
    assert study.finished_run() is not None


@pytest.mark.parametrize("name", ["libraries", "_source"])
def test_another_version_of_a_library_or_of_the_code_runs_again(copied, monkeypatch, name):
    monkeypatch.setattr(unchanged, name, lambda: "another")
    assert study_in(copied, TINY).finished_run() is None


@pytest.mark.parametrize(
    "networks",
    [
        f'[task]\nuse = "classification"\ndata = "data.py:data"\nhidden = [4]\n{TWO_RUNS}',
        '[task]\nuse = "classification"\nhidden = [8]\n[population]\ncheckpoints = "*/{variant}/{step}.pt"\n',
    ],
    ids=["a function returns the data", "networks are read"],
)
def test_what_may_change_unseen_always_runs(tmp_path, networks):
    (tmp_path / "data.py").write_text(OWN_DATA)
    study = study_in(tmp_path, f'{networks}\n{MAP}\n[evaluator]\nuse = "torch"\n')
    assert unchanged.run_key(study.spec, study.registry) == ""


def test_the_command_imports_neither_torch_nor_scikit_learn_nor_matplotlib(copied):
    script = (
        "import sys\nfrom globscope.cli import app\n"
        "try:\n    app(['study', 'study.toml', '--out', 'run'])\n"
        "except SystemExit as ended:\n    assert not ended.code\n"
        "assert not {'torch', 'sklearn', 'matplotlib'} & sys.modules.keys()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, check=False, cwd=copied, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "report.html" in ended.stdout
