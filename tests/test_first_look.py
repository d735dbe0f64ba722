"""The script that looks at a GPU first: checked on a CPU, since it is run where there is little time to mend it."""

import json
import subprocess
import sys
import zipfile

import pytest
from support.paths import ROOT

sys.path.append(str(ROOT / "benchmarks"))

import gpu_first_look
from gpu_look.looking import covered
from gpu_look.wheels import missing, prepare


def test_what_a_device_computes_at_once_counts_once():
    assert covered([(5, 6), (0, 2), (1, 3), (1, 2)]) == 4
    assert covered([]) == 0


def wheel(folder, name, *needs):
    """Write a wheel of one module."""
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as made:
        about = "\n".join([f"Name: {name}", *(f"Requires-Dist: {need}" for need in needs)])
        made.writestr(f"{name}-1.0.dist-info/METADATA", about + "\n")
        made.writestr(f"{name}.py", "WHERE = 'wheel'\n")


def test_what_is_missing_is_named_with_what_the_wheels_need_in_turn(tmp_path, monkeypatch):
    dependencies = ["numpy", "nobody-has", "numpy-like>=99; python_version < '3'", "safetensors>=999"]
    monkeypatch.setattr("gpu_look.wheels.project", lambda: {"dependencies": dependencies})
    assert missing(None) == ["nobody-has", "safetensors"]
    wheel(tmp_path, "nobody_has", "deeper", "extra-only; extra == 'more'")
    assert missing(tmp_path) == ["deeper", "safetensors"]


def test_a_machine_without_an_installation_finds_the_wheels_and_the_components_of_this_checkout(tmp_path):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "site").mkdir()
    wheel(tmp_path / "wheels", "some_library")
    environment = prepare(tmp_path / "site", tmp_path / "wheels")
    asked = "import some_library; from globscope.registry import installed_registry as r; print(*r().role('evaluator'))"
    ran = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["torch"]


@pytest.mark.slow
def test_a_part_that_fails_leaves_the_others(tmp_path, monkeypatch, capsys):
    def broken(site, wheels):
        environment = prepare(site, wheels)
        (site / "tomli_w.py").write_text("raise ImportError('of another Python')", "utf-8")
        return environment

    monkeypatch.setattr(gpu_first_look, "prepare", broken)
    options = ["--tiny", "--parts", "machine", "digits", "--out", str(tmp_path / "look.json")]
    assert gpu_first_look.main(options) == 1
    found = json.loads((tmp_path / "look.json").read_text("utf-8"))
    assert found["machine"]["end"].startswith("done")
    assert found["digits"]["end"].startswith("FAILED: ImportError: of another Python")
    assert "digits: FAILED" in capsys.readouterr().out.splitlines()[-1]


@pytest.mark.slow
def test_all_parts_run_on_a_cpu(tmp_path, capsys):
    assert gpu_first_look.main(["--tiny", "--out", str(tmp_path / "look.json")]) == 0
    found = json.loads((tmp_path / "look.json").read_text("utf-8"))
    assert [name for name, part in found.items() if part["end"].startswith("done")] == [*gpu_first_look.PARTS]
    assert [*gpu_first_look.SECONDS] == [*gpu_first_look.PARTS]
    rows = dict(row for part in found.values() for row in part["rows"])
    # The same device twice: any difference would be the script's own.
    assert rows["kernel-pca, 25 samples, train_loss"] == "0.0e+00, relative 0.0e+00"
    assert "kernel-pca, 25 samples, train_loss" in capsys.readouterr().out
