"""Training and loading the population."""

import json

import numpy as np
import pytest
import torch
from attrs import evolve
from safetensors.numpy import load_file
from safetensors.torch import save_file
from support.arrays import assert_same_arrays
from support.progress import StopAt

from globscope.api import Code, PopulationError
from globscope.builtin.tasks.classification import Classification
from globscope.population import files
from globscope.population.checkpoint import read_checkpoint
from globscope.population.find import find_checkpoints
from globscope.population.open_network import load_member
from globscope.population.tensor_names import tensors_by_model_name
from globscope.population.train import STATE, fit
from globscope.population.training_run import TrainingRun, checkpoint_path
from globscope.references import Pattern
from globscope.spec.network_source import NetworkSource
from globscope.spec.training import Recipe, Train
from globscope.values.chart import Progress


@pytest.fixture(scope="module")
def probe():
    return Classification(hidden=(8,)).build("cpu")


def a_run(**changes):
    recipe = Recipe(batch_size=64, learning_rate=1e-2, epochs=4)
    return evolve(TrainingRun(name="A", recipe=recipe, train=Train(save_every=2), seed=5), **changes)


def trained(run, probe, folder):
    folder.mkdir()
    fit(run, probe, folder, Progress())
    return {p.name: load_file(p) for p in sorted(folder.glob("*.safetensors"))}


SETTINGS = [
    {"optimiser": "adamw"},
    {"optimiser": "adam", "schedule": "cosine"},
    {"optimiser": "sgd", "nesterov": True, "schedule": "step", "milestones": (2,)},
    {"optimiser": "sgd", "schedule": "cosine", "warm_up": 1.5},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: settings["optimiser"])
def test_an_interrupted_training_continues_to_the_same_bits(probe, tmp_path, settings):
    run = a_run(train=Train(save_every=1, **settings))
    whole = trained(run, probe, tmp_path / "whole")
    broken = tmp_path / "broken"
    broken.mkdir()
    for epochs in (1, 3):
        with pytest.raises(KeyboardInterrupt):
            fit(run, probe, broken, StopAt(epochs))
    fit(run, probe, broken, Progress())
    assert sorted(p.name for p in broken.glob("*.safetensors")) == sorted(whole)
    assert (broken / "log.json").read_text() == (tmp_path / "whole" / "log.json").read_text()
    for name, tensors in whole.items():
        assert_same_arrays(load_file(broken / name), tensors)


@pytest.mark.parametrize("gone", [STATE, "epoch0.safetensors", "epoch3.safetensors", "log.json"])
@pytest.mark.parametrize("epochs", [3, 4])
def test_a_training_without_one_of_its_files_ends_with_the_same_bytes(probe, tmp_path, gone, epochs):
    """The store has removed it as damaged; after four epochs only the end of the stage was left."""
    run = a_run(train=Train(save_every=1))
    whole = trained(run, probe, tmp_path / "whole")
    broken = tmp_path / "broken"
    broken.mkdir()
    with pytest.raises(KeyboardInterrupt):
        fit(run, probe, broken, StopAt(epochs))
    (broken / gone).unlink(missing_ok=True)
    fit(run, probe, broken, Progress())
    assert sorted(p.name for p in broken.glob("*.safetensors")) == sorted(whole)
    for name in [*whole, "log.json"]:
        assert (broken / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_checkpoints_are_saved_at_step_zero_every_so_many_epochs_and_at_the_end(probe, tmp_path):
    recipe = Recipe(epochs=5)
    found = trained(a_run(recipe=recipe), probe, tmp_path / "run")
    assert set(found) == {"epoch0.safetensors", "epoch2.safetensors", "epoch4.safetensors", "epoch5.safetensors"}
    assert not (tmp_path / "run" / STATE).exists()


def test_the_schedules_are_what_they_say():
    recipe = Recipe(learning_rate=0.8, epochs=8)
    step = a_run(recipe=recipe, train=Train(schedule="step", milestones=(2, 5), decay=0.5))
    assert [step.rate(epoch) for epoch in range(8)] == [0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2]
    cosine = a_run(recipe=recipe, train=Train(schedule="cosine"))
    assert cosine.rate(0) == 0.8
    assert cosine.rate(4) == pytest.approx(0.4)
    assert {a_run(recipe=recipe).rate(epoch) for epoch in range(8)} == {0.8}


def test_a_rate_rises_step_by_step_to_that_of_its_schedule():
    recipe = Recipe(learning_rate=0.8, epochs=8)
    rising = a_run(recipe=recipe, train=Train(warm_up=2))
    rates = [rising.rate(epoch, (step + 1) / 4) for epoch in range(3) for step in range(4)]
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.8, 0.8, 0.8, 0.8])
    cosine = a_run(recipe=recipe, train=Train(schedule="cosine", warm_up=2))
    assert cosine.rate(4, 0.5) == pytest.approx(0.4)


def test_every_step_of_a_warm_up_has_its_own_rate(probe, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("globscope.population.train.set_rate", lambda _, rate: seen.append(rate))
    run = a_run(train=Train(save_every=1, warm_up=1.5))
    trained(run, probe, tmp_path / "run")
    each = -(-probe.examples("train") // run.recipe.batch_size)
    assert len(seen) == 2 * each + run.epochs - 2
    assert seen == sorted(seen)
    assert seen[0] == pytest.approx(run.recipe.learning_rate / (1.5 * each))


def test_a_run_keeps_its_losses_and_what_the_test_split_measures(probe, tmp_path):
    trained(a_run(), probe, tmp_path / "run")
    rows = json.loads((tmp_path / "run/log.json").read_text())
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert [("test_accuracy" in row) for row in rows] == [False, True, False, True]
    last = {n: torch.from_numpy(a) for n, a in load_file(checkpoint_path(tmp_path / "run", 4)).items()}
    sums = probe.reduce(last, {}, probe.batch("test", torch.arange(probe.examples("test"))))
    for name, (total, weight) in sums.items():
        assert rows[-1][f"test_{name}"] == pytest.approx(float(total) / weight, rel=1e-6)  # one sum of floats, or more


def test_two_runs_may_share_their_first_weights_and_nothing_else(probe, tmp_path):
    runs = [trained(a_run(seed=seed, initial=7), probe, tmp_path / f"{seed}") for seed in (1, 2)]
    assert_same_arrays(runs[0]["epoch0.safetensors"], runs[1]["epoch0.safetensors"])
    assert not np.array_equal(runs[0]["epoch4.safetensors"]["1.weight"], runs[1]["epoch4.safetensors"]["1.weight"])


def test_training_lowers_the_loss(probe, tmp_path):
    trained(a_run(), probe, tmp_path / "run")
    everything = probe.batch("train", torch.arange(probe.examples("train")))
    losses = []
    for step in (0, 2, 4):
        tensors = {k: torch.from_numpy(v) for k, v in load_file(checkpoint_path(tmp_path / "run", step)).items()}
        losses.append(float(probe.objective(tensors, {}, everything, training=False)))
    assert losses[0] > losses[1] > losses[2]


def test_other_seeds_give_other_networks_and_a_parent_gives_its_children_one_start(probe, tmp_path):
    one = trained(a_run(), probe, tmp_path / "one")["epoch0.safetensors"]
    two = trained(a_run(seed=6), probe, tmp_path / "two")["epoch0.safetensors"]
    assert any((one[name] != two[name]).any() for name in one)
    child = trained(a_run(seed=6, start=one), probe, tmp_path / "child")
    np.testing.assert_array_equal(child["epoch0.safetensors"]["1.weight"], one["1.weight"])
    assert (child["epoch4.safetensors"]["1.weight"] != one["1.weight"]).any()


def test_a_diverging_training_says_which_and_what_to_do(probe, tmp_path):
    recipe = Recipe(learning_rate=1e38, epochs=3)
    run = a_run(recipe=recipe, train=Train(optimiser="sgd"))
    with pytest.raises(PopulationError, match=r"variant 'A' diverged in epoch \d.*lower its learning_rate, 1e\+38"):
        trained(run, probe, tmp_path / "run")


def test_a_loss_that_was_never_finite_is_not_reported_as_a_divergence(tmp_path):
    (tmp_path / "nets.py").write_text("def loss(outputs, targets): return outputs.mean() * float('nan')\n")
    undefined = Classification(hidden=(8,), loss=Code(str(tmp_path / "nets.py"), "loss")).build("cpu")
    with pytest.raises(PopulationError) as caught:
        trained(a_run(), undefined, tmp_path / "run")
    assert str(caught.value) == (
        "variant 'A': the loss of the first batch is nan at the weights that it starts from; "
        "look for the cause in the task's data, model or loss"
    )


def test_training_moves_no_global_random_state(probe, tmp_path):
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    trained(a_run(), probe, tmp_path / "run")
    assert torch.equal(before, torch.random.get_rng_state())


def files_of(pattern, folder):
    return find_checkpoints(NetworkSource(checkpoints=Pattern(pattern)), folder)


def test_files_are_found_by_variant_and_sorted_by_step_as_a_number(tmp_path):
    for variant in ("wide", "deep"):
        for step in (9, 10, 0):
            path = tmp_path / variant / f"epoch{step}.pt"
            path.parent.mkdir(exist_ok=True)
            path.touch()
    (tmp_path / "wide" / "notes.txt").touch()
    found = files_of("{variant}/epoch{step}.pt", tmp_path)
    assert [(f.variant, f.step) for f in found] == [
        ("deep", 0), ("deep", 9), ("deep", 10), ("wide", 0), ("wide", 9), ("wide", 10),
    ]  # fmt: skip


def test_a_placeholder_may_stand_twice_and_two_files_for_one_member_are_refused(tmp_path):
    for name in ("A/A-1.pt", "A/B-2.pt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [f.path.name for f in files_of("{variant}/{variant}-{step}.pt", tmp_path)] == ["A-1.pt"]
    (tmp_path / "A" / "A-01.pt").touch()
    with pytest.raises(PopulationError, match="are both step 1 of 'A'"):
        files_of("{variant}/{variant}-{step}.pt", tmp_path)


@pytest.mark.parametrize("wrap", [lambda s: s, lambda s: {"state_dict": s, "epoch": 3}, lambda s: {"model": s}])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod."])
def test_state_dicts_are_read_with_and_without_wrapper_and_prefix(probe, tmp_path, wrap, prefix):
    parameters, _ = probe.initialise(0)
    path = tmp_path / "A-1.pt"
    torch.save(wrap({prefix + name: p for name, p in parameters.items()}), path)
    found = tensors_by_model_name(read_checkpoint(path).tensors, probe, path)
    assert set(found) == set(parameters)
    for name, p in parameters.items():
        np.testing.assert_array_equal(found[name], p.numpy())


def test_half_precision_is_read_as_float32(probe, tmp_path):
    parameters, _ = probe.initialise(0)
    path = tmp_path / "A-1.safetensors"
    save_file({name: p.bfloat16() for name, p in parameters.items()}, path)
    found = {name: array.dtype for name, array in read_checkpoint(path).tensors.items()}
    assert found == dict.fromkeys(parameters, np.float32)


class Hostile:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (self.target, "w")


def test_a_pickle_that_wants_to_run_code_is_refused_and_runs_nothing(tmp_path):
    path, trace = tmp_path / "A-1.pt", tmp_path / "trace"
    torch.save({"state_dict": Hostile(str(trace))}, path)
    wanted = rf"needs {open.__module__}\.open, and to make one could run code, which is never done"
    with pytest.raises(PopulationError, match=wanted):
        read_checkpoint(path)
    assert not trace.exists()


def test_a_population_on_disk_is_memory_mapped_and_comes_back_equal(probe, tmp_path):
    pattern = "{variant}-{step}.safetensors"
    for variant, seed in (("A", 0), ("B", 1)):
        save_file(probe.initialise(seed)[0], tmp_path / f"{variant}-3.safetensors")
    found = files_of(pattern, tmp_path)
    folder = tmp_path / "population"
    folder.mkdir()
    files.save_matrix(folder, probe.layout, 2, (load_member(f, probe) for f in found))
    population = files.load_population(folder, "key")
    assert isinstance(population.weights, np.memmap)
    assert [m.label for m in population.members] == ["A@3", "B@3"]
    assert population.layout == probe.layout
    for row, seed in enumerate((0, 1)):
        tensors = population.layout.unflatten(population.weights[row])
        for name, p in probe.initialise(seed)[0].items():
            np.testing.assert_array_equal(tensors[name], p.numpy())


def test_a_user_module_in_a_file_trains_with_batch_norm(tmp_path):
    source = tmp_path / "nets.py"
    source.write_text(
        "from torch import nn\n"
        "def build(width):\n"
        "    return nn.Sequential(nn.Linear(64, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, 10))\n"
    )
    task = Classification(model=Code(str(source), "build"), model_options={"width": 6})
    normed = task.build("cpu")
    assert normed.statistics
    found = trained(a_run(), normed, tmp_path / "run")
    last = found["epoch4.safetensors"]
    assert last["1.num_batches_tracked"] == 4 * -(-1437 // 64)
    assert not np.allclose(last["1.running_mean"], 0)
