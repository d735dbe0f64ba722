"""The aligner `merge-many`: networks that are fitted to one another."""

import numpy as np
import pytest
from support.arrays import assert_same_arrays

from globscope.api import PreparedTask, symmetry
from globscope.builtin.aligners import MergeMany
from globscope.builtin.tasks.classification import Classification


@pytest.fixture(scope="module")
def digits():
    return PreparedTask(Classification(hidden=(16, 12)).build("cpu"))


def fresh(task, seed):
    return {name: tensor.numpy() for name, tensor in task.probe.initialise(seed)[0].items()}


def align(task, networks, seed=0, **options):
    found = symmetry(task.probe)
    orders = MergeMany(**options).align_set(task, networks, np.random.default_rng(seed))
    return orders, [found.permute(network, order) for network, order in zip(networks, orders, strict=True)]


def similarity(networks):
    """Return the sum of the inner products of every two of some networks."""
    flat = np.array([np.concatenate([array.ravel() for array in one.values()]) for one in networks], float)
    return (flat.sum(0) @ flat.sum(0) - (flat**2).sum()) / 2


@pytest.mark.parametrize("count", [2, 5])
def test_planted_permutations_of_one_network_are_all_brought_back_exactly(digits, count):
    found = symmetry(digits.probe)
    for seed in range(3):
        rng, network = np.random.default_rng(seed), fresh(digits, seed)
        planted = [found.random(rng) for _ in range(count)]
        orders, aligned = align(digits, [found.permute(network, order) for order in planted], seed)
        for order, drawn in zip(orders, planted, strict=True):
            assert_same_arrays({name: drawn[name][order[name]] for name in drawn}, planted[0])
        for one in aligned:
            assert_same_arrays(one, aligned[0])


def test_the_first_network_keeps_its_order(digits):
    orders, aligned = align(digits, [fresh(digits, seed) for seed in range(3)])
    assert_same_arrays(orders[0], {name: np.arange(size) for name, size in symmetry(digits.probe).sizes.items()})
    assert_same_arrays(aligned[0], fresh(digits, 0))


def test_no_network_of_an_aligned_set_fits_the_mean_of_the_others_better_in_another_order(digits):
    networks = [fresh(digits, seed) for seed in range(4)]
    _, aligned = align(digits, networks)
    again, _ = align(digits, aligned, seed=1)
    for order in again:
        assert_same_arrays(order, again[0])
    assert similarity(aligned) > similarity(networks)


def test_one_round_may_be_too_few(digits):
    networks = [fresh(digits, seed) for seed in range(4)]
    first, last = (similarity(align(digits, networks, rounds=rounds)[1]) for rounds in (1, 100))
    assert first < last
