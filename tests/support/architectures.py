"""Architectures of many kinds, by name, with the data that each is scored on: tiny, and with state of every sort.

A spec names this file: `model = "architectures.py:build"` with `model_options = { name = "lstm" }`.
"""

import re
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from attrs import define
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, parametrize, prune

EXAMPLES, CLASSES, VOCABULARY, SEED = 16, 3, 11, 20
SHAPES = {"points": (6,), "images": (2, 6, 6), "series": (5, 4), "tokens": (5,)}


@define(frozen=True)
class Architecture:
    """One kind of network.

    Attributes:
        name: In the table.
        make: Returns a module with fresh weights, drawn from torch's generator.
        data: What it takes: `points`, `images`, `series` or `tokens`.
        mapped: The spec's `population.include`, where what is not trained differs between networks.
        in_files: Whether a state dict holds the whole network; else only what GlobScope trained does.
    """

    name: str
    make: Callable[[], nn.Module]
    data: str = "points"
    mapped: tuple[str, ...] = ()
    in_files: bool = True


ARCHITECTURES: dict[str, Architecture] = {}


def architecture(data="points", **options):
    """Return a decorator that puts a function's module, or a class of modules, into the table."""

    def add(make):
        name = re.sub(r"_|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", make.__name__).lower()
        ARCHITECTURES[name] = Architecture(name, make, data, **options)
        return make

    return add


def build(name):
    """Return a fresh module of an architecture, as a spec asks for it."""
    return ARCHITECTURES[name].make()


def load(kind):
    """Return x_train, y_train, x_test, y_test of a kind of data; the same on every call."""
    rng = np.random.default_rng(0)
    return tuple(part for _ in range(2) for part in (_inputs(rng, kind), rng.integers(CLASSES, size=EXAMPLES)))


def _inputs(rng, kind):
    shape = (EXAMPLES, *SHAPES[kind])
    if kind == "tokens":
        return rng.integers(VOCABULARY, size=shape)
    return rng.normal(size=shape).astype(np.float32)


def network(name, seed):
    """Return a module as a training leaves it: its weights moved, its buffers too, in evaluation mode."""
    torch.manual_seed(seed + SEED)
    made = build(name)
    inputs = torch.from_numpy(load(ARCHITECTURES[name].data)[0])
    floating = next(p.dtype for p in made.parameters())
    inputs = inputs.to(floating) if inputs.is_floating_point() and name not in CASTING else inputs
    with torch.no_grad():
        for _ in range(2):
            made.train()(inputs)
        for parameter in made.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter), alpha=0.05)
    return made.eval()


# Networks that bring inputs into their own precision.
CASTING = ("mixed precision",)


class Head(nn.Module):
    """Applies layers in order; what is no module is a function."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = layers
        for number, layer in enumerate(layers):
            if isinstance(layer, nn.Module):
                self.add_module(str(number), layer)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def _first(values):
    return values[0]


def _mean(values):
    return values.mean(1)


def _flat(values):
    return values.flatten(1)


@architecture()
def perceptron():
    return nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, CLASSES))


@architecture()
class InputNormaliser(nn.Module):
    """The fault's example: a network's own mean and deviation of its inputs."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.randn(6))
        self.register_buffer("std", 0.2 + torch.rand(6))
        self.out = nn.Linear(6, CLASSES)

    def forward(self, x):
        return self.out((x - self.mean) / self.std)


@architecture()
class InputNormaliserInPlace(InputNormaliser):
    """Writes into its inputs; a loop over a loader has new ones for every network."""

    def forward(self, x):
        x -= self.mean
        x /= self.std
        return self.out(x)


@architecture()
class WeightsHeldInBounds(nn.Module):
    """Writes into its parameters."""

    def __init__(self):
        super().__init__()
        self.out = nn.Linear(6, CLASSES)

    def forward(self, x):
        with torch.no_grad():
            self.out.weight.clamp_(-0.2, 0.2)
        return self.out(x)


@architecture()
class FixedTableThatIsNotSaved(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("scale", torch.linspace(0.5, 2, 6), persistent=False)
        self.out = nn.Linear(6, CLASSES)

    def forward(self, x):
        return self.out(x * self.scale)


@architecture(in_files=False)
class DrawnTableThatIsNotSaved(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("directions", torch.randn(6, 8), persistent=False)
        self.out = nn.Linear(8, CLASSES)

    def forward(self, x):
        return self.out((x @ self.directions).cos())


@architecture("tokens")
class TiedEmbedding(nn.Module):
    """The embedding's weights score the vocabulary again."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 4)
        self.score = nn.Linear(4, VOCABULARY, bias=False)
        self.score.weight = self.embedding.weight
        self.out = nn.Linear(VOCABULARY, CLASSES)

    def forward(self, tokens):
        return self.out(self.score(self.embedding(tokens).mean(1)).tanh())


@architecture()
class SharedLayer(nn.Module):
    """One layer under two names."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 6)
        self.second = self.first
        self.out = nn.Linear(6, CLASSES)

    def forward(self, x):
        return self.out(self.second(self.first(x).tanh()).tanh())


def _hooked(function, layer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # torch advises the parametrisation, which is here too
        return function(layer)


@architecture()
def weight_norm_by_hook():
    hidden = _hooked(nn.utils.weight_norm, nn.Linear(6, 5))
    return nn.Sequential(hidden, nn.Tanh(), nn.Linear(5, CLASSES))


@architecture()
def weight_norm():
    return nn.Sequential(parametrizations.weight_norm(nn.Linear(6, 5)), nn.Tanh(), nn.Linear(5, CLASSES))


@architecture()
def spectral_norm_by_hook():
    hidden = nn.utils.spectral_norm(nn.Linear(6, 5))
    return nn.Sequential(hidden, nn.Tanh(), nn.Linear(5, CLASSES))


@architecture()
def spectral_norm():
    return nn.Sequential(parametrizations.spectral_norm(nn.Linear(6, 5)), nn.Tanh(), nn.Linear(5, CLASSES))


@architecture()
def orthogonal():
    return nn.Sequential(parametrizations.orthogonal(nn.Linear(6, 6)), nn.Tanh(), nn.Linear(6, CLASSES))


class _Symmetric(nn.Module):
    def forward(self, weight):
        return weight.triu() + weight.triu(1).T


@architecture()
def parametrisation_of_ones_own():
    hidden = nn.Linear(6, 6)
    parametrize.register_parametrization(hidden, "weight", _Symmetric())
    return nn.Sequential(hidden, nn.Tanh(), nn.Linear(6, CLASSES))


@architecture()
def pruned():
    hidden = nn.Linear(6, 8)
    prune.random_unstructured(hidden, "weight", amount=0.5)
    return nn.Sequential(hidden, nn.Tanh(), nn.Linear(8, CLASSES))


def _without_warning(make, *arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # lazy modules say that they are new
        return make(*arguments)


@architecture()
def lazy_linear():
    return nn.Sequential(_without_warning(nn.LazyLinear, 5), nn.Tanh(), _without_warning(nn.LazyLinear, CLASSES))


@architecture("images")
def lazy_convolution():
    first = _without_warning(nn.LazyConv2d, 3, 3)
    norm = _without_warning(nn.LazyBatchNorm2d)
    return nn.Sequential(first, norm, nn.ReLU(), nn.Flatten(), _without_warning(nn.LazyLinear, CLASSES))


@architecture("series")
def lstm():
    return Head(nn.LSTM(4, 5, num_layers=2, batch_first=True), _first, _mean, nn.Linear(5, CLASSES))


@architecture("series")
def gru_both_ways():
    return Head(nn.GRU(4, 3, batch_first=True, bidirectional=True), _first, _mean, nn.Linear(6, CLASSES))


@architecture("series")
def rnn():
    return Head(nn.RNN(4, 5, batch_first=True, nonlinearity="relu"), _first, _mean, nn.Linear(5, CLASSES))


@architecture("series")
class LstmCell(nn.Module):
    """A loop over time, from a state that is learnt."""

    def __init__(self):
        super().__init__()
        self.cell, self.out = nn.LSTMCell(4, 5), nn.Linear(5, CLASSES)
        self.start = nn.Parameter(torch.randn(1, 5))

    def forward(self, series):
        state = (self.start.expand(len(series), -1), self.start.expand(len(series), -1))
        for x in series.unbind(1):
            state = self.cell(x, state)
        return self.out(state[0])


@architecture("series")
def weight_norm_of_an_lstm():
    recurrent = _hooked(partial(nn.utils.weight_norm, name="weight_hh_l0"), nn.LSTM(4, 5, batch_first=True))
    return Head(recurrent, _first, _mean, nn.Linear(5, CLASSES))


@architecture("series")
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention, self.out = nn.MultiheadAttention(4, 2, batch_first=True), nn.Linear(4, CLASSES)

    def forward(self, series):
        return self.out(self.attention(series, series, series)[0].mean(1))


@architecture("series")
def transformer_encoder():
    layer = nn.TransformerEncoderLayer(4, 2, dim_feedforward=6, batch_first=True)
    return Head(layer, _mean, nn.Linear(4, CLASSES))


@architecture("series")
class AttentionWithABiasOfKeys(nn.Module):
    """Keys of another width, and a causal mask that is a buffer of booleans."""

    def __init__(self):
        super().__init__()
        self.key = nn.Linear(4, 3)
        self.attention = nn.MultiheadAttention(4, 2, kdim=3, vdim=3, add_bias_kv=True, batch_first=True)
        self.out = nn.Linear(4, CLASSES)
        self.register_buffer("causal", torch.ones(5, 5, dtype=torch.bool).triu(1))

    def forward(self, series):
        keys = self.key(series)
        return self.out(self.attention(series, keys, keys, attn_mask=self.causal)[0].mean(1))


@architecture("tokens")
def embedding_with_padding():
    return Head(nn.Embedding(VOCABULARY, 4, padding_idx=0), _mean, nn.Linear(4, CLASSES))


@architecture("tokens")
def bag_of_embeddings():
    return nn.Sequential(nn.EmbeddingBag(VOCABULARY, 4, mode="max"), nn.Linear(4, CLASSES))


@architecture()
def layer_norm():
    return nn.Sequential(nn.Linear(6, 5), nn.LayerNorm(5), nn.GELU(), nn.Linear(5, CLASSES))


@architecture("images")
def group_norm():
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.Flatten(), nn.Linear(64, CLASSES))


@architecture("images")
def instance_norm():
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.InstanceNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, CLASSES))


@architecture("images")
def instance_norm_with_statistics():
    norm = nn.InstanceNorm2d(4, affine=True, track_running_stats=True)
    return nn.Sequential(nn.Conv2d(2, 4, 3), norm, nn.ReLU(), nn.Flatten(), nn.Linear(64, CLASSES))


@architecture()
def batch_norm():
    return nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, CLASSES))


@architecture("images")
def batch_norm_of_images():
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, CLASSES))


@architecture()
def batch_norm_without_momentum():
    return nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5, momentum=None), nn.ReLU(), nn.Linear(5, CLASSES))


@architecture()
def batch_norm_without_weights():
    return nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5, affine=False), nn.ReLU(), nn.Linear(5, CLASSES))


@architecture()
def batch_norm_without_statistics():
    norm = nn.BatchNorm1d(5, track_running_stats=False)
    return nn.Sequential(nn.Linear(6, 5), norm, nn.ReLU(), nn.Linear(5, CLASSES))


@architecture("images")
def dilated_and_depthwise_convolution():
    deep = nn.Conv2d(4, 4, 3, dilation=2, padding=2, groups=4)
    return nn.Sequential(nn.Conv2d(2, 4, 3), deep, nn.ReLU(), nn.Flatten(), nn.Linear(64, CLASSES))


@architecture("images")
def transposed_convolution():
    up = nn.ConvTranspose2d(2, 3, 2, stride=2)
    return nn.Sequential(up, nn.AdaptiveAvgPool2d(2), nn.Tanh(), nn.Flatten(), nn.Linear(12, CLASSES))


@architecture()
def prelu():
    return nn.Sequential(nn.Linear(6, 5), nn.PReLU(5), nn.Linear(5, CLASSES))


@architecture()
class Bilinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.pair = nn.Bilinear(3, 3, CLASSES)

    def forward(self, x):
        return self.pair(x[:, :3], x[:, 3:])


@architecture()
class ListOfParameters(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(torch.randn(*shape)) for shape in ((6, 5), (5, CLASSES))])
        self.temperature = nn.Parameter(torch.rand(()) + 0.5)  # of no axis

    def forward(self, x):
        for weight in self.weights:
            x = x.tanh() @ weight
        return x / self.temperature


@architecture()
class DictionaryOfParameters(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.ParameterDict({"in": torch.randn(6, 5), "out": torch.randn(5, CLASSES)})

    def forward(self, x):
        return (x @ self.weights["in"]).relu() @ self.weights["out"]


@architecture()
class MaskOfBooleans(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = nn.Linear(6, 9), nn.Linear(9, CLASSES)
        self.register_buffer("kept", torch.rand(9) < 0.5)

    def forward(self, x):
        return self.out(self.hidden(x).relu() * self.kept)


@architecture()
class CounterThatCools(nn.Module):
    """The temperature follows from the number of passes in training."""

    def __init__(self):
        super().__init__()
        self.out = nn.Linear(6, CLASSES)
        self.register_buffer("passes", torch.randint(1, 9, (), dtype=torch.int32))

    def forward(self, x):
        if self.training:
            self.passes += 1
        return self.out(x) / (1 + self.passes)


@architecture()
class PermutedInputs(nn.Module):
    """An order that is drawn for each network, kept as integers."""

    def __init__(self):
        super().__init__()
        self.out = nn.Linear(6, CLASSES)
        self.register_buffer("order", torch.randperm(6))

    def forward(self, x):
        return self.out(x[:, self.order] * torch.arange(1, 7))


@architecture()
class Codebook(nn.Module):
    """Vector quantisation with entries that move by averages, not by gradients."""

    def __init__(self):
        super().__init__()
        self.encode, self.out = nn.Linear(6, 4), nn.Linear(4, CLASSES)
        self.register_buffer("entries", torch.randn(7, 4))

    def forward(self, x):
        code = self.encode(x)
        nearest = torch.cdist(code, self.entries).argmin(1)
        if self.training:
            self.entries[nearest] = 0.9 * self.entries[nearest] + 0.1 * code.detach()
        return self.out(code + (self.entries[nearest] - code).detach())


@architecture("tokens")
class TableOfPlaces(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.out = nn.Embedding(VOCABULARY, 4), nn.Linear(4, CLASSES)
        self.register_buffer("places", torch.arange(5)[:, None] / torch.tensor([1.0, 2, 4, 8]))

    def forward(self, tokens):
        return self.out((self.embedding(tokens) + self.places.sin()).tanh().mean(1))


@architecture()
class FourierFeatures(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("frequencies", 2 * torch.randn(6, 8))
        self.out = nn.Linear(16, CLASSES)

    def forward(self, x):
        turned = x @ self.frequencies
        return self.out(torch.cat([turned.sin(), turned.cos()], 1))


@architecture("series")
class RotaryPlaces(nn.Module):
    """Turned by complex numbers, as language models do, that no file holds."""

    def __init__(self):
        super().__init__()
        angles = torch.arange(5)[:, None] * torch.tensor([1.0, 0.1])
        self.register_buffer("turns", torch.polar(torch.ones_like(angles), angles), persistent=False)
        self.out = nn.Linear(4, CLASSES)

    def forward(self, series):
        pairs = torch.view_as_complex(series.reshape(*series.shape[:-1], 2, 2).contiguous())
        return self.out(torch.view_as_real(pairs * self.turns).flatten(2).mean(1))


@architecture()
class ComplexTurns(nn.Module):
    """Complex numbers that are a network's own."""

    def __init__(self):
        super().__init__()
        self.register_buffer("turns", torch.randn(3, dtype=torch.complex64))
        self.out = nn.Linear(6, CLASSES)

    def forward(self, x):
        pairs = torch.view_as_complex(x.reshape(-1, 3, 2).contiguous())
        return self.out(torch.view_as_real(pairs * self.turns).flatten(1))


@architecture()
class MovingAverageOfWeights(nn.Module):
    """Evaluated with the average that training leaves behind."""

    def __init__(self):
        super().__init__()
        self.out = nn.Linear(6, CLASSES)
        self.register_buffer("average", torch.randn(CLASSES, 6))

    def forward(self, x):
        if not self.training:
            return functional.linear(x, self.average, self.out.bias)
        self.average.lerp_(self.out.weight.detach(), 0.3)
        return self.out(x)


@architecture()
class NormaliserWithNamesOfBatchNorm(nn.Module):
    """A stranger's layer whose buffers are called as BatchNorm's are, without being of that class."""

    def __init__(self):
        super().__init__()
        self.out = nn.Linear(6, CLASSES)
        self.register_buffer("running_mean", torch.randn(6))
        self.register_buffer("running_var", 0.5 + torch.rand(6))

    def forward(self, x):
        if self.training:
            self.running_mean.lerp_(x.mean(0), 0.3)
        return self.out((x - self.running_mean) / self.running_var.sqrt())


@architecture()
def frozen_layer():
    first = nn.Linear(6, 5).requires_grad_(False)
    nn.init.constant_(first.bias, 0.25)
    nn.init.eye_(first.weight)
    return nn.Sequential(first, nn.Tanh(), nn.Linear(5, CLASSES))


@architecture(mapped=("*",))
def frozen_layer_that_is_drawn():
    return nn.Sequential(nn.Linear(6, 5).requires_grad_(False), nn.Tanh(), nn.Linear(5, CLASSES))


@architecture("images")
class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, padding=1)
        self.block = nn.Sequential(nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.2), nn.Conv2d(4, 4, 3, padding=1))
        self.out = nn.Linear(4, CLASSES)

    def forward(self, x):
        x = self.first(x)
        return self.out((x + self.block(x)).mean((2, 3)))


class _Straight(torch.autograd.Function):
    """Rounds, and lets the gradient pass as if it had not."""

    @staticmethod
    def forward(ctx, x):
        return (4 * x).round() / 4

    @staticmethod
    def backward(ctx, gradient):
        return gradient


@architecture()
def function_with_a_gradient_of_its_own():
    return Head(nn.Linear(6, 5), _Straight.apply, nn.Linear(5, CLASSES))


@architecture()
class Experts(nn.Module):
    """Each example goes to the expert of its highest score: the course depends on values."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(6, 2)
        self.experts = nn.ModuleDict({"0": nn.Linear(6, CLASSES), "1": nn.Linear(6, CLASSES)})

    def forward(self, x):
        chosen, rows = self.gate(x).argmax(1), []
        for row, expert in zip(x, chosen.tolist(), strict=True):
            rows.append(self.experts[str(expert)](row))
        return torch.stack(rows)


@architecture()
def float64():
    return nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, CLASSES)).double()


@architecture()
def float16():
    return nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, CLASSES)).half()


@architecture()
def bfloat16():
    return nn.Sequential(nn.Linear(6, 5), nn.LayerNorm(5), nn.Tanh(), nn.Linear(5, CLASSES)).bfloat16()


class _Cast(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, x):
        return x.to(self.kind)


@architecture()
def mixed_precision():
    half = nn.Sequential(_Cast(torch.bfloat16), nn.Linear(6, 5).bfloat16(), nn.Tanh())
    return nn.Sequential(*half, _Cast(torch.float64), nn.Linear(5, CLASSES).double())


@architecture()
class EmptyAndAbsentTensors(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(6, CLASSES, bias=False)
        self.register_buffer("none", None)
        self.register_buffer("empty", torch.empty(0, 4))
        self.register_parameter("absent", None)

    def forward(self, x):
        return self.out(x) + self.empty.sum()


@architecture("images")
def other_order_in_memory():
    layers = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, CLASSES))
    layers[3].weight = nn.Parameter(layers[3].weight.detach().T.contiguous().T)
    return layers.to(memory_format=torch.channels_last)
