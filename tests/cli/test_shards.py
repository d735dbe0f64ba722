"""A study that several commands divide, as the command line does it."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer
from support.commands import assert_refused, run
from support.paths import ROOT
from support.sharded import SMALL

from globscope.cli.app import app

SCRIPT = ROOT / "docs/how-to/files/job-array.sh"
# Notes its arguments, a line each, and prints a job's number.
SBATCH = '#!/bin/sh\nprintf "%s\\n" "$@" >> "$CALLS"\necho END >> "$CALLS"\ngrep -c END "$CALLS"\n'
FINISH = "the same `globscope study` command without --until"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the small study."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(SMALL, "utf-8")
    return tmp_path


def printed(*arguments):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


@pytest.mark.usefixtures("blank_pictures")
def test_every_command_prints_what_is_ready_and_the_next_one(folder):
    again = "next: globscope work runs/study --shard NUMBER/COUNT, once for each NUMBER from 1 to COUNT"
    assert printed("study", "study.toml", "--until", "train") == [
        "runs/study: ready for train",
        *("  train A", "  train B", "  train C"),
        again,
        f"then: {FINISH}, or with a later stage",
    ]
    assert printed("work", "runs/study", "--shard", "1/1") == [
        "shard 1/1 of runs/study: finished",
        f"every part that was prepared is there; next: {FINISH}, or with a later stage",
    ]
    ready = printed("study", "study.toml", "--until", "evaluate")
    assert ready == [
        "runs/study: ready for evaluate",
        "  evaluate members: 2 of 2 units to score",
        "  evaluate pca's members: 2 of 2 units to score",
        "  evaluate pca: 3 of 3 units to score",
        again,
        f"then: {FINISH}",
    ]
    shutil.copytree("runs/study", "copy")
    first = printed("work", "runs/study", "--shard", "1/2", "--quiet")
    own = int(first[0].split()[-3])  # which units a shard takes follows from the keys of the stages
    assert 1 < own < 6
    assert first[:2] == [f"shard 1/2 of runs/study: finished; {own} units scored", "left to other shards:"]
    second = printed("work", "copy", "--shard", "2/2", "--quiet")
    assert second[0] == f"shard 2/2 of copy: finished; {7 - own} units scored"
    [left] = run("show", "runs/study").stderr.splitlines()
    assert f"not finished: {own} of 7 parts that were prepared for shards are there" in left
    assert printed("gather", "runs/study", "copy") == [
        f"runs/study: {7 - own} units and 0 finished stages copied",
        f"next: {FINISH}",
    ]
    assert printed("study", "study.toml", "--until", "evaluate") == [
        "runs/study: all that comes before evaluate is finished; left: merge tree of pca",
        f"next: {FINISH}",
    ]
    assert printed("study", "study.toml", "--quiet") == ["runs/study/report.html"]
    assert printed("work", "runs/study", "--shard", "1/2", "--quiet") == [
        "shard 1/2 of runs/study: finished",
        "nothing is left: every stage of the study is finished",
    ]


def test_what_cannot_be_divided_ends_with_2_and_one_line(folder):
    assert_refused(
        run("work", "runs/study", "--shard", "0/16"), "--shard 0/16: shards are numbered from 1/16 to 16/16; near: 1/16"
    )
    assert_refused(
        run("study", "study.toml", "--until", "evaluations"),
        "--until evaluations: a study cannot stop there; did you mean 'evaluate'?",
    )
    assert_refused(
        run("work", "runs/study", "--shard", "1/2"),
        "runs/study: nothing is prepared for shards here; `globscope study SPEC --until evaluate` prepares it",
    )
    assert_refused(
        run("gather", "runs/study", "copy"),
        "runs/study: nothing is prepared for shards here; expected the run folder that was copied",
    )
    assert sorted(path.name for path in folder.iterdir()) == ["study.toml"]


def submitted(folder, fake):
    """Run the script of the how-to with a fake sbatch, and return the arguments of every call."""
    (folder / "bin").mkdir()
    (folder / "bin/sbatch").write_text(fake)
    (folder / "bin/sbatch").chmod(0o755)
    environment = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "CALLS": str(folder / "calls")}
    command = ["bash", str(SCRIPT), "study.toml"]
    found = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (found.returncode, found.stderr) == (0, "")
    return [call.splitlines() for call in (folder / "calls").read_text().split("END\n") if call]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_script_for_slurm_submits_commands_that_exist_in_their_order(folder):
    calls = submitted(folder, SBATCH)
    options = [{option.partition("=")[0]: option.partition("=")[2] for option in call} for call in calls]
    assert [one["--job-name"] for one in options] == ["globscope-prepare", "globscope-work", "globscope-finish"]
    assert [one.get("--dependency") for one in options] == [None, "afterok:1", "afterany:2"]
    assert [one.get("--array") for one in options] == [None, "1-16", None]
    parsed = []
    for one in options:
        program, name, *words = shlex.split(one["--wrap"].rpartition("; ")[2].replace("$SLURM_ARRAY_TASK_ID", "3"))
        assert program == "globscope"
        parsed.append(typer.main.get_command(app).commands[name].make_context(name, words).params)
    run_folder = folder / "runs/study"
    assert [(one.get("until"), one.get("shard"), Path(one.get("out") or one["run"])) for one in parsed] == [
        ("evaluate", None, run_folder),
        (None, "3/16", run_folder),
        (None, None, run_folder),
    ]
