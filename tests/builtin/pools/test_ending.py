"""How a command with worker processes ends: by Ctrl-C, and by a kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.paths import ROOT
from support.study import TINY

from globscope.cli.interrupt import LINE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the processes of a session from /proc"),
]


@pytest.fixture
def command(tmp_path):
    """A command that trains in two processes, in a session of its own, once a checkpoint is there."""
    arguments = ["study", str(ROOT / "specs/digits-mlp.toml"), "--pool", "processes", "--set", "run.workers=2"]
    with subprocess.Popen(
        [sys.executable, "-m", "globscope", *arguments, "--out", str(tmp_path / "run")],
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        while len(list(tmp_path.glob("run/stages/train/*.part/epoch0.safetensors"))) < 2:
            time.sleep(0.05)
        yield process
        for left in in_session(process.pid):
            os.kill(left, signal.SIGKILL)


def in_session(session):
    """Return the running processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def assert_gone(session):
    end = time.monotonic() + 20
    while in_session(session):
        assert time.monotonic() < end, in_session(session)
        time.sleep(0.05)


def test_ctrl_c_ends_all_processes_with_one_line(command):
    assert len(in_session(command.pid)) >= 4  # the command, two workers, and what starts them
    os.killpg(command.pid, signal.SIGINT)  # as a terminal does
    stderr = command.communicate(timeout=60)[1]
    assert command.returncode == 130
    assert stderr.splitlines()[-1] == LINE
    assert "Traceback" not in stderr
    assert_gone(command.pid)


def test_workers_end_with_the_process_that_started_them(command):
    command.kill()
    command.communicate(timeout=60)
    assert_gone(command.pid)


def test_a_script_without_a_guard_is_told_what_to_write(tmp_path):
    (tmp_path / "study.toml").write_text(TINY, "utf-8")
    script = 'import globscope\nglobscope.load("study.toml", ["run.pool=processes", "run.workers=2"], "run").run()\n'
    (tmp_path / "script.py").write_text(script)
    options = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 120}
    found = subprocess.run([sys.executable, "script.py"], check=False, **options)
    assert found.stderr.splitlines()[-1].endswith(
        "3 worker processes in a row ended before they were ready (exit code 1). A Python script that runs a study "
        'with worker processes must do so below `if __name__ == "__main__":`, for every worker imports the script'
    )
    assert found.stderr.count("Traceback") == 1
