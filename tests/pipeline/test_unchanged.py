"""A finished run of which nothing has changed is found without building its task, and nothing is computed."""

import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from support.forked import in_fresh_process
from support.study import MAP, TINY, TWO_RUNS, Notes, blank_pictures, study_in

from globscope.errors import RunError, SpecError
from globscope.pipeline import unchanged
from globscope.pipeline.run import run
from globscope.session import results, study as study_module, write_results

OWN_DATA = """
import numpy as np
def data():
    inputs = np.random.default_rng(0).normal(size=(20, 4)).astype("float32")
    return inputs, np.arange(20) % 2, inputs, np.arange(20) % 2
"""


@pytest.fixture
def copied(finished_study, tmp_path):
    shutil.copytree(finished_study, tmp_path, dirs_exist_ok=True)
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


def test_another_style_computes_nothing_and_draws_again(copied):
    study, notes = study_in(copied, TINY, "report.limits=[0.5, 2]", "report.colours=viridis"), Notes()
    assert study.finished_run() is None
    with blank_pictures():
        result = study.run(notes)
    assert notes.ran == ["report"]
    assert (result.style.limits, result.style.colours) == ((0.5, 2.0), "viridis")
    assert 'colours = "viridis"' in (copied / "run" / "spec.toml").read_text()


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("report.field='test_lose'", "report.field: the task measures no 'test_lose'; did you mean 'test_loss'?"),
        ("report.labels=['A', 'D']", "report.labels: there is no variant 'D'; known: A, B, C"),
    ],
)
def test_a_style_that_asks_for_what_is_not_there_is_refused_before_anything_runs(tmp_path, override, problem):
    with pytest.raises(SpecError) as refused:
        study_in(tmp_path, TINY, override).run()
    assert str(refused.value).endswith(problem)
    assert not list((tmp_path / "run").rglob("stages/*"))


def test_a_result_takes_the_keys_of_the_style_as_arguments(copied):
    with blank_pictures():
        result = study_in(copied, TINY).run()
    for wrong, problem in {
        "field": "field: no landscape of this study has a field 'x'; known: test_accuracy, test_loss, train_accuracy, "
        "train_loss",
        "colour": "colour: there is no such key; did you mean 'colours'?",
    }.items():
        with pytest.raises(RunError) as refused:
            result.plot(**{wrong: "x"})
        assert str(refused.value) == problem
    with pytest.raises(RunError) as refused:
        result.passes(labels=["A", "D"])
    assert str(refused.value) == "labels: this study has no run 'D'; known: A, B, C"
    norm = result.plot(field="test_loss", limits=(0.5, 2), scale="linear").axes[0].collections[0].norm
    assert (norm.vmin, norm.vmax, type(norm).__name__) == (0.5, 2.0, "Normalize")


def killed_at(module, name, study):
    """Run a study in a process that is killed when it calls what a name of a module stands for.

    The process is forked: threads of what this one has computed would hang in it.
    """
    child = os.fork()
    if child == 0:
        setattr(module, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        with blank_pictures():
            study.run()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def a_kill_leaves_no_results_beside_another_spec(folder):
    other, run = study_in(folder, TINY, "report.colours=viridis"), folder / "run"
    before = [(run / name).read_bytes() for name in ("spec.toml", "results.json")]
    killed_at(study_module, "run", other)
    assert [(run / name).read_bytes() for name in ("spec.toml", "results.json")] == before
    killed_at(write_results, "write_learned", other)  # the first thing after the spec
    assert 'colours = "viridis"' in (run / "spec.toml").read_text()


def test_results_never_lie_beside_another_spec_wherever_a_run_is_killed(copied):
    in_fresh_process(a_kill_leaves_no_results_beside_another_spec, copied)
    with pytest.raises(RunError, match="this run is not finished; the same `globscope study` command continues it"):
        results(copied / "run")
    with blank_pictures():
        assert study_in(copied, TINY, "report.colours=viridis").run().style.colours == "viridis"
    assert results(copied / "run")["title"] == "tiny"


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
    monkeypatch.setattr("globscope.session.study.run", run_and_edit)
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
