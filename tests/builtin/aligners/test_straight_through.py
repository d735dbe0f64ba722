"""The aligner `straight-through`: the loss that it lowers, and what it refuses."""

import numpy as np
import pytest
import torch
from support.arrays import assert_same_arrays

from globscope.api import GlobscopeError, PreparedTask, symmetry
from globscope.builtin.aligners import StraightThrough
from globscope.builtin.tasks.classification import Classification


@pytest.fixture(scope="module")
def digits():
    return PreparedTask(Classification(hidden=(16, 12), train_examples=300).build("cpu"))


@pytest.fixture(scope="module")
def pair(digits):
    return tuple(trained(digits, seed) for seed in range(2))


def trained(task, seed, steps=60):
    probe = task.probe
    parameters, buffers = probe.initialise(seed)
    leaves = {name: p.clone().requires_grad_() for name, p in parameters.items()}
    descent = torch.optim.Adam(leaves.values(), lr=0.01)
    for _ in range(steps):
        descent.zero_grad()
        probe.objective(leaves, buffers, whole(probe), training=True).backward()
        descent.step()
    return {name: p.detach().numpy() for name, p in leaves.items()}


def whole(probe):
    return probe.batch("train", torch.arange(probe.examples("train")))


def aligned(task, pair, **options):
    return StraightThrough(**options).align(task, *pair, np.random.default_rng(0))


def loss_halfway(task, pair, order):
    permuted = symmetry(task.probe).permute(pair[1], order)
    middle = {name: torch.from_numpy((pair[0][name] + permuted[name]) / 2) for name in permuted}
    return float(task.probe.objective(middle, {}, whole(task.probe), training=False))


def test_the_loss_halfway_falls_below_that_of_weight_matching(digits, pair):
    """A single step is weight matching, with which longer descents begin; they may only choose what is better."""
    first, last = (
        loss_halfway(digits, pair, aligned(digits, pair, steps=steps, learning_rate=0.1)) for steps in (1, 40)
    )
    assert last < first


def test_a_trained_network_is_recovered_from_a_permuted_copy(digits, pair):
    found = symmetry(digits.probe)
    drawn = found.random(np.random.default_rng(3))
    back = aligned(digits, (pair[0], found.permute(pair[0], drawn)), steps=10)
    assert_same_arrays(back, {name: np.argsort(order) for name, order in drawn.items()})


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (1, "no loss halfway between the two networks is finite"),
        (
            5,
            "its copy of the first network is not finite in step 2: the loss between the two networks is not, or "
            "learning_rate = 0.1 is too high",
        ),
    ],
)
def test_two_networks_without_a_finite_loss_between_them_are_refused(digits, pair, steps, message):
    broken = {name: np.full_like(array, 1e38) for name, array in pair[1].items()}
    with pytest.raises(GlobscopeError) as caught:
        aligned(digits, (pair[0], broken), steps=steps)
    assert str(caught.value) == f"aligner 'straight-through': {message}"
