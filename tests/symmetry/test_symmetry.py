"""The permutation symmetry of networks: what is found by tracing, what stays, and what is refused."""

import inspect
from collections import OrderedDict
from itertools import pairwise

import numpy as np
import pytest
import torch
from attrs import define, evolve
from hypothesis import given, settings, strategies as st
from support.arrays import assert_same_arrays
from torch import nn
from torch.nn import functional as F

from globscope.api import Frozen, ProbeTraits, Symmetry, SymmetryError, activations, symmetry
from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.models.resnet import resnet
from globscope.builtin.tasks.models.transformer import transformer, vit
from globscope.builtin.tasks.supervised import Supervised
from globscope.population.flatten import FlattenedProbe
from globscope.symmetry import search
from globscope.testing import tiny_task
from globscope.values.members import Layout

# Of the largest output: float32 sums in another order differ by less, also through 20 layers.
SAME = 1e-5


def probe_of(make, shape, *, outputs=10, examples=12, tokens=0):
    """Return the probe of a classification of noise by a network."""
    rng = np.random.default_rng(0)
    x = rng.integers(tokens, size=(examples, *shape)) if tokens else rng.normal(size=(examples, *shape))
    y = rng.integers(outputs, size=examples)
    pair = (x if tokens else x.astype(np.float32), y)
    return Supervised(
        make=make, arrays=Arrays(train=pair, test=pair), loss=F.cross_entropy, device="cpu", vmappable=False
    )


def network(probe, seed=1):
    """Return a network none of whose tensors is all zeros or ones, its statistics those of the data."""
    generator = torch.Generator().manual_seed(seed)
    parameters = {
        name: p + 0.1 * (p.abs().max() + 0.1) * torch.randn(p.shape, generator=generator)
        for name, p in probe.initialise(seed)[0].items()
    }
    return {**parameters, **probe.calibrate(parameters, probe.initialise(seed)[1], [whole(probe)])}


def whole(probe):
    return probe.batch("train", torch.arange(probe.examples("train")))


def outputs(probe, tensors):
    with torch.no_grad():
        return torch.func.functional_call(probe.traits.module, tensors, probe.inputs(whole(probe)))


def mlp(*widths):
    layers = [layer for below, above in pairwise(widths) for layer in (nn.Linear(below, above), nn.ReLU())]
    return nn.Sequential(nn.Flatten(), *layers[:-1])


def cnn():
    """Return a network in which 6 channels of 4 places each are flattened, and one convolution is depthwise."""
    return nn.Sequential(
        nn.Conv2d(2, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(5, 10, 3, padding=1, groups=5), nn.GroupNorm(2, 10), nn.GELU(), nn.Dropout(0.5),
        nn.Conv2d(10, 6, 1, bias=False), nn.BatchNorm2d(6), nn.SiLU(), nn.AdaptiveAvgPool2d(2),
        nn.Flatten(), nn.Linear(24, 7), nn.PReLU(7), nn.Linear(7, 10),
    )  # fmt: skip


class Functional(nn.Module):
    """A user's network without layers: a skip by slicing and padding, a residual, a gate, and unused weights."""

    def __init__(self):
        super().__init__()
        shapes = {"a": (12, 6), "b": (8, 12), "gate": (8, 8), "c": (10, 4), "unused": (5, 5)}
        self.w = nn.ParameterDict({name: nn.Parameter(torch.randn(shape) / 3) for name, shape in shapes.items()})
        self.scale = nn.Parameter(torch.randn(8))

    def forward(self, x):
        h = F.relu(F.linear(x, self.w["a"]))
        h = F.relu(h @ self.w["b"].T) * self.scale + h[:, :8]
        h = h + F.pad(h[:, ::2], (0, 4))
        one, two = F.linear(h, self.w["gate"]).chunk(2, dim=-1)
        return torch.einsum("ni,oi->no", one * two.sigmoid() / one.norm(dim=-1, keepdim=True), self.w["c"])


class UNet(nn.Module):
    """Channels side by side, up and down."""

    def __init__(self):
        super().__init__()
        self.down, self.up = nn.Conv2d(2, 4, 2, stride=2), nn.ConvTranspose2d(4, 3, 2, stride=2)
        self.out, self.norm = nn.Conv2d(5, 10, 1), nn.LayerNorm([4, 2, 2])

    def forward(self, x):
        up = self.up(torch.tanh(self.norm(self.down(x))))
        return self.out(torch.cat([x, up], dim=1)).amax(dim=(2, 3))


NETWORKS = {
    "mlp": (lambda: mlp(6, 8, 5, 10), (6,), {}),
    "cnn": (cnn, (2, 8, 8), {}),
    "functional": (Functional, (6,), {}),
    "u-net": (UNet, (2, 4, 4), {}),
    "resnet20-A": (lambda: resnet((1, 8, 8), 10, 20, shortcut="A"), (1, 8, 8), {}),
    "resnet20-B": (lambda: resnet((1, 8, 8), 10, 20, shortcut="B"), (1, 8, 8), {}),
    "resnet20-without-norm": (lambda: resnet((1, 8, 8), 10, 20, shortcut="A", batch_norm=False), (1, 8, 8), {}),
    "vit": (lambda: vit((1, 8, 8), 10, dim=8, depth=2, heads=2), (1, 8, 8), {}),
    "transformer": (
        lambda: nn.Sequential(transformer((6,), 9, dim=8, depth=1), Mean()),
        (6,),
        {"tokens": 9, "outputs": 9},
    ),
}


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(1)


@pytest.fixture(scope="module")
def probes():
    return {name: probe_of(make, shape, **more) for name, (make, shape, more) in NETWORKS.items()}


@pytest.mark.parametrize("name", NETWORKS)
def test_permuting_units_leaves_what_a_network_computes(probes, name):
    probe = probes[name]
    found, tensors = symmetry(probe), network(probe)
    before = outputs(probe, tensors)
    for seed in range(2):
        moved = found.permute(tensors, found.random(np.random.default_rng(seed)))
        assert any(not torch.equal(moved[tensor], tensors[tensor]) for tensor in tensors)
        torch.testing.assert_close(outputs(probe, moved), before, rtol=0, atol=SAME * before.abs().max().item())


def test_statistics_and_every_other_vector_of_a_layer_move_with_its_units(probes):
    probe = probes["cnn"]
    found, tensors = symmetry(probe), network(probe)
    assert found.statistics == {f"{layer}.running_{what}" for layer in (1, 9) for what in ("mean", "var")}
    moved = found.permute(tensors, {"8": np.array([1, 2, 3, 4, 5, 0])})
    for name in ("8.weight", "9.weight", "9.bias", "9.running_mean", "9.running_var"):
        assert torch.equal(moved[name], tensors[name].roll(-1, 0))
    # Each of the 6 channels has 4 places in the flattened input of the next layer.
    assert torch.equal(moved["13.weight"], tensors["13.weight"].roll(-4, 1))


RESNET_STAGES = [16, *[16] * 3, *[32] * 3, *[64] * 3]
SIZES = {
    "mlp": {"1": 8, "3": 5},
    # Two outputs of each depthwise channel stand together; GroupNorm keeps 5 and 5 apart, which cut channel 2 in two.
    "cnn": {"0": 2, "0#2": 2, "8": 6, "13": 7},
    # Of a's 12 units the skip sets the last 4 apart; of the first 8, which are b's too, the residual ties 1 to 2 to 4
    # and 3 to 6, and leaves 5 and 7, to which zeros are added, alike. The gate's halves go together.
    "functional": {"w.a": 2, "w.a#2": 4, "w.gate": 4},
    "u-net": {"down": 4, "up": 3},
    # The stage's stream, then of three blocks the inner convolution. A pads: 16 channels go on, 16 and then 32 are new.
    "resnet20-A": [16, 16, 16, 16, 32, 16, 32, 32, 64, 32, 64, 64],
    "resnet20-B": [16, 16, 16, 16, 32, 32, 32, 32, 64, 64, 64, 64],
    "resnet20-without-norm": [16, 16, 16, 16, 32, 16, 32, 32, 64, 32, 64, 64],
    # The residual stream, and of each block its heads and the inside of its perceptron.
    "vit": {
        "patches": 8,
        "blocks.0.attention.in_proj_weight": 2,
        "blocks.0.mlp.0": 32,
        "blocks.1.attention.in_proj_weight": 2,
        "blocks.1.mlp.0": 32,
    },
    "transformer": {"0.tokens": 8, "0.blocks.0.attention.in_proj_weight": 2, "0.blocks.0.mlp.0": 32},
}


@pytest.mark.parametrize("name", SIZES)
def test_groups_are_those_counted_by_hand(probes, name):
    found = symmetry(probes[name]).sizes
    assert (found if isinstance(SIZES[name], dict) else list(found.values())) == SIZES[name]


@settings(max_examples=8, deadline=None)
@given(widths=st.lists(st.integers(2, 6), min_size=1, max_size=3), seed=st.integers(0, 2**16))
def test_permutations_of_a_random_mlp_compose_and_change_nothing(widths, seed):
    probe = probe_of(lambda: mlp(3, *widths, 10), (3,), examples=4)
    found, rng = symmetry(probe), np.random.default_rng(seed)
    first, second = found.random(rng), found.random(rng)
    assert list(found.sizes.values()) == widths
    tensors = network(probe, seed)
    once = found.permute(tensors, first)
    twice = found.permute(once, second)
    at_once = found.permute(tensors, {name: first[name][second[name]] for name in first})
    back = found.permute(once, {name: np.argsort(first[name]) for name in first})
    for name, tensor in tensors.items():
        assert torch.equal(twice[name], at_once[name])
        assert torch.equal(back[name], tensor)
    before = outputs(probe, tensors)
    torch.testing.assert_close(outputs(probe, twice), before, rtol=0, atol=SAME * before.abs().max().item())


def test_arrays_are_permuted_as_tensors_are_and_neither_is_written_to(probes):
    probe = probes["cnn"]
    found, tensors = symmetry(probe), network(probe)
    arrays = {name: tensor.numpy().copy() for name, tensor in tensors.items()}
    permutations = found.random(np.random.default_rng(3))
    moved = found.permute(tensors, permutations)
    again = found.permute(arrays, permutations)
    assert_same_arrays(again, {name: tensor.numpy() for name, tensor in moved.items()})
    assert not [name for name, array in again.items() if np.shares_memory(array, arrays[name])]
    assert_same_arrays(arrays, {name: tensor.numpy() for name, tensor in tensors.items()})


def test_a_permutation_that_does_not_fit_is_refused(probes):
    probe = probes["mlp"]
    found, tensors = symmetry(probe), network(probe)
    with pytest.raises(SymmetryError, match="there is no group of units '2'; known: 1, 3"):
        found.permute(tensors, {"2": np.arange(8)})
    for wrong in (np.zeros(8, int), np.arange(5), np.arange(8) + 1):
        with pytest.raises(SymmetryError, match="the array for '1' is not a permutation of its 8 units"):
            found.permute(tensors, {"1": wrong})


class Gate(nn.Module):
    def forward(self, x):
        if x.mean() > 0:
            return x
        return -x


class Picks(nn.Module):
    def forward(self, x):
        return x[:, : int(x[0, 0])]


class Numpy(nn.Module):
    def forward(self, x):
        return torch.from_numpy(x.detach().numpy()) + x


class Skipping(nn.Module):
    """Adds to the inputs, so that the units of its only hidden layer stand where the inputs do."""

    def __init__(self):
        super().__init__()
        self.inner, self.outer = nn.Linear(4, 4), nn.Linear(4, 10)

    def forward(self, x):
        return self.outer(x + self.inner(x).relu())


class Unequal(nn.Module):
    def forward(self, x):
        return torch.stack([at * unit for at, unit in enumerate(x.unbind(1))], 1)


class Ranked(nn.Module):
    def forward(self, x):
        return x.cumsum(dim=-1)


INPUTS = (torch.randn(4, 4),)
REFUSED = {
    "layer '2' cannot be traced: its course depends on the values that pass through it, "
    "at test_symmetry.py:{Gate}: if x.mean() > 0:": lambda: nn.Sequential(
        nn.Flatten(), nn.Linear(4, 8), Gate(), nn.Linear(8, 10)
    ),
    "no units of the network can be exchanged: their order is fixed by cumsum in 'body.1'": lambda: nn.Sequential(
        OrderedDict(body=nn.Sequential(nn.Linear(4, 8), Ranked()), head=nn.Linear(8, 10))
    ),
    "no units of the network can be exchanged: their order is fixed by add in the model itself": Skipping,
    "no units of the network can be exchanged: their order is fixed by unbind in '1'": lambda: nn.Sequential(
        nn.Linear(4, 8), Unequal(), nn.Linear(8, 10)
    ),
    "no units of the network can be exchanged: their order is fixed by max_pool1d in '2'": lambda: nn.Sequential(
        nn.Linear(4, 8), nn.Unflatten(1, (1, 8)), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(4, 10)
    ),
    "no units of the network can be exchanged: it has no hidden layer of several units": lambda: nn.Linear(4, 10),
}


@pytest.mark.parametrize("message", REFUSED)
def test_a_network_that_cannot_be_followed_is_refused_by_the_name_of_its_layer(message):
    wanted = message.replace("{Gate}", str(inspect.getsourcelines(Gate)[1] + 2))
    module = REFUSED[message]()
    probe = Shown(module, (torch.randn(4, 4),))
    with pytest.raises(SymmetryError) as caught:
        symmetry(probe)
    assert str(caught.value) == wanted
    assert all(type(p) is nn.Parameter and torch.isfinite(p).all() for p in module.parameters())


@pytest.mark.parametrize("layer", [Picks(), Numpy()])
def test_whatever_torch_cannot_trace_is_reported_by_layer_and_line(layer, capsys):
    module = nn.Sequential(nn.Linear(4, 8), layer)
    line = inspect.getsourcelines(type(layer))[1] + 2
    with pytest.raises(SymmetryError, match=f"^layer '1' cannot be traced: .* at test_symmetry.py:{line}: return"):
        symmetry(Shown(module, (torch.randn(4, 4),)))
    assert capsys.readouterr() == ("", "")


class Shown:
    """A probe of a module and its inputs alone."""

    statistics, splits = (), ("train",)

    def __init__(self, module, inputs):
        self.traits, self._inputs = ProbeTraits(module=module.eval()), inputs
        shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
        self.layout = Layout(names=tuple(shapes), shapes=tuple(shapes.values()))

    def initialise(self, seed):
        return {name: p.detach().clone() for name, p in self.traits.module.named_parameters()}, {}

    def examples(self, split):
        return len(self._inputs[0])

    def batch(self, split, indices):
        return tuple(one[indices] for one in self._inputs)

    def inputs(self, batch):
        return batch


@define
class Answer:
    """What a stranger's model returns: no type that torch knows."""

    logits: torch.Tensor
    steps: int


class Answering(nn.Module):
    def __init__(self, wrap):
        super().__init__()
        self.wrap, self.inner, self.outer = wrap, nn.Linear(4, 8), nn.Linear(8, 10)

    def forward(self, x):
        return self.wrap(self.outer(self.inner(x).relu()))


@pytest.mark.parametrize(
    "wrap", [lambda y: {"logits": y, "sum": y.sum()}, lambda y: Answer(y, 3)], ids=["dict", "object"]
)
def test_a_network_that_returns_more_than_a_tensor_is_followed(wrap):
    probe = probe_of(lambda: Answering(wrap), (4,))
    assert symmetry(probe).sizes == {"inner": 8}
    assert isinstance(probe.traits.module(torch.ones(2, 4)), type(wrap(torch.ones(2, 10))))


def test_a_task_without_a_module_is_refused():
    probe = tiny_task().build("cpu")
    probe.traits = ProbeTraits()
    with pytest.raises(SymmetryError, match="the task shows no module whose symmetry could be found"):
        symmetry(probe)


def test_a_symmetry_that_changes_what_a_fresh_network_computes_is_refused(probes):
    probe = probes["mlp"]
    found = symmetry(probe)
    [first, second] = found.groups
    wrong = Symmetry(groups=(evolve(first, axes=first.axes[:-1]), second))
    with pytest.raises(
        SymmetryError, match=r"permuting units changes outputs by .* of their size, so none is used: 1, 3"
    ):
        search._require_same_outputs(probe, wrong, whole(probe))


def test_what_cannot_be_followed_keeps_its_order_and_the_rest_moves(probes):
    assert symmetry(probes["mlp"]).frozen == ()
    found = symmetry(Shown(nn.Sequential(nn.Linear(4, 8), Ranked(), nn.Linear(8, 6), nn.Linear(6, 10)), INPUTS))
    assert (found.sizes, [str(one) for one in found.frozen]) == ({"2": 6}, ["cumsum in '1'"])


class Low(nn.Module):
    """An adapter of rank 3 beside a weight, tied to a second layer, and a table that is no statistic."""

    def __init__(self):
        super().__init__()
        self.first, self.again, self.head = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 10)
        self.again.weight = self.first.weight
        self.up, self.down = nn.Parameter(torch.randn(6, 3)), nn.Parameter(torch.randn(3, 6))
        self.wide = nn.Linear(6, 8)
        self.narrow = nn.Linear(8, 6)
        self.register_buffer("table", torch.linspace(0, 1, 6))

    def forward(self, x):
        h = torch.tanh(self.first(x) + self.again(x) + F.linear(x, self.up @ self.down)) + self.table
        return self.head(h + self.narrow(F.relu(self.wide(h))))


def test_ranks_and_tied_weights_are_followed_and_a_table_keeps_the_order_of_what_it_is_added_to():
    probe = probe_of(Low, (6,))
    found = symmetry(probe)
    # The order of the stream follows the table; the adapter's ranks and the perceptron's units are free.
    assert found.sizes == {"up": 3, "wide": 8}
    assert Frozen(where="table", what="a tensor that is not mapped") in found.frozen
    tensors = network(probe)
    before = outputs(probe, tensors)
    moved = found.permute(tensors, found.random(np.random.default_rng(0)))
    torch.testing.assert_close(outputs(probe, moved), before, rtol=0, atol=SAME * before.abs().max().item())


def flattened(probe, *names):
    shapes = dict(zip(probe.layout.names, probe.layout.shapes, strict=True))
    parameters = probe.initialise(0)[0]
    layout = Layout(names=names, shapes=tuple(shapes.get(name, (6,)) for name in names))
    return FlattenedProbe(probe, layout, {name: p for name, p in parameters.items() if name not in names})


def test_units_of_tensors_that_are_not_flattened_keep_their_order(probes):
    whole_names = probes["mlp"].layout.names
    part = flattened(probes["mlp"], *[name for name in whole_names if name != "3.bias"])
    found = symmetry(part)
    assert found.sizes == {"1": 8}
    assert found.frozen == (Frozen(where="3.bias", what="a tensor that is not mapped"),)


def test_statistics_that_are_flattened_as_logarithms_move_too(probes):
    probe = probes["cnn"]
    part = flattened(probe, *probe.layout.names, "9.running_mean", "9.running_var.log")
    found = symmetry(part)
    tensors = {"9.running_var.log": np.arange(6.0), "9.running_var": np.arange(6.0)}
    moved = found.permute(tensors, {"8": np.array([1, 2, 3, 4, 5, 0])})
    for name in tensors:
        np.testing.assert_array_equal(moved[name], [1, 2, 3, 4, 5, 0])
        assert name in found.statistics


def test_activations_are_what_the_next_layer_reads(probes):
    probe = probes["mlp"]
    tensors = {name: tensor.numpy() for name, tensor in network(probe).items()}
    [found] = activations(probe, tensors, np.array([3, 1, 4]))
    hidden = np.maximum(
        probe.batch("train", torch.tensor([3, 1, 4]))[0].numpy() @ tensors["1.weight"].T + tensors["1.bias"], 0
    )
    np.testing.assert_allclose(found["1"][0], hidden, rtol=1e-5, atol=1e-6)  # float32 sums of six terms
    assert [one.shape for one in found["3"]] == [(3, 5)]


def test_places_are_samples_and_statistics_that_are_not_given_are_those_of_the_examples(probes):
    probe = probes["cnn"]
    tensors = {name: tensor.numpy() for name, tensor in network(probe).items()}
    everything = np.arange(12)
    [given_statistics] = activations(probe, tensors, everything)
    parameters = {name: tensors[name] for name in probe.layout.names}
    [estimated] = activations(probe, parameters, everything)
    # Four places of the flattened channels, of each of 12 examples; those of the depthwise layer are 4×4.
    assert given_statistics["8"][0].shape == (48, 6)
    assert given_statistics["0"][0].shape == (12 * 16, 2)
    for name, several in given_statistics.items():
        for one, two in zip(several, estimated[name], strict=True):
            np.testing.assert_allclose(one, two, rtol=1e-4, atol=1e-5)  # the same statistics, summed once more
    other = tensors | {"9.running_mean": tensors["9.running_mean"] + 1}
    [shifted] = activations(probe, other, everything)
    assert np.abs(shifted["8"][0] - given_statistics["8"][0]).max() > 0.1


def test_a_network_is_read_in_batches_of_one_size():
    probe = probe_of(lambda: mlp(3, 4, 10), (3,), examples=300)
    tensors = {name: tensor.numpy() for name, tensor in network(probe).items()}
    batches = list(activations(probe, tensors, np.arange(290)))
    assert [one["1"][0].shape for one in batches] == [(96, 4)] * 3


def test_permuted_networks_have_permuted_activations(probes):
    for name in ("resnet20-A", "functional"):
        probe = probes[name]
        found = symmetry(probe)
        tensors = {tensor: value.numpy() for tensor, value in network(probe).items()}
        permutations = found.random(np.random.default_rng(1))
        [before] = activations(probe, tensors, np.arange(6))
        [after] = activations(probe, found.permute(tensors, permutations), np.arange(6))
        assert set(before) == set(found.sizes)
        for group, several in before.items():
            for one, two in zip(several, after[group], strict=True):
                # Float32 through 20 layers.
                np.testing.assert_allclose(two, one[:, permutations[group]], rtol=0, atol=1e-4 * np.abs(one).max())
