"""Scoring on a GPU, beside float64 on the CPU; each test runs on the CPU as well."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch
from attrs import evolve
from support.arrays import assert_same_arrays
from support.evaluation import evaluated, tight
from torch import nn
from torch.func import functional_call

from globscope.api import (
    GRADIENT,
    CaptureError,
    Code,
    EvaluationError,
    Loss,
    Networks,
    PreparedTask,
    Unit,
    capture,
    fixed_seed,
    span,
)
from globscope.builtin.analyses.outputs.network_outputs import Outputs
from globscope.builtin.evaluators.lift import Lift
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.tasks.classification import Classification
from globscope.testing.tiny.bench import TinyBench
from globscope.testing.tiny.population import tiny_population
from globscope.testing.tiny.task import TinyTask

NETS = """
from torch import nn

def convolutions():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 10)
    )

def normed():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 12), nn.BatchNorm1d(12),
        nn.ReLU(), nn.Linear(12, 10)
    )

def float64():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 10)).double()

def instances():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.InstanceNorm2d(8, track_running_stats=True), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(),
        nn.Linear(288, 10)
    )

class Impatient(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))

    def forward(self, x):
        return self.layers(x) * (1.0 if float(x.sum()) > -1e9 else 0.0)
"""
MLP = Classification(hidden=(32, 16), train_examples=400)
NO_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """A function that returns the task of a model of this file on images."""
    path = tmp_path_factory.mktemp("nets") / "nets.py"
    path.write_text(NETS, "utf-8")
    return lambda name: Classification(model=Code(str(path), name), data="digits-images", train_examples=400)


def some_weights(task, count=5):
    """Fresh networks, further from the origin than an initialisation, so that their losses differ."""
    probe = task.build("cpu")
    return np.stack([2 * probe.layout.flatten(probe.initialise(seed)[0]) for seed in range(count)])


def in_float64(task, weights):
    """Return the mean losses on all examples, by torch alone, on the CPU and in float64."""
    probe, rows = task.build("cpu"), []
    module = task.build("cpu").traits.module.double()
    norms = [m for m in module.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    splits = {name: probe.batch(name, torch.arange(probe.examples(name))) for name in ("train", "test")}
    for row in weights:
        parameters = probe.layout.unflatten(torch.from_numpy(np.float64(row)))
        buffers = {name: buffer.double().clone() for name, buffer in module.named_buffers()}
        for norm in norms:
            norm.train()
            norm.momentum = 1.0  # the statistics of one batch, which is the whole training split
        with torch.no_grad():
            if norms:
                functional_call(module, (parameters, buffers), (splits["train"][0].double(),))
            module.eval()
            outputs = {
                name: functional_call(module, (parameters, buffers), (x.double(),)) for name, (x, _) in splits.items()
            }
        rows.append([float(nn.functional.cross_entropy(outputs[name], y)) for name, (_, y) in splits.items()])
    return dict(zip(("train_loss", "test_loss"), np.array(rows).T, strict=True))


def assert_losses(fields, wanted, rtol):
    assert_same_arrays({name: fields[name] for name in wanted}, wanted, rtol=rtol)


@pytest.mark.parametrize("method", ["loop", "graph", "vmap"])
def test_networks_are_scored_as_in_float64_one_by_one_and_stacked(method, device, tmp_path):
    weights = some_weights(MLP)
    fields, plan = evaluated(tmp_path / "e", Torch(device=device, method=method), weights, MLP)
    assert (plan["device"], plan["method"]) == ([device], method)
    # Three float32 products a network, whose terms cancel in part: some units of the sixth place.
    assert_losses(fields, in_float64(MLP, weights), rtol=1e-5)


# Products keep 24 bits, 11 or 8. In the mean of 400 examples errors cancel: 1e-9, 2e-5 and 3e-4 were measured on a CPU,
# which rounded inputs to so many bits; sums in another order, and bfloat16's rounding of results, have the rest.
PRECISIONS = {"float32": 1e-6, "tf32": 1e-3, "bfloat16": 4e-2}


@pytest.mark.parametrize("memory_format", ["contiguous", "channels-last"])
@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_precision_is_kept_by_products_and_convolutions(precision, memory_format, device, named, tmp_path):
    task = named("convolutions")
    weights = some_weights(task)
    options = Torch(device=device, precision=precision, memory_format=memory_format)
    fields, plan = evaluated(tmp_path / "e", options, weights, task)
    assert plan.get("memory_format", "contiguous") == memory_format
    wanted = in_float64(task, weights)
    assert_losses(fields, wanted, rtol=PRECISIONS[precision])
    rounded = precision == "bfloat16" or (precision == "tf32" and rounds_to_tf32(device))
    error = np.abs(fields["train_loss"] / wanted["train_loss"] - 1).max()
    assert (error > PRECISIONS["float32"]) == rounded


def rounds_to_tf32(device):
    return device == "cuda" and torch.cuda.get_device_capability() >= (8, 0)


@pytest.mark.parametrize("method", ["loop", "graph"])
def test_statistics_are_estimated_anew_for_every_network(method, device, named, tmp_path):
    task = named("normed")
    weights = some_weights(task)
    options = Torch(device=device, calibration_examples=10**6, method=method)
    fields, plan = evaluated(tmp_path / "e", options, weights, task)
    assert plan["method"] == method
    # Variances of float32 activations: sums of squares, of which a mean's square is taken.
    assert_losses(fields, in_float64(task, weights), rtol=1e-4)


class Counted(Networks):
    """Networks that count how often the host combines them."""

    calls = []  # noqa: RUF012

    def weights(self, unit):
        self.calls.append(unit)
        return super().weights(unit)


def test_networks_are_the_same_whether_the_population_lies_on_the_device_or_not(device, monkeypatch):
    space = span(some_weights(MLP, 8))
    networks = Counted(space=space, coordinates=0.5 * space.members)
    found, by_host = {}, {}
    for name, share in (("host", 0.0), ("device", 0.5)):
        monkeypatch.setattr("globscope.builtin.evaluators.lift.SHARE", share)
        Counted.calls.clear()
        lifted = Lift(networks, device)
        if name == "device" and device == "cpu":
            lifted.keep(space)  # which it does by itself on a GPU
        found[name] = lifted(Unit(start=0, stop=8)).cpu().numpy()
        assert lifted(Unit(start=2, stop=3)).device.type == device
        by_host[name] = len(Counted.calls)
    assert by_host == {"host": 2, "device": 0}
    # The same float32 sums of eight products of about 1, in another order.
    np.testing.assert_allclose(found["device"], found["host"], atol=20 * np.finfo(np.float32).eps)


# Memory.

WIDE = Classification(hidden=(1000, 1000), train_examples=40)  # 4.3 MB a network
COUNT = 24
FULL = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 100.00 MiB.")


@contextmanager
def room(device, free):
    """Leave torch so many free bytes of a card; a CPU's networks say themselves what they can lift."""
    if device == "cpu":
        yield
        return
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + free) / total)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def test_units_that_do_not_fit_are_cut_until_they_do_and_give_the_same_losses(device, tmp_path):
    task = MLP if device == "cpu" else WIDE
    options, plain = Torch(device=device, memory=1.0, method="loop"), Networks.of(some_weights(task, COUNT))
    whole, plan = evaluated(tmp_path / "whole", options, plain, task)  # also gives cuBLAS its workspace
    assert plan["units"] == 1
    hard = tight(plain, 8, FULL) if device == "cpu" else plain
    with room(device, 96 * 2**20):  # for 104 MB of weights, and what is beside them
        parts, cut = evaluated(tmp_path / "parts", options, hard, task)
    assert cut["units"] > 1
    assert_same_arrays(parts, whole)  # one network after another, by the same products


def test_a_network_that_does_not_fit_alone_is_reported(device, monkeypatch, tmp_path):
    # 37 MB a network: nothing that torch keeps for small tensors has room for it.
    wider = MLP if device == "cpu" else evolve(WIDE, hidden=(3000, 3000))
    options, plain = Torch(device=device, method="loop"), Networks.of(some_weights(wider, 2))
    probe = wider.build(device)  # the data lie on the device already, and so does a fresh network
    fresh = probe.initialise(0)
    monkeypatch.setattr(probe, "initialise", lambda seed: fresh)
    full = tight(plain, 0, FULL) if device == "cpu" else plain
    with (
        room(device, 10 * 2**20),
        pytest.raises(EvaluationError, match="network 0 alone does not fit into memory: CUDA out of memory"),
    ):
        evaluated(tmp_path / "e", options, full, PreparedTask(probe))


# Recorded computations (CUDA graphs); a CPU scores the same networks one by one.


def test_a_model_for_which_the_host_waits_is_scored_without_a_record(device, named):
    task = named("Impatient")
    networks, options = Networks.of(some_weights(task)), Torch(device=device, method="graph")
    units = options.scorer(networks, task, options.plan(networks, task))
    fields, whole = units.score(Unit(start=0, stop=5)), in_float64(task, networks.coordinates)
    assert_losses(fields, whole, rtol=1e-6)
    if device == "cuda":
        assert "the host waits for the GPU" in units._scorer.recorder.failure


def test_the_method_that_a_gpu_measures_gives_the_same_losses(device, named, tmp_path):
    task = named("normed")
    weights = some_weights(task, 40)  # so many that a measurement is worth its time
    by_measurement, _ = evaluated(tmp_path / "auto", Torch(device=device), weights, task)
    one_by_one, _ = evaluated(tmp_path / "loop", Torch(device=device, method="loop"), weights, task)
    assert_losses(by_measurement, {n: one_by_one[n] for n in ("train_loss", "test_loss")}, rtol=1e-6)


@pytest.mark.gpu
@NO_CUDA
def test_a_recording_that_fails_leaves_a_gpu_that_computes_and_draws():
    tensor = torch.ones(3, device="cuda")
    with pytest.raises(CaptureError):
        capture(lambda: torch.rand(3, device="cuda") * float(tensor.sum()), "cuda", warm_up=0)
    assert float(tensor.sum()) == 3
    with fixed_seed(5, "cuda"):
        drawn = torch.rand(3, device="cuda")
    with fixed_seed(5, "cuda"):
        assert torch.rand(3, device="cuda").equal(drawn)
    repeat = capture(lambda: 2 * tensor, "cuda")
    tensor += 1
    assert repeat().tolist() == [4, 4, 4]


# What analyses ask of networks.


def test_second_derivatives_are_those_of_float64(device):
    task = Classification(hidden=(4,), train_examples=200)
    probe = task.build("cpu")
    weights, vectors = some_weights(task, 1)[0], np.random.default_rng(0).normal(size=(2, probe.layout.size))
    rows = torch.arange(probe.examples("train"))
    inputs, targets = probe.batch("train", rows)

    def loss(flat):
        return probe.objective(probe.layout.unflatten(flat), {}, (inputs.double(), targets), training=False)

    exact = vectors @ torch.autograd.functional.hessian(loss, torch.from_numpy(np.float64(weights))).numpy()
    # Sums over 200 examples, twice differentiated: the last digits of each precision.
    for precision, share in (("float32", 1e-5), ("float64", 1e-12)):
        on_device = Loss.of(task.build(device), device, None, np.random.default_rng(0), precision=precision)
        found = on_device.at(weights, {}).products(vectors)
        np.testing.assert_allclose(found, exact, atol=share * np.abs(exact).max())
        here = Loss.of(task.build("cpu"), "cpu", None, np.random.default_rng(0), precision="float64")
        for kind in ("ggn", "fisher", "empirical-fisher"):
            wanted, found = (loss.at(weights, {}, kind).products(vectors) for loss in (here, on_device))
            np.testing.assert_allclose(found, wanted, atol=share * np.abs(wanted).max())


def test_second_derivatives_of_convolutions_are_not_rounded(device, named):
    task = named("convolutions")
    weights, rng = some_weights(task, 1)[0], np.random.default_rng
    vectors = rng(0).normal(size=(1, len(weights)))
    exact, found = (
        Loss.of(task.build(where), where, 100, rng(0), precision=precision).at(weights, {}).products(vectors)
        for where, precision in (("cpu", "float64"), (device, "float32"))
    )
    # TF32, to which torch rounds convolutions unless it is kept from it, has 11 bits: errors of 1e-4 and more.
    np.testing.assert_allclose(found, exact, atol=1e-5 * np.abs(exact).max())


def test_networks_give_the_same_outputs_wherever_they_are_asked(device):
    population, bench, rows = tiny_population(), TinyBench(task=TinyTask(normalised=True)), [0, 3]
    wanted, found = (
        Outputs(split="test", examples=50, device=where).of_members(bench, population, rows)
        for where in ("cpu", device)
    )
    assert found.shape == wanted.shape
    # Float32 outputs of two small layers, with statistics.
    np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_cuda_by_its_number_is_the_same_card(device, tmp_path):
    weights = some_weights(MLP, 2)
    name = "cuda:0" if device == "cuda" else device
    one, plan = evaluated(tmp_path / "one", Torch(device=name), weights, MLP)
    two, _ = evaluated(tmp_path / "two", evolve(Torch(), device=device, method=plan["method"]), weights, MLP)
    assert plan["device"] == [name]
    assert_same_arrays(one, two)


@pytest.mark.parametrize("method", ["loop", "graph"])
def test_statistics_that_are_estimated_in_passing_give_the_losses_of_a_pass_of_their_own(
    method, device, named, tmp_path
):
    task = named("normed")
    weights, options = some_weights(task), Torch(device=device, method=method, calibration_examples=300, examples=350)
    separate, plan = evaluated(tmp_path / "separate", evolve(options, calibration="separate"), weights, task)
    assert "calibration" not in plan
    fused, plan = evaluated(tmp_path / "fused", evolve(options, calibration="fused"), weights, task)
    assert plan["calibration"] == "fused"
    # A layer of 12 features estimates its variance from 300 values, so a variance that normalises differs by 1/300.
    assert_same_arrays(fused, separate, rtol=1 / 300)
    assert any((fused[name] != separate[name]).any() for name in fused)


def test_statistics_get_a_pass_of_their_own_where_the_examples_do_not_allow_another(device, named, tmp_path):
    task, weights = named("normed"), some_weights(named("normed"), count=2)
    for options, reason in [
        ({"examples": 200}, "300 examples estimate the statistics, but only 200 are scored"),
        ({"batch_size": 100}, "the 300 examples that estimate the statistics are more than one batch"),
        ({"batch_norm": "stored"}, "no statistics are re-estimated"),
    ]:
        wanted = Torch(device=device, calibration_examples=300, calibration="fused", **options)
        with pytest.raises(EvaluationError, match=reason):
            wanted.plan(Networks.of(weights), task)
        with pytest.raises(EvaluationError, match=reason):  # before anything is trained
            wanted._require_scorable(task.build(device))
    fields, plan = evaluated(tmp_path / "auto", Torch(device=device, calibration_examples=300, examples=200),
                             weights, task)  # fmt: skip
    assert plan.get("reasons", [])[:1] == (
        [] if device == "cpu" else ["calibration: 300 examples estimate the statistics, but only 200 are scored"]
    )
    assert np.isfinite(fields["train_loss"]).all()


def test_statistics_of_a_network_in_float64_are_estimated_in_passing_too(device, named, tmp_path):
    task, options = named("float64"), Torch(device=device, calibration_examples=300)
    separate, fused = (
        evaluated(tmp_path / kind, evolve(options, calibration=kind), some_weights(task, count=2), task)[0]
        for kind in ("separate", "fused")
    )
    assert_same_arrays(fused, separate, rtol=1 / 300)


def test_statistics_of_a_layer_that_is_no_batch_norm_get_a_pass_of_their_own(device, named):
    task = named("instances")
    fused = Torch(device=device, calibration_examples=300, calibration="fused")
    with pytest.raises(EvaluationError, match="a fresh network gets other losses"):
        fused.plan(Networks.of(some_weights(task, count=2)), task)


@pytest.mark.parametrize("step", [1, 2])
def test_units_that_are_lifted_ahead_are_those_that_are_lifted_when_they_are_needed(step, device):
    networks = Networks.of(some_weights(MLP, 12))
    units = [Unit(start=start, stop=start + 2) for start in range(0, 12, 2)]
    lift = Lift(networks, device)
    for unit in [*units[::step], units[1]]:  # the last one is another than the next
        np.testing.assert_array_equal(lift(unit).cpu().numpy(), networks.weights(unit))
        lift.prepare_next(unit, units)


def test_units_are_narrow_where_little_memory_is_free(monkeypatch, device):
    networks = Networks.of(some_weights(MLP, 8))
    size = 4 * networks.coordinates.shape[1]
    monkeypatch.setattr("globscope.builtin.evaluators.pytorch.free_memory", lambda _: 30 * size)
    assert [len(unit) for unit in Torch(device=device, method="loop").plan(networks, MLP).units] == [3, 3, 2]


@pytest.mark.parametrize("options", [{}, {"calibration": "fused", "calibration_examples": 300}])
@pytest.mark.parametrize("method", ["auto", "loop", "graph"])
def test_gradients_are_those_of_plain_torch_on_the_cpu(method, options, device, named):
    task = named("normed")
    space = span(some_weights(task))
    networks = Networks(space=space, coordinates=space.members, gradient="train_loss")

    def gradients(evaluator):
        plan = evaluator.plan(networks, task)
        scorer = evaluator.scorer(networks, task, plan)
        return np.concatenate([scorer.score(unit)[GRADIENT] for unit in plan.units])

    wanted = gradients(Torch(device="cpu", method="loop", **options))
    # Of float32 sums in another order, whose terms partly cancel.
    found = gradients(Torch(device=device, method=method, **{"calibration": "separate"} | options))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-4 * np.abs(wanted).max())
