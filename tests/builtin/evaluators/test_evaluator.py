"""The torch evaluator against torch used plainly."""

from functools import partial
from time import sleep

import numpy as np
import pytest
import torch
from attrs import evolve
from support.arrays import assert_same_arrays
from support.evaluation import evaluated, tight
from torch import nn
from torch.nn.functional import cross_entropy

from globscope.api import Code, EvaluationError, Networks, Unit, precise, span
from globscope.builtin.evaluators import pytorch
from globscope.builtin.evaluators.lift import Lift
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.evaluators.score_units import fastest
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.data.embedded import digits
from globscope.builtin.tasks.models.mlp import mlp
from globscope.testing import tiny_task
from globscope.values.landscape import Landscape, Samples

COUNT = 6
TASK = Classification(hidden=(8,))
NAMES = {"train_loss", "train_accuracy", "test_loss", "test_accuracy"}


def some_weights(task, count=COUNT):
    """Fresh networks, further from the origin than an initialisation, so that their losses differ."""
    probe = task.build("cpu")
    return np.stack([3 * probe.layout.flatten(probe.initialise(seed)[0]) for seed in range(count)])


@pytest.fixture(scope="module")
def weights():
    return some_weights(TASK)


def plainly(make, task, weights):
    """Return loss and accuracy on all examples by loading each network's weights into a module."""
    layout, rows = task.build("cpu").layout, []
    x_train, y_train, x_test, y_test = map(torch.from_numpy, (*digits(0.2, 0).train, *digits(0.2, 0).test))
    for row in weights:
        module = make()
        module.load_state_dict({n: torch.from_numpy(a) for n, a in layout.unflatten(row).items()}, strict=False)
        rows.append(_scores(module, x_train, y_train) + _scores(module, x_test, y_test, x_train))
    names = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
    return dict(zip(names, np.array(rows).T, strict=True))


def _scores(module, inputs, targets, statistics=None):
    module.eval()
    for norm in (m for m in module.modules() if isinstance(m, nn.BatchNorm1d)):
        # Batch statistics of the whole training split are what one calibration pass must arrive at.
        norm.momentum = None
        norm.reset_running_stats()
        norm.train()
    with torch.no_grad():
        module(inputs if statistics is None else statistics)
        outputs = module.eval()(inputs)
        accuracy = (outputs.argmax(dim=1) == targets).double().mean()
        return [float(cross_entropy(outputs.double(), targets)), float(accuracy)]


def assert_near(fields, expected, rtol):
    assert fields.keys() == expected.keys() == NAMES
    assert_same_arrays(fields, expected, rtol=rtol)


@pytest.mark.parametrize("method", ["loop", "vmap"])
@pytest.mark.parametrize("batch_size", [None, 100])
def test_fields_are_what_plain_torch_computes(method, batch_size, weights, tmp_path):
    fields, plan = evaluated(tmp_path / "e", Torch(method=method, batch_size=batch_size), weights, TASK)
    assert plan["method"] == method
    # Sums of float32 losses of about 3 in another order: a few units in the seventh place.
    assert_near(fields, plainly(partial(mlp, (64,), 10, hidden=(8,)), TASK, weights), rtol=1e-6)


def test_a_large_split_is_scored_in_parts_and_a_small_one_at_once(monkeypatch, weights, tmp_path):
    whole, _ = evaluated(tmp_path / "whole", Torch(), weights, TASK)
    monkeypatch.setattr("globscope.scoring.examples.BATCH", 100 * (64 * 4 + 8))
    parts, _ = evaluated(tmp_path / "parts", Torch(), weights, TASK)
    hundred, _ = evaluated(tmp_path / "hundred", Torch(batch_size=100), weights, TASK)
    assert_same_arrays(parts, hundred)
    assert_near(parts, whole, rtol=1e-6)  # other sums of float32


def test_the_cut_into_units_does_not_move_a_field_beyond_rounding(weights, tmp_path):
    # A product of another width may add in another order: float32 rounding, as above.
    whole, _ = evaluated(tmp_path / "whole", Torch(), weights, TASK)
    single, plan = evaluated(tmp_path / "single", Torch(memory=1e-9), weights, TASK)
    assert plan["cuts"] == [(at, at + 1) for at in range(COUNT)]
    assert_near(single, whole, rtol=1e-6)


def test_the_same_evaluation_gives_the_same_bits(weights, tmp_path):
    one, _ = evaluated(tmp_path / "one", Torch(examples=50), weights, TASK)
    two, _ = evaluated(tmp_path / "two", Torch(examples=50), weights, TASK)
    assert_same_arrays(one, two)


def test_examples_takes_one_subset_for_every_network_and_unit(weights, tmp_path):
    same = np.repeat(weights[:1], 4, axis=0)
    few, _ = evaluated(tmp_path / "few", Torch(examples=50, memory=1e-9), same, TASK)
    for name, values in few.items():
        assert len(set(values)) == 1, name
    more, _ = evaluated(tmp_path / "more", Torch(examples=51, memory=1e-9), same, TASK)
    assert (more["train_loss"] != few["train_loss"]).all()
    # Of 50 examples a whole number is right, up to rounding.
    hits = few["train_accuracy"] * 50
    np.testing.assert_allclose(hits, np.round(hits), atol=1e-9)


def test_more_examples_than_there_are_means_all(weights, tmp_path):
    every, _ = evaluated(tmp_path / "all", Torch(method="loop"), weights, TASK)
    beyond, _ = evaluated(tmp_path / "beyond", Torch(method="loop", examples=10**6), weights, TASK)
    assert_same_arrays(every, beyond)


@pytest.mark.parametrize(("examples", "method"), [(128, "vmap"), (129, "loop"), (None, "loop")])
def test_auto_stacks_networks_where_there_are_few_examples(examples, method, weights, tmp_path):
    assert evaluated(tmp_path / "e", Torch(examples=examples), weights, TASK)[1]["method"] == method


# Memory.


LACKS = {
    "python": MemoryError("too many networks"),
    "torch": RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
    "cuBLAS": RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    "MPS": RuntimeError("MPS backend out of memory (MPS allocated: 8.95 GB, max allowed: 9.07 GB)"),
}


@pytest.mark.parametrize("lack", LACKS)
def test_units_too_large_for_memory_are_split_and_give_the_same_numbers(lack, weights, tmp_path):
    wanted, whole = evaluated(tmp_path / "wide", Torch(method="loop"), weights, TASK)
    assert whole["cuts"] == [(0, COUNT)]
    found, plan = evaluated(tmp_path / "tight", Torch(method="loop"), tight(Networks.of(weights), 2, LACKS[lack]), TASK)
    assert plan["cuts"] == [(0, 1), (1, 3), (3, 4), (4, 6)]
    assert_same_arrays(found, wanted)


def test_a_single_network_that_does_not_fit_is_reported(weights, tmp_path):
    with pytest.raises(EvaluationError, match="network 0 alone does not fit into memory: too many networks"):
        evaluated(tmp_path / "e", Torch(), tight(Networks.of(weights), 0, LACKS["python"]), TASK)


def test_other_errors_of_a_model_are_not_taken_for_a_lack_of_memory(weights, tmp_path):
    error = RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        evaluated(tmp_path / "e", Torch(), tight(Networks.of(weights), 2, error), TASK)


# Values.


@pytest.mark.parametrize("method", ["loop", "vmap"])
def test_losses_that_are_not_finite_stay_and_are_counted(method, weights, tmp_path):
    spoilt = weights.copy()
    spoilt[1] = np.nan
    spoilt[4] *= 1e20  # overflows in the second layer
    fields, _ = evaluated(tmp_path / "e", Torch(method=method), spoilt, TASK)
    clean, _ = evaluated(tmp_path / "clean", Torch(method=method), weights, TASK)
    wrong = ~np.isfinite(fields["train_loss"])
    assert np.flatnonzero(wrong).tolist() == [1, 4]
    np.testing.assert_allclose(fields["train_loss"][~wrong], clean["train_loss"][~wrong], rtol=1e-6)  # float32
    none = np.zeros(COUNT)
    samples = Samples(points=np.zeros((COUNT, 2)))
    found = Landscape(samples=samples, fields=fields, distance_to_member=none, trusted=none.astype(bool))
    assert found.nonfinite("train_loss") == 2
    assert found.nonfinite("train_accuracy") == 0


@pytest.fixture
def normed(tmp_path):
    """A task whose model has BatchNorm."""
    source = tmp_path / "nets.py"
    source.write_text(
        "from torch import nn\n"
        "def build():\n"
        "    return nn.Sequential(nn.Linear(64, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 10))\n"
    )
    return Classification(model=Code(str(source), "build"))


def test_batch_norm_is_calibrated_for_every_network(normed, tmp_path):
    weights = some_weights(normed)
    everything = Torch(calibration_examples=10**6)
    fields, plan = evaluated(tmp_path / "e", everything, weights, normed)
    assert plan["method"] == "loop"
    # Variances of float32 activations over 1,437 examples in another order.
    assert_near(fields, plainly(Code(normed.model.module, "build").call, normed, weights), rtol=1e-5)
    alone, _ = evaluated(tmp_path / "alone", everything, weights[-1:], normed)
    np.testing.assert_array_equal(alone["train_loss"], fields["train_loss"][-1:])
    part, _ = evaluated(tmp_path / "part", evolve(everything, calibration_examples=50), weights, normed)
    assert (part["train_loss"] != fields["train_loss"]).all()


def test_a_model_that_cannot_be_stacked_is_reported(normed, tmp_path):
    with pytest.raises(EvaluationError, match="this model cannot be stacked; use 'auto' or 'loop'"):
        evaluated(tmp_path / "e", Torch(method="vmap"), some_weights(normed), normed)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_device_that_is_not_there_is_reported(weights, tmp_path):
    with pytest.raises(EvaluationError, match="this machine has no 'cuda'; it has cpu"):
        evaluated(tmp_path / "e", Torch(device="cuda"), weights, TASK)


def test_networks_combined_where_they_are_scored_are_those_that_the_space_lifts(weights):
    space = span(weights)
    networks = Networks(space=space, coordinates=space.members * 0.5)
    lift, unit = Lift(networks, "cpu"), Unit(start=1, stop=4)
    plain = lift(unit)
    lift.keep(space)
    # The same float32 products, in whatever order.
    np.testing.assert_allclose(lift(unit), plain, atol=20 * np.finfo(np.float32).eps)


def test_the_faster_way_is_taken_after_each_had_a_time_to_warm_up():
    calls = []

    def slow_only_at_first():
        calls.append("vmap")
        sleep(0.2 if len(calls) == 1 else 0)

    assert fastest({"vmap": slow_only_at_first, "loop": partial(sleep, 0.05)}, lambda: None) == "vmap"
    assert calls == ["vmap", "vmap"]


@pytest.mark.parametrize(("precision", "tf32"), [("float32", False), ("tf32", True), ("bfloat16", False)])
def test_a_precision_holds_while_networks_are_scored_and_no_longer(precision, tf32):
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    with precise(precision, "cpu"):
        assert torch.get_float32_matmul_precision() == ("high" if tf32 else "highest")
        assert torch.backends.cudnn.allow_tf32 is tf32
        assert torch.is_autocast_enabled("cpu") is (precision == "bfloat16")
    assert (torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32) == before


def test_bfloat16_scores_nearly_the_same_losses_but_not_the_same(weights, tmp_path):
    whole, _ = evaluated(tmp_path / "a", Torch(examples=200), weights, TASK)
    half, _ = evaluated(tmp_path / "b", Torch(examples=200, precision="bfloat16"), weights, TASK)
    assert (whole["test_loss"] != half["test_loss"]).any()
    np.testing.assert_allclose(half["test_loss"], whole["test_loss"], rtol=0.02)  # eight bits of each product


def test_a_trial_takes_few_examples_and_knows_how_many_there_are():
    probe = tiny_task(normalised=True).build("cpu")
    train, test = (probe.examples(split) for split in probe.splits)
    with_trial = partial(Torch.trial, probe=probe)
    assert with_trial(Torch()) == (Torch(), 1.0)  # of all, which are few
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytorch, "TRIAL", 2)
        few, times = with_trial(Torch())
        assert (few.examples, few.calibration_examples) == (2, 2)
        assert times == (train + train + test) / 6
        assert with_trial(Torch(batch_norm="initial"))[1] == (train + test) / 4
        assert with_trial(Torch(examples=3))[1] == (train + 3 + 3) / 6
        assert few.method == Torch()._method(probe)  # as with all examples, not as with few


def test_a_trial_calibrates_on_no_more_examples_than_wanted():
    few, _ = Torch(calibration_examples=100, batch_size=128).trial(Classification(train_examples=1000).build("cpu"))
    assert few.calibration_examples == 100
