"""Training the runs of one recipe at once."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from attrs import evolve
from safetensors.numpy import load_file
from support.progress import StopAt
from support.study import Notes

import globscope
from globscope.api import Code, PopulationError
from globscope.builtin.tasks.classification import Classification
from globscope.pipeline.stages.population import checkpoints
from globscope.population.stacking import assign_rows, is_stackable, training_groups
from globscope.population.train import STATE, fit
from globscope.population.train_stacked import fit_stacked
from globscope.population.training_run import TrainingRun, checkpoint_path
from globscope.spec.training import Continuation, Recipe, Train
from globscope.store import Store, write_bytes
from globscope.values.chart import Progress

WIDTH = 4
SETTINGS = [
    {"optimiser": "adamw"},
    {"optimiser": "adam", "schedule": "cosine"},
    {"optimiser": "sgd", "nesterov": True, "schedule": "step", "milestones": (2,)},
    {"optimiser": "sgd", "schedule": "cosine", "warm_up": 1.5},
    {"optimiser": "sgd", "momentum": 0.0},
    {"optimiser": "adam", "then": (Continuation(optimiser="sgd", epochs=2),)},
]


@pytest.fixture(scope="module")
def probe():
    # Odd widths: rows then lie differently in memory, on which a product's last bits may depend.
    return Classification(hidden=(13, 7), train_examples=201).build("cpu")


def some_runs(rows=range(WIDTH), **settings):
    train = Train(save_every=1, at_once=WIDTH, **settings)
    epochs = 4 - sum(one.epochs for one in train.then)
    recipe = Recipe(batch_size=50, learning_rate=1e-2, weight_decay=1e-2, epochs=epochs)
    return [TrainingRun(name=f"run{row}", recipe=recipe, train=train, seed=row, row=row) for row in rows]


def prepared(runs, folder):
    """Return the runs as jobs, each with its folder."""
    for run in runs:
        (folder / run.name).mkdir(parents=True, exist_ok=True)
    return {run.name: (run, folder / run.name) for run in runs}


def trained(runs, probe, folder):
    """Return all that the runs of a stack leave, by file."""
    jobs = prepared(runs, folder)
    assert set(fit_stacked(jobs, probe, Progress())) == set(jobs)
    return left(folder)


def left(folder):
    """Return the bytes below a folder, by file."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: str(sorted(settings.values(), key=str)))
def test_a_stack_trains_each_network_as_it_is_trained_alone(probe, tmp_path, settings):
    runs = some_runs(**settings)
    together = trained(runs, probe, tmp_path / "together")
    alone = prepared(runs, tmp_path / "alone")
    for run, folder in alone.values():
        fit(run, probe, folder, Progress())
    assert set(left(tmp_path / "alone")) == set(together)
    for run in runs:
        for step in run.steps:
            own, row = (load_file(checkpoint_path(tmp_path / kind / run.name, step)) for kind in ("alone", "together"))
            for name in own:
                # Sums in another order differ by 1e-7 of their size; Adam divides by small gradients, in 20 steps.
                np.testing.assert_allclose(row[name], own[name], rtol=0, atol=2e-5)
        logs = [json.loads((tmp_path / kind / run.name / "log.json").read_text()) for kind in ("alone", "together")]
        for own, row in zip(*logs, strict=True):
            assert abs(row.pop("test_accuracy") - own.pop("test_accuracy")) < 1.5 / 360  # one example may flip
            assert row == pytest.approx(own, rel=1e-4)  # the weights' tolerance, times what a loss grows with them


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: str(sorted(settings.values(), key=str)))
def test_an_interrupted_stack_continues_to_the_same_bytes(probe, tmp_path, settings):
    runs = some_runs(**settings)
    whole = trained(runs, probe, tmp_path / "whole")
    jobs = prepared(runs, tmp_path / "broken")
    for epoch in (1, 3):
        with pytest.raises(KeyboardInterrupt):
            list(fit_stacked(jobs, probe, StopAt(epoch)))
    assert trained(runs, probe, tmp_path / "broken") == whole


def test_a_stack_killed_between_two_rows_checkpoints_continues_to_the_same_bytes(probe, tmp_path):
    runs = some_runs()
    whole = trained(runs, probe, tmp_path / "whole")
    jobs = prepared(runs, tmp_path / "broken")
    with pytest.raises(KeyboardInterrupt):
        list(fit_stacked(jobs, probe, StopAt(2)))
    ahead = {name: (tmp_path / "broken" / name / STATE).read_bytes() for name in ("run0", "run2")}
    with pytest.raises(KeyboardInterrupt):
        list(fit_stacked(jobs, probe, StopAt(3)))
    for name, state in ahead.items():  # as if these had not been saved after the third epoch
        (tmp_path / "broken" / name / STATE).write_bytes(state)
    assert trained(runs, probe, tmp_path / "broken") == whole


def test_a_stack_killed_while_its_last_checkpoints_were_saved_finishes_each_row_once(probe, tmp_path):
    runs = some_runs()
    whole = trained(runs, probe, tmp_path / "whole")
    jobs = prepared(runs, tmp_path / "broken")
    with pytest.raises(KeyboardInterrupt):
        list(fit_stacked(jobs, probe, StopAt(runs[0].epochs)))  # all are saved, and none is finished
    last = checkpoint_path(tmp_path / "broken/run1", runs[1].epochs)
    last.unlink()  # as if the kill had come before it
    (last.parent / STATE).unlink()
    assert sorted(fit_stacked(jobs, probe, Progress())) == sorted(jobs)
    assert left(tmp_path / "broken") == whole


@pytest.mark.parametrize("rows", [(0,), (3,), (1, 2), (0, 2, 3)], ids=str)
def test_a_row_keeps_its_bytes_whatever_the_other_rows_hold(probe, tmp_path, rows):
    whole = trained(some_runs(), probe, tmp_path / "whole")
    fewer = trained(some_runs(rows), probe, tmp_path / "fewer")
    assert fewer == {path: whole[path] for path in fewer}
    assert {path.partition("/")[0] for path in fewer} == {f"run{row}" for row in rows}


def test_a_row_that_diverges_is_named_and_the_others_are_finished_as_if_it_had_not(probe, tmp_path):
    runs = some_runs(optimiser="sgd")
    whole = trained(runs, probe, tmp_path / "whole")
    # So large that the first losses are finite and their gradients' steps are not.
    start = {name: 1e9 * tensor.numpy() for name, tensor in probe.initialise(1)[0].items()}
    runs[1] = evolve(runs[1], start=start)
    jobs, finished = prepared(runs, tmp_path / "some"), []
    with pytest.raises(PopulationError) as caught:
        finished.extend(fit_stacked(jobs, probe, Progress()))  # keeps what came before the error
    assert finished == ["run0", "run2", "run3"]
    assert str(caught.value).startswith("variant 'run1' diverged in epoch ")
    assert str(caught.value).endswith("its weights are no longer finite; lower its learning_rate, 0.01")
    for name in ("run0", "run2", "run3"):
        ours = left(tmp_path / "some" / name)
        assert ours == left(tmp_path / "whole" / name)
        assert all(whole[f"{name}/{path}"] == content for path, content in ours.items())


def test_stages_that_were_finished_stay_so_when_another_fails(tmp_path):
    def work(parts):
        for name, folder in parts.items():
            if name == "bad":
                raise PopulationError("it diverged")
            write_bytes(folder / "weights", b"")
            yield name

    store = Store(tmp_path)
    with pytest.raises(PopulationError, match="it diverged"):
        store.stages("train", ["good", "bad", "late"], work)
    assert [store.is_finished("train", name) for name in ("good", "bad", "late")] == [True, False, False]
    assert sorted(p.name for p in store.place("train", "good").iterdir()) == ["files.jsonl", "weights"]


def test_a_loss_that_was_never_finite_names_its_row(probe, tmp_path):
    runs = some_runs()
    runs[2] = evolve(
        runs[2], start={n: np.full(p.shape, np.nan, np.float32) for n, p in probe.initialise(0)[0].items()}
    )
    with pytest.raises(PopulationError, match="variant 'run2': the loss of the first batch is nan at the weights"):
        trained(runs, probe, tmp_path)


def plans(recipes, at_once=4):
    train = Train(at_once=at_once)
    return [TrainingRun(name=str(n), recipe=recipe, train=train, seed=n) for n, recipe in enumerate(recipes)]


def test_runs_of_one_recipe_are_stacked_where_they_nearly_fill_a_stack(probe):
    one, other = Recipe(epochs=1), Recipe(epochs=1, learning_rate=0.1)
    rows = [run.row for run in assign_rows(plans([one, other, one, one, other, one]), probe)]
    assert rows == [0, None, 2, 3, None, 1]
    assert [run.row for run in assign_rows(plans([one, one, other, other]), probe)] == [None] * 4
    assert [run.row for run in assign_rows(plans([one] * 4, at_once=1), probe)] == [None] * 4


def test_another_recipe_moves_no_other_run_to_another_row(probe):
    one, other = Recipe(epochs=1), Recipe(epochs=1, weight_decay=0.1)
    before = assign_rows(plans([one] * 9), probe)
    after = assign_rows(plans([one] * 2 + [other] + [one] * 6), probe)
    assert [run.row for run in before] == [0, 1, 2, 3, 0, 1, 2, 3, 0]
    assert [run.row for run in after] == [0, 1, None, 3, 0, 1, 2, 3, 0]
    assert [[run.name for run in together] for together in training_groups(after)] == [
        ["0", "1", "3"], ["2"], ["4", "5", "6", "7"], ["8"],
    ]  # fmt: skip


def test_large_networks_are_trained_alone():
    wide = Classification(hidden=(2000,)).build("cpu")  # 150,010 weights
    assert {run.row for run in assign_rows(plans([Recipe(batch_size=64, epochs=1)] * 4), wide)} == {None}


def test_networks_that_draw_or_have_statistics_are_not_stacked(tmp_path):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n"
        "def build(layer, of):\n"
        "    return nn.Sequential(nn.Linear(64, 6), getattr(nn, layer)(of), nn.Linear(6, 10))\n"
    )
    for layer, of, wanted in (("LayerNorm", 6, True), ("BatchNorm1d", 6, False), ("Dropout", 0.5, False)):
        options = {"layer": layer, "of": of}
        task = Classification(model=Code(str(tmp_path / "nets.py"), "build"), model_options=options)
        own = task.build("cpu")
        own.vmappable = not own.statistics  # as a stranger's probe might say
        assert is_stackable(own) == wanted


def test_stacking_moves_no_global_random_state(probe, tmp_path):
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    trained(some_runs(), probe, tmp_path)
    assert torch.equal(before, torch.random.get_rng_state())


ZOO = """
[task]
use = "classification"
hidden = [8]
train_examples = 100
[population.train]
epochs = 2
at_once = 4
""" + "".join(f"[[population.variant]]\nname = '{name}'\n" for name in "ABCDEFGH")


def zoo(folder, *overrides):
    """Return the notes of a zoo's training, and its checkpoints' files."""
    (folder / "zoo.toml").write_text(ZOO + "[[reducer]]\nuse = 'pca'\n", "utf-8")
    notes = Notes()
    workshop = globscope.load(folder / "zoo.toml", overrides, folder / "run").workshop(notes)
    found = checkpoints(workshop, "population")
    assert {entry["stage"] for entry in workshop.ledger.records} == {f"train {name}" for name in "ABCDEFGH"}
    return notes, [one.path for one in found]


def test_a_zoo_is_trained_in_stacks_and_each_variant_is_a_finished_stage_of_its_own(tmp_path):
    notes, paths = zoo(tmp_path)
    assert notes.ran == ["train A, B, C, D (4 at once)", "train E, F, G, H (4 at once)"]
    folders = {path.parent for path in paths}
    assert len(folders) == 8
    for folder in folders:
        names = sorted(p.name for p in folder.iterdir())
        assert names == ["computed.json", "epoch0.safetensors", "epoch2.safetensors", "files.jsonl", "log.json"]
        assert Path(folder).suffix != ".part"
    again, same = zoo(tmp_path)
    assert (again.ran, again.kept, same) == ([], [f"train {name}" for name in "ABCDEFGH"], paths)


def test_another_recipe_for_one_of_a_zoo_trains_that_one_alone(tmp_path):
    _, before = zoo(tmp_path)
    notes, after = zoo(tmp_path, "population.variant.1.learning_rate=0.1")
    assert notes.ran == ["train B"]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True] * 2 + [False] * 2 + [True] * 12


def test_stacked_networks_are_others_than_those_trained_alone_and_the_keys_say_so(tmp_path):
    stacked, alone = zoo(tmp_path)[1], zoo(tmp_path, "population.train.at_once=1")[1]
    assert not set(stacked) & set(alone)


def test_an_estimate_tells_what_is_trained_at_once(tmp_path):
    (tmp_path / "zoo.toml").write_text(ZOO + "[[reducer]]\nuse = 'pca'\n", "utf-8")
    found = globscope.load(tmp_path / "zoo.toml", (), tmp_path / "run").estimate()
    assert found.stages[:2] == ("train A, B, C, D (4 at once) (2 epochs)", "train E, F, G, H (4 at once) (2 epochs)")
    assert found.train_seconds > 0
