"""A stranger's package: built as a wheel, installed, used from a spec, and gone again."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from support.paths import ROOT
from support.study import TINY

from globscope.scaffold import write_package

SPEC = TINY.replace('use = "pca"', 'use = "shadow"\nlatent_dim = 2')


def python(*arguments, cwd, site=None, code=0):
    """Run a module with this Python, with another folder of packages before its own."""
    paths = [str(site) if site else "", os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the installed wheel; nothing is fetched from anywhere."""
    folder = tmp_path_factory.mktemp("third_party")
    write_package("globscope-shadow", "reducer", folder / "source")
    python("-m", "build", "--no-isolation", "--wheel", "--outdir", folder, cwd=folder / "source")
    [wheel] = folder.glob("*.whl")
    install = ("install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    python("-m", "pip", *install, "--target", folder / "site", wheel, cwd=folder)
    return folder / "site"


COMMAND = ("-c", "from globscope.cli import app; app()")


def test_the_wheel_holds_one_module(site):
    assert sorted(path.name for path in site.iterdir() if path.suffix == ".py") == ["globscope_shadow.py"]


def test_a_strangers_reducer_runs_from_a_spec(site, tmp_path):
    (tmp_path / "tiny.toml").write_text(SPEC)
    python(*COMMAND, "study", "tiny.toml", "--quiet", cwd=tmp_path, site=site)
    record = json.loads((tmp_path / "runs/tiny/results.json").read_text("utf-8"))
    [one] = record["reducers"]
    assert (one["name"], one["samples"], one["hidden"]) == ("shadow", 25, None)
    # Two axes of the span's eight hold some of the variance, and not all of it.
    assert 0 < one["unexplained_variance"] < 1
    assert "globscope-shadow 0.1.0" in record["manifest"]["plugins"]


def test_a_strangers_reducer_is_listed_with_its_distribution(site, tmp_path):
    listed = python(*COMMAND, "plugins", cwd=tmp_path, site=site).stdout
    [line] = [line for line in listed.splitlines() if "shadow" in line]
    assert "Project the networks onto random orthogonal axes through their mean." in line
    assert line.endswith("(globscope-shadow 0.1.0)")


def test_a_package_for_another_version_of_the_api_gets_one_line(site, tmp_path):
    other = tmp_path / "site"
    shutil.copytree(site, other, ignore=shutil.ignore_patterns("__pycache__"))
    module = other / "globscope_shadow.py"
    module.write_text(module.read_text("utf-8").replace("GLOBSCOPE_API = 2", "GLOBSCOPE_API = 1"), "utf-8")
    listed = python(*COMMAND, "plugins", cwd=tmp_path, site=other)
    assert [line for line in listed.stdout.splitlines() if "shadow" in line] == [
        "problem: globscope-shadow (entry point shadow = globscope_shadow) is written for version "
        "1 of the API; this is 2: docs/reference/api-versions.md lists what to change, then set GLOBSCOPE_API = 2"
    ]
    assert listed.stderr == ""


def test_without_the_package_the_spec_is_refused(tmp_path):
    (tmp_path / "tiny.toml").write_text(SPEC)
    message = python(*COMMAND, "study", "tiny.toml", cwd=tmp_path, code=2).stderr
    assert message.startswith("error: tiny.toml: reducer.0.use: there is no reducer 'shadow'; known: ")
    assert len(message.splitlines()) == 1


PLUGINS = ROOT / "plugins"
TERM = 'hidden = [8]\nsteps = 5\nterms = [{ use = "globscope_geometry:loss_gap", weight = 0.1 }]'
MAPS = {
    "flow": TINY.replace('use = "pca"', 'use = "flow"\nhidden = [8]\nsteps = 5'),
    "autoencoder": TINY.replace('use = "pca"', f'use = "autoencoder"\n{TERM}'),
}


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A folder with the installed wheels of two packages under plugins/."""
    folder = tmp_path_factory.mktemp("packages")
    for name in ("globscope-flow", "globscope-geometry"):
        shutil.copytree(PLUGINS / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        python("-m", "build", "--no-isolation", "--wheel", "--outdir", folder, cwd=folder / name)
    install = ("install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check")
    python("-m", "pip", *install, "--target", folder / "site", *folder.glob("*.whl"), cwd=folder)
    return folder / "site"


@pytest.mark.slow
@pytest.mark.parametrize("use", MAPS)
def test_maps_of_the_packages_under_plugins_run_from_their_wheels(packages, tmp_path, use):
    (tmp_path / "tiny.toml").write_text(MAPS[use])
    python(*COMMAND, "study", "tiny.toml", "--quiet", cwd=tmp_path, site=packages)
    record = json.loads((tmp_path / "runs/tiny/results.json").read_text("utf-8"))
    [one] = record["reducers"]
    assert (one["name"], one["samples"], one["hidden"]) == (use, 25, None)
    assert "globscope-flow 0.1.0" in record["manifest"]["plugins"]
    assert (one["loss_gap_max"] <= 1e-5) == (use == "flow")  # exact on the members, in float32


@pytest.mark.slow
@pytest.mark.parametrize(
    ("use", "text"),
    [
        ("flow", "it comes with the package globscope-flow, which is not installed: pip install globscope-flow"),
        ("autoencoder", "reducer.0.terms.0.use: there is no installed module 'globscope_geometry': install it"),
    ],
)
def test_without_the_packages_the_message_names_them(tmp_path, use, text):
    (tmp_path / "tiny.toml").write_text(MAPS[use])
    message = python(*COMMAND, "study", "tiny.toml", cwd=tmp_path, code=2).stderr
    assert text in message
    assert len(message.splitlines()) == 1
