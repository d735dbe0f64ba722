"""`globscope figure`: one picture of a finished run, read from its stages."""

import shutil

import pytest
from support.commands import run as command
from support.study import Notes

from globscope.errors import RunError
from globscope.session import finished_result


@pytest.fixture
def run(finished_study, tmp_path, monkeypatch):
    shutil.copytree(finished_study, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "run"


def files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


def test_a_picture_is_written_from_the_stages_and_the_run_is_as_it_was(run, tmp_path):
    before = files(run)
    done = command("figure", run, "--kind", "tree", "--size", "column", "-o", "tree.pdf")
    assert (done.exit_code, done.stdout) == (0, "tree.pdf\n")
    assert (tmp_path / "tree.pdf").read_bytes().startswith(b"%PDF")
    assert files(run) == before


def test_the_result_of_a_finished_run_is_that_of_the_run_with_its_style(run):
    notes = Notes()
    result = finished_result(run, ["report.size=double"], notes)
    assert notes.ran == []
    assert result.style.size == "double"
    assert result.record == finished_result(run).record
    assert result.plot().get_figwidth() == 6.75


@pytest.mark.parametrize("stage", ["train", "evaluate", "reduce"])
def test_a_missing_stage_is_not_computed_but_named(run, stage):
    shutil.rmtree(run / "stages" / stage)
    with pytest.raises(RunError) as refused:
        finished_result(run)
    assert str(refused.value).startswith(f"{run}: stages of this run are missing or were made with other code: ")
    assert str(refused.value).endswith("; the same `globscope study` command computes them again")
    assert not (run / "stages" / stage).exists() or not list((run / "stages" / stage).iterdir())


def test_a_folder_without_a_finished_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="there is no run here"):
        finished_result(tmp_path / "none")


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--kind", "treex"], "there is no kind of figure 'treex'; did you mean 'tree'?"),
        (["--map", "pc"], "this study has no map 'pc'; did you mean 'pca'?"),
        (["--kind", "fidelity:x"], "analysis 'fidelity' has no picture 'x'; "),
        (["--size", "columnx"], "report.size: expected 'page', 'column', 'double' or a number, got 'columnx'"),
        (["--set", "report.limits=[2,1]"], "report.limits: must rise, got [2, 1]"),
    ],
)
def test_what_there_is_not_is_refused(run, words, problem):
    done = command("figure", run, *words, "-o", "a.pdf")
    assert (done.exit_code, done.stdout) == (2, "")
    assert problem in done.stderr
