"""deep-align: a network that follows the order of the units it reads, and what it learns from many networks."""

import numpy as np
import pytest
import torch

from globscope.api import SymmetryError
from globscope.builtin.aligners.deep.chain import chain
from globscope.builtin.aligners.deep.form import Form
from globscope.builtin.aligners.deep.network import Reader, cosines
from globscope.builtin.aligners.likeness import assigned
from globscope.builtin.tasks.classification import Classification

SHAPES = [(5,), (8, 8), (9, 4), (8, 8, 8), (9, 4, 7)]


def stacked(probe, seeds):
    networks = [probe.initialise(seed)[0] for seed in seeds]
    return {name: torch.stack([one[name] for one in networks]).double() for name in probe.layout.names}


def reader(found, messages, **options):
    torch.manual_seed(0)
    form = {"messages": messages, "width": 12, "blocks": 2, "channels": 16} | options
    return Reader(Form(inputs=found.widths[0], hidden=len(found.hidden), outputs=found.widths[-1], **form)).double()


def orders(found, count, seed):
    rng = np.random.default_rng(seed)
    return [torch.from_numpy(np.stack([rng.permutation(n) for _ in range(count)])) for n in found.hidden]


def features(net, found, networks):
    return net(*found.read(networks, np.ones((len(found.layers), 2))))


@pytest.fixture(params=SHAPES, ids=str)
def shaped(request):
    probe = Classification(hidden=request.param).build("cpu")
    return probe, chain(probe)


@pytest.fixture(params=["bilinear", "edge"])
def messages(request):
    return request.param


def test_an_mlp_is_a_chain_of_layers(shaped):
    probe, found = shaped
    assert found.widths == (64, *found.hidden, 10)
    assert [name for layer in found.layers for name in layer.names] == list(probe.layout.names)


def test_permuting_the_networks_permutes_the_scores(shaped, messages):
    probe, found = shaped
    net = reader(found, messages)
    a, b = stacked(probe, (0, 1)), stacked(probe, (2, 3))
    p, q = orders(found, 2, 0), orders(found, 2, 1)
    before = cosines(features(net, found, a), features(net, found, b))
    after = cosines(features(net, found, found.permuted(a, p)), features(net, found, found.permuted(b, q)))
    for one, other, rows, columns in zip(before, after, p, q, strict=True):
        moved = one.take_along_dim(rows[:, :, None], 1).take_along_dim(columns[:, None], 2)
        # Double precision: sums of tens of numbers near 1 in another order.
        torch.testing.assert_close(other, moved, rtol=0, atol=1e-10)
        assert one.flatten(1).std(1).min() > 1e-3  # they say something at all
        for now, then, row, column in zip(other, one, rows.numpy(), columns.numpy(), strict=True):
            # Unit i of the permuted a is unit row[i] of a, so its partner is where column has what that had.
            partner = assigned(then.detach().numpy())
            np.testing.assert_array_equal(column[assigned(now.detach().numpy())], partner[row])


def test_exchanging_the_networks_transposes_the_scores(shaped, messages):
    probe, found = shaped
    net = reader(found, messages)
    both = [features(net, found, stacked(probe, seeds)) for seeds in ((0, 1), (2, 3))]
    for one, other in zip(cosines(*both), cosines(*both[::-1]), strict=True):
        torch.testing.assert_close(one, other.mT, rtol=0, atol=1e-10)


def test_a_network_that_has_learned_nothing_recovers_an_exact_copy(shaped, messages):
    probe, found = shaped
    net, a, p = reader(found, messages), stacked(probe, (0, 1)), orders(found, 2, 0)
    scores = cosines(features(net, found, a), features(net, found, found.permuted(a, p)))
    for one, order in zip(scores, p, strict=True):
        for matrix, own in zip(one.detach().numpy(), order.numpy(), strict=True):
            np.testing.assert_array_equal(assigned(matrix), np.argsort(own))


def test_a_soft_permutation_of_zeros_and_ones_permutes(shaped):
    probe, found = shaped
    a, p = stacked(probe, (0, 1)), orders(found, 2, 0)
    hard = [torch.nn.functional.one_hot(order).double() for order in p]
    moved = found.permuted(a, p)
    for name, tensor in found.mixed(a, hard).items():
        torch.testing.assert_close(tensor, moved[name], rtol=0, atol=0)


def test_what_is_no_mlp_is_refused_with_what_was_found():
    options = {"width": 4, "shortcut": "A"}
    probe = Classification(model="resnet20", data="digits-images", model_options=options).build("cpu")
    with pytest.raises(SymmetryError, match=r"deep-align reads MLPs, .* statistics, .*; weight-matching"):
        chain(probe)
