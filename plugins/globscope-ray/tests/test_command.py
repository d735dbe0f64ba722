"""The command line with `--pool ray`: what it prints, what it leaves behind, and that a killed study continues."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import ray_work
from support.study import TINY

pytest.importorskip("ray", reason="Ray is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the processes of a session from /proc"),
]
PLUGIN = Path(__file__).parent.parent
ROOT = PLUGIN.parent.parent
SPEC = TINY.replace("resolution = 5", "resolution = 11")


@pytest.fixture
def command(tmp_path):
    """A function that starts `globscope` with the plugin installed, in a home folder and a session of its own."""
    site = tmp_path / "site"
    meta = site / "globscope_ray-0.1.0.dist-info"
    meta.mkdir(parents=True)
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: globscope-ray\nVersion: 0.1.0\n")
    (meta / "entry_points.txt").write_text("[globscope]\nray = globscope_ray\n")
    (tmp_path / "tiny.toml").write_text(SPEC, "utf-8")
    (tmp_path / "home").mkdir()
    paths = os.pathsep.join(map(str, (site, ROOT, ROOT / "tests", PLUGIN)))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment = clean | {"PYTHONPATH": paths, "HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
    started = []

    def start(*arguments):
        words = [sys.executable, "-m", "globscope", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(words, cwd=tmp_path, env=environment, start_new_session=True, **pipes))
        return started[-1]

    yield start
    for process in started:
        for left in in_session(process.pid):
            os.kill(left, signal.SIGKILL)


def in_session(session):
    """Return the running processes of a session by their command."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words, text = (stat.parent / "cmdline").read_text(), stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(text[3]) == session and text[0] != "Z":
            found[int(stat.parent.name)] = words.replace("\0", " ")
    return found


STUDY = ("study", "tiny.toml", "--pool", "ray", "--set", "run.workers=2")


def test_a_study_on_ray_leaves_no_process_no_token_and_no_folder_and_prints_nothing_of_ray(command, tmp_path):
    before = set(Path("/tmp").glob("gs-ray-*"))
    process = command(*STUDY)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert out.splitlines()[-1] == "runs/tiny/report.html"
    assert "pool: ray (2 workers)" in err
    assert "ray" not in (out + err).replace("pool: ray", "").replace("array", "").lower().split()
    assert "raylet" not in out + err
    ray_work.await_end(in_session(process.pid))  # the last of them may still be on their way out
    assert [path for path in (tmp_path / "home").rglob("*") if "ray" in path.name.lower() or "token" in path.name] == []
    assert set(Path("/tmp").glob("gs-ray-*")) == before


def test_a_study_whose_process_is_killed_continues_with_the_same_bits(command, tmp_path):
    slow = ("--set", "sampler.0.resolution=41")
    process = command(*STUDY, *slow)
    while not list(tmp_path.glob("runs/tiny/stages/evaluate/*.part/units/*.npz")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.kill()
    process.communicate(timeout=60)
    kept = list(tmp_path.glob("runs/tiny/stages/evaluate/*.part/units/*.npz"))
    ray_work.await_end([pid for pid, words in in_session(process.pid).items() if "Agent" not in words], 60)
    again = command(*STUDY, *slow)
    said = again.communicate(timeout=240)
    assert again.returncode == 0, said
    assert kept
    plain = command("study", "tiny.toml", "--out", "plain", *slow, "--pool", "here", "--set", "run.threads=1")
    said = plain.communicate(timeout=240)
    assert plain.returncode == 0, said
    assert arrays(tmp_path / "runs/tiny") == arrays(tmp_path / "plain")
    shutil.rmtree(tmp_path / "plain")


def arrays(folder):
    """Return the bytes of all arrays and weights of a run, by their path."""
    files = [file for ending in ("npz", "npy", "safetensors") for file in folder.glob(f"stages/*/*/*.{ending}")]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def test_an_address_where_no_ray_is_ends_with_one_line(command):
    process = command("study", "tiny.toml", "--pool", "ray", "--set", "run.address=auto")
    err = process.communicate(timeout=120)[1]
    assert process.returncode == 2
    assert err.splitlines()[-1].startswith("error: Ray at 'auto' cannot be used: ConnectionError: Could not find any")
    assert "Traceback" not in err
