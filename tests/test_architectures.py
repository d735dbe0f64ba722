"""Networks of many architectures score what torch says: `load_state_dict`, then a plain forward pass."""

from pathlib import Path

import numpy as np
import pytest
import support.architectures
import torch
from support.architectures import ARCHITECTURES, EXAMPLES, build, load
from support.comparison import of_files, of_training
from support.gradients import plane_around

from globscope.api import GRADIENT, EvaluationError, Loss, Networks, PreparedTask, Unit, activations, symmetry
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.supervised import Supervised
from globscope.references import Code

# Float32 sums in another order; losses are of the order of 1.
SAME = 1e-6
# One of every kind of state; the slow tests take all.
FEW = (
    *(
        "input normaliser",
        "input normaliser in place",
        "drawn table that is not saved",
        "spectral norm",
        "pruned",
        "lazy convolution",
        "lstm",
    ),
    *("instance norm with statistics", "batch norm", "mask of booleans", "counter that cools", "complex turns"),
    *("frozen layer", "float64", "float16", "bfloat16", "mixed precision"),
)
FROM_FILES = [name for name, one in ARCHITECTURES.items() if one.in_files]
WITH_STATISTICS = ("instance norm with statistics", "batch norm")


def cases(names):
    """Return (name, statistics) of all, slow where another case shows the same."""
    fast = {*((name, "stored") for name in FEW), *((name, "recalibrate") for name in WITH_STATISTICS)}
    every = [(name, statistics) for name in names for statistics in ("stored", "recalibrate")]
    return [pytest.param(*one, marks=() if one in fast else pytest.mark.slow) for one in every]


@pytest.mark.parametrize(("name", "statistics"), cases(FROM_FILES))
def test_networks_from_files_score_what_torch_says(name, statistics, tmp_path):
    assert of_files(name, statistics, tmp_path).difference <= SAME


@pytest.mark.parametrize(("name", "statistics"), cases(ARCHITECTURES))
def test_networks_that_are_trained_here_score_what_torch_says(name, statistics, tmp_path):
    assert of_training(name, statistics, tmp_path).difference <= SAME


def test_the_generator_makes_three_different_networks_of_at_least_thirty_architectures(tmp_path):
    assert len(ARCHITECTURES) >= 30
    losses = of_files("input normaliser", "stored", tmp_path).theirs[:, 0]
    assert len(set(losses)) == len(losses) == 3


def probe_of(name):
    file = str(Path(support.architectures.__file__))
    options, data = {"name": name}, {"kind": ARCHITECTURES[name].data}
    task = Classification(model=Code(file, "build"), model_options=options, data=Code(file, "load"), data_options=data)
    return task.build("cpu")


def test_a_file_of_an_old_torch_without_the_counter_of_batches_is_scored(tmp_path):
    for statistics in ("stored", "recalibrate"):
        scored = of_files("batch norm", statistics, tmp_path / statistics, without="num_batches_tracked")
        assert scored.difference <= SAME


def test_a_layer_of_two_names_keeps_its_own_weights_after_other_networks_passed_through_it():
    probe = probe_of("shared layer")
    before = dict(probe.traits.module.named_parameters())
    for seed in (1, 2):
        probe.reduce(*probe.initialise(seed), probe.batch("train", torch.arange(EXAMPLES)))
    after = dict(probe.traits.module.named_parameters())
    assert before.keys() == after.keys()
    assert all(after[name] is parameter for name, parameter in before.items())
    assert all(isinstance(parameter, torch.nn.Parameter) for parameter in after.values())


def test_lazy_layers_are_the_same_for_the_same_seed_and_leave_the_generator_where_it_was():
    before = torch.get_rng_state()
    one, two = (probe_of("lazy convolution").initialise(3)[0] for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(one[name], two[name]) for name in one)
    other = probe_of("lazy convolution").initialise(4)[0]
    assert not torch.equal(one["0.weight"], other["0.weight"])


@pytest.mark.parametrize(
    ("name", "kind"), [("float64", torch.float64), ("float16", torch.float16), ("mixed precision", torch.bfloat16)]
)
def test_a_network_is_made_and_trained_in_the_models_own_types(name, kind):
    probe = probe_of(name)
    parameters, _ = probe.initialise(0)
    assert kind in {p.dtype for p in parameters.values()}
    like = {n: p.dtype for n, p in build(name).named_parameters()}
    assert {n: p.dtype for n, p in parameters.items()} == like


def test_examples_of_float64_stay_so_for_a_model_that_computes_in_it():
    inputs = load("points")[0].astype(np.float64) + 1e-12
    task = Supervised(
        make=lambda: build("float64"),
        arrays=Arrays(train=(inputs, load("points")[1]), test=(inputs, load("points")[1])),
        loss=torch.nn.functional.cross_entropy,
        device="cpu",
        vmappable=False,
    )
    np.testing.assert_array_equal(task.batch("train", torch.arange(EXAMPLES))[0].numpy(), inputs)
    assert task.outputs(*task.initialise(0), task.batch("train", torch.arange(2))).dtype == torch.float64


def test_a_loss_that_cannot_be_differentiated_twice_is_reported_as_such():
    probe = probe_of("bag of embeddings")
    loss = Loss.of(probe, "cpu", None, np.random.default_rng(0))
    hessian = loss.at(probe.layout.flatten(probe.initialise(0)[0]), {})
    with pytest.raises(EvaluationError, match="differentiated twice at this network: the derivative for '_emb"):
        hessian.products(np.ones((1, probe.layout.size)))


def test_a_shared_layer_is_followed_again_after_its_first_trial():
    probe = probe_of("tied embedding")
    made = symmetry(probe)
    network = {name: tensor.numpy() for name, tensor in probe.initialise(0)[0].items()}
    [first, *_] = activations(probe, network, np.arange(EXAMPLES))
    assert set(first) == set(made.sizes)


# Whose backward pass is no derivative of the forward pass, as torch trains them too.
NOT_DERIVATIVES = {
    "weights held in bounds": "torch takes the clipping of weights for the identity",
    "embedding with padding": "torch leaves out the row of the padding, which training never moves",
    "codebook": "the nearest code passes gradients straight through",
    "function with a gradient of its own": "its gradient is not its derivative",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_gradient_of_an_architecture_is_that_of_differences(name):
    task = PreparedTask(probe_of(name))
    parameters, buffers = task.build("cpu").initialise(0)
    space = plane_around(task.build("cpu").layout.flatten({n: p.float() for n, p in parameters.items()}), rank=2)
    own = {n: b.float().numpy() if b.dtype is torch.bfloat16 else b.numpy() for n, b in buffers.items()}

    def scored(points, gradient=None):
        nearest = np.zeros(len(points), int)
        networks = Networks(space=space, coordinates=points, gradient=gradient, buffers=(own,), nearest=nearest)
        evaluator = Torch(method="loop")
        scorer = evaluator.scorer(networks, task, evaluator.plan(networks, task))
        return scorer.score(Unit(start=0, stop=len(points)))

    point = np.array([[0.1, -0.2]])
    beside, without = scored(point, "train_loss"), scored(point)
    assert beside["train_loss"] == without["train_loss"]
    found = []
    for step in (1e-1, 3e-2, 1e-2, 3e-3):  # kinks want short ones, the rounding of losses long ones
        losses = scored(point + step * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]))["train_loss"]
        found.append((losses[::2] - losses[1::2]) / (2 * step))
    off = np.abs(np.array(found) - beside[GRADIENT]).min(axis=0)
    # Of bfloat16, whose losses have three digits, more than of the others, which differ by kinks.
    tolerance = 0.1 if name in ("bfloat16", "mixed precision") else 1e-2
    assert (off.max() <= tolerance * np.abs(found).max()) == (name not in NOT_DERIVATIVES)
