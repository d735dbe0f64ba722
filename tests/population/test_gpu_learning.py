"""Training, curves and aligners on a GPU; each test runs on the CPU as well, which shows that the test is right."""

import numpy as np
import pytest
import torch
from attrs import evolve
from safetensors.numpy import load_file
from support.arrays import assert_same_arrays
from support.progress import StopAt

from globscope.api import Member, Population, Progress, symmetry
from globscope.builtin.aligners import ActivationMatching, DeepAlign, Sinkhorn
from globscope.builtin.analyses.curves.training import train
from globscope.builtin.analyses.curves.training_step import Settings
from globscope.builtin.tasks.classification import Classification
from globscope.population.train import fit
from globscope.population.train_stacked import fit_stacked
from globscope.population.training_run import TrainingRun, checkpoint_path
from globscope.spec.training import Recipe, Train
from globscope.testing.tiny.bench import MemoryDraft

TASK = Classification(hidden=(24, 16), train_examples=400)


def some_run(name="A", epochs=4, row=None, **settings):
    recipe = Recipe(batch_size=100, learning_rate=1e-2, epochs=epochs)
    return TrainingRun(
        name=name, recipe=recipe, train=Train(save_every=1, at_once=4, **settings), seed=row or 0, row=row
    )


def trained(run, probe, folder, progress=None):
    folder.mkdir(exist_ok=True)
    fit(run, probe, folder, progress or Progress())
    return load_file(checkpoint_path(folder, run.epochs))


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_a_killed_training_ends_with_the_same_weights(precision, device, tmp_path):
    # cuBLAS gives a product of one shape the same bits every time on one card and stream.
    run, probe = some_run(precision=precision), TASK.build(device)
    whole = trained(run, probe, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(run, probe, tmp_path / "killed", StopAt(2))
    assert_same_arrays(trained(run, probe, tmp_path / "killed"), whole)


def test_training_is_that_of_the_cpu_and_halved_products_leave_weights_in_float32(device, tmp_path):
    there, here = TASK.build("cpu"), TASK.build(device)
    wanted = trained(some_run(epochs=1), there, tmp_path / "cpu")
    found = trained(some_run(epochs=1), here, tmp_path / "device")
    halved = trained(some_run(epochs=1, precision="bfloat16"), here, tmp_path / "halved")
    for name, values in wanted.items():
        # Four steps of AdamW, each about as long as the rate whatever the gradient's size: where that is all but
        # nothing, rounding chooses the direction. Nearly all weights differ by float32's own error.
        np.testing.assert_allclose(found[name], values, atol=8e-2)
        assert np.quantile(np.abs(found[name] - values), 0.9) < 5e-5
        assert halved[name].dtype == np.float32
    different = any((halved[name] != values).any() for name, values in found.items())
    assert different == (device == "cuda")


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_recorded_steps_train_as_steps_that_python_starts(optimiser, device, tmp_path):
    probe, settings = TASK.build(device), {"epochs": 3, "optimiser": optimiser, "schedule": "cosine"}
    recorded = trained(some_run(**settings), probe, tmp_path / "recorded")
    started = trained(some_run(cuda_graphs=False, **settings), probe, tmp_path / "started")
    for name, values in started.items():
        # The same kernels on the same numbers; learning rates are float32 in a record, and float64 outside.
        np.testing.assert_allclose(recorded[name], values, atol=1e-5)


@pytest.mark.parametrize("augment", ["none", "crop-flip"])
def test_images_are_trained_on_alike_whatever_is_recorded(augment, device, tmp_path):
    task = Classification(model="resnet20", model_options={"width": 4}, data="digits-images", train_examples=300,
                          augment=None if augment == "none" else augment)  # fmt: skip
    probe = task.build(device)
    recorded = trained(some_run(epochs=2, optimiser="sgd"), probe, tmp_path / "recorded")
    started = trained(some_run(epochs=2, optimiser="sgd", cuda_graphs=False), probe, tmp_path / "started")
    assert recorded.keys() == started.keys()
    for name, values in started.items():
        np.testing.assert_allclose(recorded[name], values, atol=1e-4, err_msg=name)


def test_networks_are_trained_at_once_as_one_by_one(device, tmp_path):
    probe, runs = TASK.build(device), [some_run(f"run{row}", epochs=1, row=row) for row in range(4)]
    for run in runs:
        (tmp_path / run.name).mkdir()
    jobs = {run.name: (run, tmp_path / run.name) for run in runs}
    assert list(fit_stacked(jobs, probe, Progress())) == list(jobs)
    for run in runs:
        alone = trained(evolve(run, row=None), probe, tmp_path / f"{run.name} alone")
        for name, values in load_file(checkpoint_path(tmp_path / run.name, 1)).items():
            np.testing.assert_allclose(values, alone[name], atol=8e-2)  # as above
            assert np.quantile(np.abs(values - alone[name]), 0.9) < 5e-5


def test_a_curve_is_trained_as_on_the_cpu(device):
    settings = Settings(shape="Bezier", bends=1, epochs=2, learning_rate=0.05, batch_size=100, weight_decay=1e-3)
    ends = np.stack([TASK.build("cpu").layout.flatten(TASK.build("cpu").initialise(seed)[0]) for seed in (0, 1)])
    wanted, found = (
        train(TASK.build(where), ends, settings, 0, name="A–B", draft=MemoryDraft(), progress=Progress())
        for where in ("cpu", device)
    )
    assert np.abs(wanted - ends.mean(axis=0)).max() > 1e-2  # it moved
    np.testing.assert_allclose(found, wanted, atol=1e-5)  # eight steps with momentum in float32


@pytest.mark.parametrize("precision", ["float32", "tf32", "bfloat16"])
def test_a_curve_of_images_is_trained_by_recorded_steps_as_by_others(precision, device):
    task = Classification(model="resnet20", model_options={"width": 4}, data="digits-images", train_examples=300)
    here, probe = task.build("cpu"), task.build(device)
    ends = np.stack([here.layout.flatten(here.initialise(seed)[0]) for seed in (0, 1)])
    settings = Settings(shape="Bezier", bends=1, epochs=3, learning_rate=0.02, batch_size=100, weight_decay=1e-3,
                        precision=precision)  # fmt: skip
    recorded, started = (
        train(probe, ends, evolve(settings, cuda_graphs=graphs), 0, name="A–B", draft=MemoryDraft(),
              progress=Progress())
        for graphs in (True, False)
    )  # fmt: skip
    assert np.abs(started - ends.mean(axis=0)).max() > 1e-3  # it moved
    # The same kernels on the same numbers. In TF32 cuDNN's gradients are not the same twice: on an H200, two trainings
    # whose steps Python started differed by 3e-3, two recorded ones by 4e-3, in float32 and bfloat16 by at most 1e-7.
    np.testing.assert_allclose(recorded, started, atol=2e-2 if precision == "tf32" else 1e-4)


def a_network(seed, steps=40):
    """Return a trained network as arrays, and the task's probe."""
    probe = TASK.build("cpu")
    leaves = {name: p.requires_grad_() for name, p in probe.initialise(seed)[0].items()}
    adam, batch = torch.optim.Adam(leaves.values(), lr=0.02), probe.batch("train", torch.arange(400))
    for _ in range(steps):
        adam.zero_grad()
        probe.objective(leaves, {}, batch, training=True).backward()
        adam.step()
    return {name: p.detach().numpy() for name, p in leaves.items()}, probe


def test_sinkhorn_finds_the_order_of_a_permuted_copy(device):
    a, probe = a_network(0)
    drawn = symmetry(probe).random(np.random.default_rng(1))
    b = symmetry(probe).permute(a, drawn)
    found = Sinkhorn(device=device, steps=5).align(TASK, a, b, np.random.default_rng(0))
    aligned = symmetry(probe).permute(b, found)
    apart = np.sqrt(sum(((aligned[name] - a[name]) ** 2).sum() for name in a))
    before = np.sqrt(sum(((b[name] - a[name]) ** 2).sum() for name in a))
    # Units that are silent on the examples may end anywhere.
    assert apart < 0.2 * before


def test_sinkhorn_lowers_the_loss_as_on_the_cpu(device):
    a, b = (a_network(seed)[0] for seed in (0, 1))
    start = ActivationMatching().scores(TASK, a, b, np.random.default_rng(0))
    wanted, found = (
        Sinkhorn(device=where, steps=3).start_from(start).scores(TASK, a, b, np.random.default_rng(0))
        for where in ("cpu", device)
    )
    for group, logits in wanted.items():
        assert np.isfinite(found[group]).all()
        # Three steps of Adam of 0.05, which rounding may turn where a gradient is all but nothing.
        np.testing.assert_allclose(found[group], logits, atol=0.3)
        assert np.quantile(np.abs(found[group] - logits), 0.9) < 1e-2


def test_deep_align_learns_and_continues_after_a_kill(device):
    options = DeepAlign(steps=4, width=6, blocks=1, channels=8, batch_size=4, examples=16, pairs=3)
    options = evolve(options, validate_every=2, device=device)
    probe = TASK.build("cpu")
    weights = np.stack([probe.layout.flatten(probe.initialise(seed)[0]) for seed in range(16)])
    members = tuple(Member(variant=f"n{row}", step=1) for row in range(16))
    zoo = Population(members=members, weights=weights, layout=probe.layout)
    draft = MemoryDraft()
    with pytest.raises(KeyboardInterrupt):
        options.learn(TASK, zoo, draft, StopAt(3), np.random.default_rng(0))
    continued = options.learn(TASK, zoo, draft, Progress(), np.random.default_rng(0))
    whole = options.learn(TASK, zoo, MemoryDraft(), Progress(), np.random.default_rng(0))
    assert np.isfinite(whole["history/loss"][1:]).all()
    for name in (one for one in whole if not one.endswith("seconds")):
        if device == "cpu":
            np.testing.assert_array_equal(continued[name], whole[name], err_msg=name)
        elif whole[name].dtype.kind == "f":
            # Sums over gathered units are added by whichever thread comes first: float32's error, through four steps.
            np.testing.assert_allclose(continued[name], whole[name], rtol=1e-3, atol=1e-3, err_msg=name)
