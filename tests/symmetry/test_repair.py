"""REPAIR: mixtures whose hidden units have the mixtures of their statistics, as plain networks."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from globscope.api import SymmetryError, affine_layers, repair_corrections
from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.supervised import Supervised

EXAMPLES = 30


class Columns(nn.Module):
    """A linear layer whose weight has its inputs first, as GPT-2's."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(inputs, outputs)), nn.Parameter(torch.randn(outputs))

    def forward(self, x):
        return torch.addmm(self.bias, x, self.weight)


class Shared(nn.Module):
    """Two layers with one weight, one without a bias, and the last."""

    def __init__(self):
        super().__init__()
        self.first, self.again, self.bare, self.last = (nn.Linear(6, n, bias=n != 5) for n in (6, 6, 5, 10))
        self.last = nn.Linear(5, 10)
        self.again.weight = self.first.weight

    def forward(self, x):
        return self.last(F.relu(self.bare(F.relu(self.again(F.relu(self.first(x)))))))


def convolutional():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True), nn.ConvTranspose2d(4, 3, 2, stride=2), nn.ReLU(), nn.Flatten(),
        nn.Linear(48, 7), nn.Tanh(), nn.Linear(7, 10),
    )  # fmt: skip


NETWORKS = {
    "mlp": (
        lambda: nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 10)),
        (6,),
        "02",
    ),
    "convolutions": (convolutional, (1, 4, 4), "025"),
    "columns": (lambda: nn.Sequential(Columns(6, 8), nn.GELU(), nn.Linear(8, 10)), (6,), "0"),
}


def probe_of(make, shape):
    rng = np.random.default_rng(0)
    pair = rng.normal(size=(EXAMPLES, *shape)).astype(np.float32), rng.integers(10, size=EXAMPLES)
    return Supervised(
        make=make, arrays=Arrays(train=pair, test=pair), loss=F.cross_entropy, device="cpu", vmappable=False
    )


def network(probe, seed):
    draw = torch.Generator().manual_seed(seed)
    return {name: torch.randn(p.shape, generator=draw).numpy() for name, p in probe.initialise(0)[0].items()}


def statistics(probe, tensors):
    """Return the mean and deviation of what every layer returns, by its name."""
    module, found = probe.traits.module, {}

    def note(name):
        def hook(layer, inputs, value):
            numbers = value.movedim(1, -1).reshape(-1, value.shape[1]).double()
            found[name] = torch.stack([numbers.mean(0), numbers.std(0, correction=0)]).numpy()

        return hook

    hooks = [layer.register_forward_hook(note(name)) for name, layer in module.named_children()]
    inputs = probe.inputs(probe.batch("train", torch.arange(EXAMPLES)))
    with torch.no_grad():
        torch.func.functional_call(module, {n: torch.from_numpy(np.float32(t)) for n, t in tensors.items()}, inputs)
    for hook in hooks:
        hook.remove()
    return found


def repaired(probe, ends, share):
    corrections = repair_corrections(probe, ends, np.array([share]), EXAMPLES)
    tensors = {name: sum(s * end[name] for s, end in zip(share, ends, strict=True)) for name in ends[0]}
    for layer in affine_layers(probe).values():
        tensors = layer.rescale(tensors, *corrections[layer.weight][0])
    return tensors


@pytest.mark.parametrize("share", [(0.5, 0.5), (0.2, 0.5, 0.3)])
@pytest.mark.parametrize("name", NETWORKS)
def test_units_of_a_repaired_mixture_have_the_mixture_of_their_statistics(name, share):
    make, shape, hidden = NETWORKS[name]
    probe = probe_of(make, shape)
    ends = [network(probe, seed) for seed in range(len(share))]
    found, known = statistics(probe, repaired(probe, ends, share)), [statistics(probe, end) for end in ends]
    for layer in hidden:
        wanted = sum(s * one[layer] for s, one in zip(share, known, strict=True))
        # Float32 sums over at most 48 inputs.
        np.testing.assert_allclose(found[layer], wanted, rtol=1e-4, atol=1e-5)


def test_an_end_needs_no_correction():
    probe = probe_of(*NETWORKS["mlp"][:2])
    corrections = repair_corrections(probe, [network(probe, 0), network(probe, 1)], np.array([[1.0, 0.0]]), EXAMPLES)
    for found in corrections.values():
        np.testing.assert_allclose(found[0], np.stack([np.ones(found.shape[2]), np.zeros(found.shape[2])]), atol=1e-12)


def test_a_unit_that_is_constant_is_shifted_only():
    probe = probe_of(*NETWORKS["mlp"][:2])
    ends = [network(probe, 0), network(probe, 1)]
    ends[1]["0.weight"][2] = -ends[0]["0.weight"][2]  # halfway the two cancel
    scale, _ = repair_corrections(probe, ends, np.array([[0.5, 0.5]]), EXAMPLES)["0.weight"][0]
    assert scale[2] == 1
    assert (scale[[0, 1, 3]] != 1).all()


def test_layers_that_share_a_weight_or_lack_a_bias_are_left_and_so_is_the_last():
    layers = affine_layers(probe_of(NETWORKS["mlp"][0], (6,))).values()
    assert [layer.weight for layer in layers] == ["0.weight", "2.weight"]
    with pytest.raises(SymmetryError) as caught:
        affine_layers(probe_of(Shared, (6,)))
    assert (
        str(caught.value) == "the network has no hidden linear layer or convolution with a weight and a bias of its own"
    )


def test_statistics_of_batch_norm_are_left_to_the_evaluator():
    probe = probe_of(lambda: nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 10)), (6,))
    with pytest.raises(SymmetryError, match=r"^the network has statistics \(BatchNorm\), which are re-estimated"):
        affine_layers(probe)
