"""Studies as wholes: what a change computes again, what a kill leaves, and which seed gives which numbers."""

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from support.arrays import assert_same_arrays
from support.study import MAP, TINY, TWO_RUNS, Notes, study_in, values

import globscope
from globscope.api import PrincipalSpace
from globscope.pipeline.run import run
from globscope.store import read_arrays

STUDY = (
    TINY
    + """
[[reducer]]
use = "autoencoder"
steps = 50
[[topology]]
use = "gudhi"
persistence = 0.01
"""
)
REDUCERS = ("pca", "autoencoder")
TRAINED = ["train A", "train B", "train C"]


def of_each(*labels):
    return [label.format(name) for name in REDUCERS for label in labels]


# The weight space is looked up by each reducer: it stands in no count below.
GRID = ["decode {}", "evaluate {}", "merge tree of {}"]
MAPPED = ["fit {}", "evaluate {}'s members", *GRID]
MEASURED = ["evaluate members", *of_each(*MAPPED), "fidelity"]
GATHERED = ["read checkpoints", *MEASURED]


def study(path, folder, *overrides):
    """Return what ran, what was kept and the outcome of a study without its report."""
    notes = Notes()
    outcome = run(globscope.load(path, overrides, folder).workshop(notes))
    ran, kept = (Counter(label for label in labels if label != "weight space") for labels in (notes.ran, notes.kept))
    return ran, kept, outcome


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder with a spec and its finished run, to be copied or read, never written."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "study.toml").write_text(STUDY, "utf-8")
    ran, kept, outcome = study(folder / "study.toml", folder / "run")
    assert (ran, kept) == (Counter(TRAINED + GATHERED), Counter())
    return folder, outcome


# Each change, and exactly the stages that depend on it.
CHANGES = {
    "nothing": ([], []),
    "title": (["title='other'"], []),
    "a recipe": (["population.variant.1.learning_rate=0.03"], ["train B", *GATHERED]),
    "epochs": (["population.train.epochs=3"], TRAINED + GATHERED),
    "optimiser": (["population.train.optimiser='sgd'"], TRAINED + GATHERED),
    "the task": (["task.hidden=[7]"], TRAINED + GATHERED),
    "seed": (["seed=1"], TRAINED + GATHERED),
    "the population's seed": (["population.seed=1"], TRAINED + GATHERED),
    "a reducer's option": (["reducer.1.steps=60"], [one.format("autoencoder") for one in MAPPED] + ["fidelity"]),
    "a reducer's seed": (["reducer.1.seed=1"], [one.format("autoencoder") for one in MAPPED] + ["fidelity"]),
    "a reducer's name": (["reducer.1.name='ours'"], ["fidelity"]),
    "resolution": (["sampler.0.resolution=6"], [*of_each(*GRID), "fidelity"]),
    "examples": (
        ["evaluator.examples=32"],
        ["evaluate members", *of_each("evaluate {}'s members", *GRID[1:]), "fidelity"],
    ),
    "persistence": (["topology.0.persistence=0.02"], [*of_each("merge tree of {}"), "fidelity"]),
    "neighbours": (["fidelity.neighbours=3"], ["fidelity"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_key_runs_the_stages_that_depend_on_it_and_no_other(change, finished, tmp_path):
    overrides, expected = CHANGES[change]
    source, folder = finished[0] / "study.toml", tmp_path / "run"
    shutil.copytree(finished[0] / "run", folder)
    ran, kept, _ = study(source, folder, *overrides)
    assert ran == Counter(expected)
    names = {"autoencoder": "ours"} if change == "a reducer's name" else {}
    everything = [_renamed(label, names) for label in TRAINED + GATHERED]
    assert kept == Counter(everything) - Counter(expected)
    assert study(source, folder)[0] == Counter(), "results of before are gone"


def _renamed(label, names):
    for old, new in names.items():
        label = label.replace(old, new)
    return label


@pytest.fixture
def own_model(tmp_path):
    """A spec whose model is a file of the user's that imports another."""
    (tmp_path / "nets.py").write_text(
        "import sizes\nfrom torch import nn\n"
        "def build():\n"
        "    return nn.Sequential(nn.Linear(64, sizes.WIDTH), nn.ReLU(), nn.Linear(sizes.WIDTH, 10))\n"
    )
    (tmp_path / "sizes.py").write_text("WIDTH = 8\n")
    (tmp_path / "aside.py").write_text("WIDTH = 8\n")
    (tmp_path / "study.toml").write_text(STUDY.replace("hidden = [8]", 'model = "nets.py:build"'))
    return tmp_path


def test_one_byte_of_the_users_code_or_of_what_it_imports_runs_everything_again(own_model):
    path, folder = own_model / "study.toml", own_model / "run"
    everything = Counter(TRAINED + GATHERED)
    assert study(path, folder)[0] == everything
    for name, expected in (("nets.py", everything), ("sizes.py", everything), ("aside.py", Counter())):
        text = (own_model / name).read_text()
        (own_model / name).write_text(text + "\n")
        assert study(path, folder)[0] == expected, name
        (own_model / name).write_text(text)
        assert study(path, folder)[0] == Counter(), name


READING = """
import numpy as np
def load():
    with np.load({path!r}) as d:
        return tuple(d[name] for name in "abcd")
"""


def test_other_data_behind_the_users_function_runs_everything_again(own_model):
    np.savez(own_model / "d.npz", **dict(zip("abcd", digits(), strict=True)))
    (own_model / "data.py").write_text(READING.format(path=str(own_model / "d.npz")))
    path, folder = own_model / "study.toml", own_model / "run"
    path.write_text(path.read_text().replace("[task]", "[task]\ndata = 'data.py:load'"))
    everything = Counter(TRAINED + GATHERED)
    assert study(path, folder)[0] == everything
    assert study(path, folder)[0] == Counter()
    changed = dict(zip("abcd", digits(), strict=True))
    changed["c"][0, 0] += 1
    np.savez(own_model / "d.npz", **changed)
    assert study(path, folder)[0] == everything


def digits():
    """Return a few digits as the four arrays that a user's function returns."""
    images, labels = load_digits(return_X_y=True)
    return images[:80].astype(np.float32), labels[:80], images[80:120].astype(np.float32), labels[80:120]


def test_one_byte_of_a_checkpoint_reads_and_maps_again_and_its_place_does_not_matter(finished, tmp_path):
    (tmp_path / "there").mkdir()
    for run_folder, variant in zip(sorted((finished[0] / "run/stages/train").iterdir()), "ABC", strict=True):
        for file in run_folder.glob("*.safetensors"):
            shutil.copy(file, tmp_path / "there" / f"{variant}-{file.stem}.safetensors")
    head, rest = STUDY.split("[population.train]")
    path, folder = tmp_path / "study.toml", tmp_path / "run"
    written = head + '[population]\ncheckpoints = "there/{variant}-epoch{step}.safetensors"\n'
    path.write_text(written + rest[rest.index("[[reducer]]") :])
    everything = Counter(GATHERED)
    assert study(path, folder)[0] == everything
    one = tmp_path / "there/B-epoch1.safetensors"
    before = one.read_bytes()
    after = bytearray(before)
    after[8 + int.from_bytes(before[:8], "little")] ^= 1  # the first weight's last bit: 8 bytes tell the header's size
    one.write_bytes(after)
    assert study(path, folder)[0] == everything
    one.write_bytes(before)
    (tmp_path / "there").rename(tmp_path / "here")
    path.write_text(path.read_text().replace("there/", "here/"))
    assert study(path, folder)[0] == Counter()


def test_findings_follow_the_names_of_reducers(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished[0] / "run", folder)
    swapped = STUDY.replace('use = "pca"', 'use = "pca"\nname = "autoencoder"')
    (tmp_path / "swapped.toml").write_text(swapped.replace("steps = 50", 'steps = 50\nname = "pca"'))
    _, _, other = study(tmp_path / "swapped.toml", folder)
    ours, theirs = (
        {one["name"]: one["mse_per_weight"] for one in outcome.record["reducers"]} for outcome in (finished[1], other)
    )
    assert theirs == {"autoencoder": ours["pca"], "pca": ours["autoencoder"]}
    assert ours["pca"] != ours["autoencoder"]


# Seeds.


def arrays(folder):
    """Return every array of a run folder by its file's path and its name."""
    found = {}
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".npz", ".safetensors"):
            found |= {(str(file.relative_to(folder)), name): array for name, array in read_arrays(file).items()}
        elif file.suffix == ".npy":
            found[str(file.relative_to(folder)), ""] = np.load(file)
    return found


def test_the_same_seed_gives_the_same_arrays_in_another_folder(finished, tmp_path):
    shutil.copy(finished[0] / "study.toml", tmp_path / "other.toml")
    study(tmp_path / "other.toml", tmp_path / "elsewhere")
    assert_same_arrays(arrays(tmp_path / "elsewhere"), arrays(finished[0] / "run"))


def test_another_seed_gives_other_networks_maps_and_losses(finished, tmp_path):
    _, _, other = study(finished[0] / "study.toml", tmp_path / "run", "seed=1")
    one, two = finished[1].atlas, other.atlas
    assert (one.population.weights != two.population.weights).any(axis=1).all()
    assert (one.truth["train_loss"] != two.truth["train_loss"]).all()
    for ours, theirs in zip(one.maps, two.maps, strict=True):
        assert (ours.chart.latents != theirs.chart.latents).any()
        assert (ours.landscape.fields["train_loss"] != theirs.landscape.fields["train_loss"]).any()


def test_another_seed_of_a_fit_alone_keeps_the_networks(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished[0] / "run", folder)
    _, _, other = study(finished[0] / "study.toml", folder, "reducer.1.seed=1")
    one, two = finished[1].atlas, other.atlas
    np.testing.assert_array_equal(one.population.weights, two.population.weights)
    np.testing.assert_array_equal(one.maps[0].chart.latents, two.maps[0].chart.latents)
    assert (one.maps[1].chart.latents != two.maps[1].chart.latents).any()


# Kills. Enough work that each of the three moments lasts far longer than the look-out's pause.
LONG = (
    TINY.replace("epochs = 2", "epochs = 8")
    .replace('use = "pca"', 'use = "autoencoder"\nsteps = 400')
    .replace("resolution = 5", "resolution = 15")
    .replace("examples = 64", "examples = 64\nmemory = 1e-9")  # units of one network
)
# Unit 100 is the grid's alone: there are 27 members.
MOMENTS = {
    "train": "train/*.part/epoch1.safetensors",
    "fit": "reduce/*.part",
    "grid": "evaluate/*.part/units/000000100-*.npz",
}
COMMAND = [str(Path(sys.executable).with_name("globscope")), "study", "long.toml", "--quiet"]
# Equal numbers are promised for equal threads.
ALONE = os.environ | {"OMP_NUM_THREADS": "1"}


def whole_run(folder):
    subprocess.run(COMMAND, cwd=folder, env=ALONE, check=True, capture_output=True)
    return folder / "runs/long"


def kill_at(moment, folder):
    """Start the study and kill it, as the system would, when a file of the moment is there."""
    command = subprocess.Popen(COMMAND, cwd=folder, env=ALONE, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not list((folder / "runs/long/stages").glob(MOMENTS[moment])):
            assert command.poll() is None, "the study ended before it could be killed"
            assert time.monotonic() < until, "the moment never came"
            time.sleep(0.005)
    finally:
        command.kill()
        command.wait()
    assert list((folder / "runs/long/stages").glob(MOMENTS[moment])), "the moment was over when the kill came"


@pytest.mark.slow
def test_a_command_that_was_killed_ends_with_the_arrays_of_an_undisturbed_one(tmp_path):
    """Through the command line; random kills of forked runs are in `test_faults.py`."""
    for name in ("killed", "undisturbed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "long.toml").write_text(LONG)
    for moment in MOMENTS:  # each start continues what the kill before has left
        kill_at(moment, tmp_path / "killed")
    whole = whole_run(tmp_path / "killed")
    assert_same_arrays(arrays(whole), arrays(whole_run(tmp_path / "undisturbed")))
    assert not list(whole.rglob("*.part*"))


def test_more_members_than_weights_are_mapped_along_their_principal_axes_and_come_back(tmp_path):
    text = f"""
[task]
use = "pinn-convection"
hidden = [2]
grid = [4, 4]
collocation = 8
{TWO_RUNS.replace("epochs = 2", "epochs = 5")}
{MAP}
"""
    for _ in range(2):  # computed, and read again
        map_ = values(study_in(tmp_path, text)).atlas.maps[0]
        assert map_.population.weights.shape == (12, 9)
        assert isinstance(map_.chart.space, PrincipalSpace)
        np.testing.assert_allclose(map_.chart.space.lift(map_.coordinates), map_.population.weights, atol=1e-6)
        assert np.isfinite(map_.landscape.fields["train_loss"]).all()
