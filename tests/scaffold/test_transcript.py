"""A stranger's first hour: a wheel of GlobScope, a new package, its tests, and a study with it."""

import csv
import json

import numpy as np
import pytest
from support.clean_environment import clean_environment
from support.documents import FENCE
from support.paths import ROOT

from globscope.registry import HOOKS

pytestmark = pytest.mark.slow

TUTORIAL = ROOT / "docs/tutorial/first-plugin.md"
# What only the component of the role can have left: in the record of the study, or on the screen.
TRACES = {
    "reducer": lambda record, *_: "my-reducer" in [one["name"] for one in record["reducers"]],
    "sampler": lambda record, *_: {one["samples"] for one in record["reducers"]} == {256},
    "analysis": lambda record, _, run: all(
        one["low_loss_share"] == low_loss_share(run, one["name"]) for one in record["reducers"]
    ),
    "pool": lambda _, screen, __: "pool: my-pool (2 workers)" in screen,
}


def low_loss_share(run, name):
    """Return the figure of the analysis from a run's files: the samples no worse than the worst last network."""
    with (run / f"members/{name}.csv").open(encoding="utf-8", newline="") as rows:
        last = {row["variant"]: float(row["train_loss"]) for row in csv.DictReader(rows)}
    with np.load(run / f"landscapes/{name}-grid.npz") as landscape:
        return float(np.mean(landscape["train_loss"] <= max(last.values())))


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    return clean_environment(tmp_path_factory.mktemp("stranger"))


def test_globscope_comes_from_its_wheel(environment, tmp_path):
    path = environment.run("python -c 'import globscope; print(globscope.__file__)'", tmp_path)
    assert path.startswith(str(environment.folder))


@pytest.mark.parametrize("role", HOOKS)
def test_a_new_package_installs_passes_its_tests_and_works_in_a_study(role, environment, tmp_path):
    name = f"my-{role}"
    environment.run(f"globscope plugin new {name} --role {role}", tmp_path)
    environment.run(f"pip install --quiet ./{name}", tmp_path)
    assert f"{role} {name} ({name} 0.1.0)" in environment.run(f"globscope plugins {name}", tmp_path)
    assert " passed" in environment.run("python -m pytest -q", tmp_path / name)
    screen = environment.run("globscope study study.toml 2>&1", tmp_path / name)
    record = json.loads((tmp_path / name / "runs/study/results.json").read_text("utf-8"))
    assert {"autoencoder", "umap"} <= {one["name"] for one in record["reducers"]}
    assert f"{name} 0.1.0" in record["manifest"]["plugins"]
    assert f'"{name}"' in json.dumps(record["spec"]) + (tmp_path / name / "runs/study/spec.toml").read_text("utf-8")
    assert TRACES.get(role, lambda *_: True)(record, screen, tmp_path / name / "runs/study")


def script(page):
    """Return a page's commands in order, with the files that it shows after a line with their names."""
    text, parts = page.read_text("utf-8"), []
    for block in FENCE.finditer(text):
        before = text[: block.start()].rstrip().rsplit("\n", 1)[-1]
        if block["kind"].strip() == "sh":
            parts.append(block["text"])
        elif before.startswith("`") and before.endswith("`:"):
            parts.append(f"cat > {before[1:-2]} <<'END OF FILE'\n{block['text']}END OF FILE\n")
    return "".join(parts)


def test_the_tutorial_runs_as_written(environment, tmp_path):
    commands = script(TUTORIAL)
    assert commands.count("globscope study") == 2
    screen = environment.run(commands, tmp_path)
    assert screen.count(" passed") == 2
    shares = []
    for run in ("study", "variance"):
        record = json.loads((tmp_path / f"top-variance/runs/{run}/results.json").read_text("utf-8"))
        [own] = [one for one in record["reducers"] if one["name"] == "top-variance"]
        shares.append(own["unexplained_variance"])
    # Axes along which the networks vary most leave less of their variance unexplained than random ones.
    assert 0 < shares[1] < shares[0] < 1
