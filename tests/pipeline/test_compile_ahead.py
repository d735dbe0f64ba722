"""What is compiled in the background while a study runs."""

import os
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import pytest
from attrs import frozen
from support.study import TINY, study_in

from globscope.builtin.reducers import Pca, Umap
from globscope.pipeline.compile_ahead import compiling_ahead


@frozen(kw_only=True)
class Compiled:
    """A reducer with one module to compile."""

    module: str

    def compilation(self):
        return self.module


@pytest.fixture
def slow_module(tmp_path, monkeypatch):
    """The name of a module that says that it runs, then takes a minute."""
    (tmp_path / "slow_compilation.py").write_text(
        "import os, pathlib, time\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    return "slow_compilation"


def wait_for(condition):
    for _ in range(2000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("it did not happen in ten seconds")


def runs(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pid_in(folder):
    wait_for(lambda: (folder / "pid").exists() and (folder / "pid").read_text())
    return int((folder / "pid").read_text())


def test_one_process_compiles_for_all_reducers_and_is_reaped_when_the_study_ends(tmp_path, slow_module):
    with compiling_ahead([Compiled(module=slow_module), Compiled(module=slow_module), Pca()]) as [process]:
        pid = pid_in(tmp_path)
    assert process.returncode is not None
    assert not runs(pid)  # a zombie would still be there


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_study_takes_the_compiling_process_with_it(tmp_path, slow_module):
    script = (
        "import time\nfrom globscope.pipeline.compile_ahead import _start\n"
        f"process = _start({slow_module!r})\ntime.sleep(60)\n"
    )
    study = subprocess.Popen([sys.executable, "-c", script])
    pid = pid_in(tmp_path)
    study.kill()
    study.wait()
    wait_for(lambda: not runs(pid) or is_zombie(pid))


def is_zombie(pid):
    """Where the process that adopts orphans does not reap them, as in some containers."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] == "Z"
    except OSError:
        return False


def test_nothing_starts_where_all_is_compiled(tmp_path, monkeypatch):
    with compiling_ahead([Compiled(module=""), Pca()]) as started:
        assert started == []
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert Umap().compilation() == "globscope.builtin.reducers.compile_umap"


def test_a_study_begins_with_what_its_reducers_have_to_compile(tmp_path):
    begun = []
    ahead = patch(
        "globscope.session.study.compiling_ahead", lambda components: begun.extend(components) or nullcontext()
    )
    study = study_in(tmp_path, TINY + '[[reducer]]\nuse = "umap"\n')
    with ahead, patch("globscope.session.study.run", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        study.run()
    assert begun == [entry.component for entry in study.spec.reducer]
    assert Umap() in begun


def test_a_module_that_fails_does_not_disturb_the_study():
    with compiling_ahead([Compiled(module="no_such_module")]) as [process]:
        assert process.wait(60) == 1
