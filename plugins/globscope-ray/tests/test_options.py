"""The options of the pool `ray`, and the files to copy: what can be known without a cluster."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import typer
from globscope_ray import Ray, globscope_pools
from globscope_ray.cluster import _environment

from globscope.cli import app
from globscope.spec.read import read_spec
from globscope.testing import registry_of

EXAMPLES = Path(__file__).parent.parent / "examples"
SBATCH, RAYJOB = EXAMPLES / "study.sbatch", EXAMPLES / "rayjob.yaml"


def test_the_pool_is_offered_by_its_name():
    assert globscope_pools() == {"ray": Ray}


def test_a_worker_gets_as_many_cpus_as_it_has_threads_unless_the_spec_says_otherwise():
    assert Ray(threads=3).each == {"CPU": 3, "GPU": 0}
    assert Ray(threads=3, cpus=0.5, gpus=1).each == {"CPU": 0.5, "GPU": 1}


def test_a_folder_is_copied_only_where_files_are_not_shared():
    with pytest.raises(ValueError, match="working_dir is for workers that see no files of this machine"):
        Ray(working_dir=Path())
    assert not Ray(working_dir=Path(), files="sent").traits.shares_files


def test_a_ray_that_is_imported_already_is_given_a_token_so_that_it_writes_none(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    monkeypatch.setattr(os, "environ", {})
    with _environment(is_own=True):
        assert len(os.environ["RAY_AUTH_TOKEN"]) == 64
        assert "RAY_AUTH_MODE" not in os.environ  # which it has read


def test_ray_is_not_imported_before_it_is_needed():
    code = "import sys, globscope_ray; print([name for name in ('ray', 'torch') if name in sys.modules])"
    paths = {"PYTHONPATH": ":".join(sys.path)}
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=paths)
    assert found.stdout.strip() == "[]"


def options_of(text):
    """Return the options of `run` that commands in a text set."""
    return set(re.findall(r"run\.(\w+)", text))


@pytest.mark.parametrize("path", [SBATCH, RAYJOB], ids=lambda path: path.name)
def test_an_example_sets_options_that_exist_with_a_command_that_exists(path):
    text = path.read_text("utf-8")
    assert "globscope study" in text
    assert "--pool ray" in text
    assert {"address", "workers"} <= options_of(text) <= {a.name for a in Ray.__attrs_attrs__}
    assert "study" in typer.main.get_command(app).commands


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_the_script_for_slurm_is_one():
    subprocess.run(["bash", "-n", SBATCH], check=True)


def test_the_script_for_slurm_uses_options_that_ray_has():
    scripts = pytest.importorskip("ray.scripts.scripts", reason="Ray is not installed")
    known = {option for parameter in scripts.start.params for option in parameter.opts}
    text = SBATCH.read_text("utf-8")
    used = {
        word
        for line in text.splitlines()
        if re.search(r"ray start|^start ", line.strip())
        for word in re.findall(r"(?<!\S)(--[\w-]+)", line.partition("ray start")[2] or line)
    }
    assert used >= {"--head", "--block", "--num-cpus"}
    assert used <= known


def test_the_job_for_kubernetes_is_one():
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    [job] = yaml.safe_load_all(RAYJOB.read_text("utf-8"))
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    cluster = job["spec"]["rayClusterSpec"]
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    for pod in (group["template"]["spec"] for group in groups):
        [container] = pod["containers"]
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_the_pool_may_be_named_by_its_address(tmp_path):
    from support.components import BUILT_IN
    from support.study import TINY

    (tmp_path / "tiny.toml").write_text(TINY, "utf-8")
    spec = read_spec(tmp_path / "tiny.toml", ["run.pool=ray://head:10001"], registry_of(BUILT_IN, ray=Ray))
    assert spec.run.component == Ray(address="ray://head:10001")
