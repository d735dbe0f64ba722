"""The aligner `sinkhorn`: soft permutations, the losses that it lowers, and where it starts."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from globscope.api import Code, GlobscopeError, PluginError, PreparedTask, symmetry
from globscope.builtin.aligners import ActivationMatching, Sinkhorn, WeightMatching
from globscope.builtin.aligners.pair_loss import permute_softly, sinkhorn
from globscope.builtin.aligners.unit_similarity import best_assignment
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.pinn import PinnConvection
from globscope.testing import tiny_task
from globscope.testing.surroundings import other_global_seeds, restored_process

MODELS = """
from torch import nn

def flattened():
    return nn.Sequential(nn.Conv2d(1, 6, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(54, 10))

def dropping():
    return nn.Sequential(nn.Linear(64, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 10))
"""


def built(task):
    return PreparedTask(task.build("cpu"))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "models.py"
    path.write_text(MODELS, "utf-8")
    return lambda name, data: built(Classification(model=Code(str(path), name), data=data))


@pytest.fixture(scope="module")
def digits():
    return built(Classification(hidden=(16, 16), train_examples=500))


@pytest.fixture(scope="module")
def pairs(digits):
    """Return three pairs of trained networks."""
    nets = [trained(digits, seed) for seed in range(6)]
    return [*zip(nets[::2], nets[1::2], strict=True)]


def fresh(task, seed):
    parameters, buffers = task.probe.initialise(seed)
    return {name: tensor.numpy() for name, tensor in {**parameters, **buffers}.items()}


def whole(task):
    return task.probe.batch("train", torch.arange(task.probe.examples("train")))


def trained(task, seed, steps=60):
    parameters, buffers = task.probe.initialise(seed)
    leaves = {name: p.requires_grad_() for name, p in parameters.items()}
    adam, batch = torch.optim.Adam(leaves.values(), lr=0.02), whole(task)
    for _ in range(steps):
        adam.zero_grad()
        task.probe.objective(leaves, buffers, batch, training=True).backward()
        adam.step()
    return {name: p.detach().numpy() for name, p in leaves.items()}


def middle(task, a, b):
    """Return the training loss halfway between two networks without statistics."""
    mean = {name: torch.from_numpy((a[name] + b[name]) / 2) for name in a}
    with torch.no_grad():
        return float(task.probe.objective(mean, {}, whole(task), training=False))


def shuffled(task, network, seed):
    drawn = symmetry(task.probe).random(np.random.default_rng(seed))
    return symmetry(task.probe).permute(network, drawn), drawn


def same(one, two):
    return all(np.array_equal(one[name], two[name]) for name in one | two)


def agrees_with_permute(task):
    found, network = symmetry(task.probe), fresh(task, 0)
    order = found.random(np.random.default_rng(1))
    hard = {name: torch.eye(len(one))[torch.from_numpy(one)] for name, one in order.items()}
    soft = permute_softly(found, {name: torch.from_numpy(tensor) for name, tensor in network.items()}, hard)
    wanted = found.permute(network, order)
    assert not same(wanted, network)
    for name, tensor in wanted.items():
        # Every sum has one term that is not 0.
        np.testing.assert_array_equal(soft[name].numpy(), tensor)


def test_mixing_by_0_and_1_is_permuting_an_mlp(digits):
    agrees_with_permute(digits)


def test_mixing_by_0_and_1_is_permuting_channels_that_were_flattened(models):
    agrees_with_permute(models("flattened", "digits-images"))


def test_mixing_by_0_and_1_is_permuting_a_residual_network_with_statistics():
    options = {"width": 4, "shortcut": "A"}
    agrees_with_permute(built(Classification(model="resnet20", data="digits-images", model_options=options)))


@given(st.integers(1, 12), st.floats(0, 1), st.integers(0, 99))
def test_soft_permutations_are_doubly_stochastic(size, sharpness, seed):
    logits = torch.from_numpy(sharpness * np.random.default_rng(seed).standard_normal((2, size, size)))
    soft = sinkhorn(logits, 50)
    # The columns are scaled last. Rows of such blunt logits converge by about 3 every round: 1e-7 after 20 at most.
    np.testing.assert_allclose(soft.sum(-2), 1, atol=1e-12)
    np.testing.assert_allclose(soft.sum(-1), 1, atol=1e-6)
    assert (soft > 0).all()


@given(st.integers(1, 12), st.integers(0, 99))
def test_sharp_soft_permutations_are_permutations(size, seed):
    rng = np.random.default_rng(seed)
    order = np.eye(size)[rng.permutation(size)]
    soft = sinkhorn(torch.from_numpy(40 * order + rng.random((size, size))), 20)
    # Others are e^-39 of the matched ones, twelve of them at most.
    np.testing.assert_allclose(soft, order, atol=1e-15)


@pytest.mark.parametrize("aligner", [ActivationMatching(), WeightMatching(), Sinkhorn(steps=3)])
def test_the_best_assignment_of_the_scores_is_the_alignment(digits, pairs, aligner):
    found = aligner.align(digits, *pairs[0], np.random.default_rng(0))
    scores = aligner.scores(digits, *pairs[0], np.random.default_rng(0))
    assert same(found, {name: best_assignment(one) for name, one in scores.items()})


def test_scores_of_silent_units_are_settled_by_their_weights(digits):
    a = fresh(digits, 0)
    a["1.bias"] = np.full_like(a["1.bias"], -100)
    copy, drawn = shuffled(digits, a, 1)
    scores = ActivationMatching().scores(digits, a, copy, np.random.default_rng(0))
    assert np.array_equal(best_assignment(scores["1"]), np.argsort(drawn["1"]))


def test_a_permuted_copy_is_recovered_exactly_by_the_distance_of_weights(digits, pairs):
    for seed, (a, _) in enumerate(pairs):
        copy, drawn = shuffled(digits, a, seed)
        aligner = Sinkhorn(start="random", loss="weights", steps=100)
        found = aligner.align(digits, a, copy, np.random.default_rng(seed))
        assert same(found, {name: np.argsort(one) for name, one in drawn.items()})


def test_halfway_to_an_aligned_copy_the_loss_is_the_networks_own(digits, pairs):
    for seed, (a, _) in enumerate(pairs):
        copy, _ = shuffled(digits, a, seed)
        found = Sinkhorn().align(digits, a, copy, np.random.default_rng(seed))
        back = symmetry(digits.probe).permute(copy, found)
        # Units that are silent on all examples may end anywhere; those that count are back, but for rounding.
        assert middle(digits, a, back) == pytest.approx(middle(digits, a, a), rel=1e-5)


def halfway(digits, pairs, aligner):
    found = symmetry(digits.probe)
    orders = [aligner.align(digits, a, b, np.random.default_rng(0)) for a, b in pairs]
    return [middle(digits, a, found.permute(b, order)) for (a, b), order in zip(pairs, orders, strict=True)]


def test_halfway_between_trained_networks_the_loss_is_lower_than_where_it_started(digits, pairs):
    before, after = (halfway(digits, pairs, one) for one in (ActivationMatching(), Sinkhorn()))
    assert np.median(after) < np.median(before)


@pytest.mark.parametrize("loss", ["midpoint", "random", "weights"])
@pytest.mark.parametrize("where", ["plain", "with statistics", "informed"])
def test_every_loss_moves_the_logits_of_every_kind_of_network(where, loss):
    informed = PinnConvection(hidden=(8,), grid=(6, 5), collocation=12)
    task = built(informed if where == "informed" else tiny_task(normalised=where == "with statistics"))
    a, b = fresh(task, 0), fresh(task, 1)
    one, ten = (
        Sinkhorn(start="random", loss=loss, steps=steps).scores(task, a, b, np.random.default_rng(0))
        for steps in (1, 10)
    )
    assert one.keys() == ten.keys() == symmetry(task.probe).sizes.keys()
    for name, logits in ten.items():
        assert np.isfinite(logits).all()
        # Of Adam's rate of 0.05, nine steps more.
        assert 0.05 < np.abs(logits - one[name]).max() < 0.5


def test_layers_that_draw_draw_by_the_aligners_generator(models):
    task = models("dropping", "digits")
    a, b = fresh(task, 0), fresh(task, 1)
    found = []
    for seed in (1, 2):
        with other_global_seeds(seed), restored_process() as moved:
            found.append(Sinkhorn(steps=3).scores(task, a, b, np.random.default_rng(0)))
        assert not moved
    assert same(*found)
    assert not same(found[0], Sinkhorn(steps=3).scores(task, a, b, np.random.default_rng(1)))


def test_it_starts_from_scores_that_are_handed_over_rescaled_to_its_sharpness(digits, pairs):
    order = np.random.default_rng(0).permutation(16)
    scores = {"1": 7 * np.eye(16)[order], "3": -3 * np.eye(16)}
    begun = Sinkhorn(start="whatever", steps=1, learning_rate=1e-9, sharpness=5.0).start_from(scores)
    reached = begun.scores(digits, *pairs[0], np.random.default_rng(0))
    np.testing.assert_allclose(reached["1"], 5 * np.eye(16)[order], atol=1e-8)
    np.testing.assert_allclose(reached["3"], -5 * np.eye(16), atol=1e-8)
    assert np.array_equal(begun.align(digits, *pairs[0], np.random.default_rng(0))["1"], order)


@pytest.mark.parametrize(
    ("scores", "text"),
    [
        ({"1": np.eye(16)}, "got no scores for the group '3'"),
        (
            {"1": np.eye(16), "3": np.eye(10)},
            "got scores for the group '3' that are not (16, 16) finite numbers",
        ),
        (
            {"1": np.full((16, 16), np.nan), "3": np.eye(16)},
            "got scores for the group '1' that are not (16, 16) finite numbers",
        ),
    ],
)
def test_scores_of_other_networks_are_refused(digits, pairs, scores, text):
    with pytest.raises(PluginError) as refused:
        Sinkhorn().start_from(scores).align(digits, *pairs[0], np.random.default_rng(0))
    assert str(refused.value) == f"aligner 'sinkhorn' {text}"


def test_a_start_without_scores_is_an_error(digits, pairs):
    with pytest.raises(PluginError) as refused:
        Sinkhorn(start="deep").align(digits, *pairs[0], np.random.default_rng(0))
    assert str(refused.value) == (
        "aligner 'sinkhorn' starts from the scores of 'deep', which are missing: a study computes them; "
        "elsewhere call start_from(scores), or start from activation-matching, weight-matching or random"
    )


def test_a_loss_that_is_not_finite_is_reported(digits, pairs):
    a, b = pairs[0]
    broken = b | {"5.bias": np.full_like(b["5.bias"], np.nan)}
    with pytest.raises(
        GlobscopeError, match="no longer finite after 2 steps: the loss between the two networks is not"
    ):
        Sinkhorn(start="random", steps=2).align(digits, a, broken, np.random.default_rng(0))
