"""Networks that specs name, by this file's path."""

from types import SimpleNamespace

import numpy as np
import torch
from torch import nn


def batch_norm(width=8, frozen=False):
    """Return a network with statistics; what comes before them is trained too, unless it is frozen."""
    made = nn.Sequential(nn.Linear(64, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, 10))
    made[0].requires_grad_(not frozen)
    return made


def batch_norm_regression():
    """Return a network with statistics for the ten values of the diabetes data, of 437 weights."""
    hidden = nn.Sequential(nn.Linear(10, 20), nn.BatchNorm1d(20), nn.Tanh(), nn.Linear(20, 8), nn.Tanh())
    return nn.Sequential(*hidden, nn.Linear(8, 1))


class TwoHeads(nn.Module):
    """Two linear functions of the same numbers."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(3, 2), nn.Linear(3, 1)

    def forward(self, numbers):
        return {"one": self.one(numbers), "rest": [self.two(numbers), "a text"]}


def two_heads():
    """Return a model whose outputs are in a dict and a list."""
    return TwoHeads()


def pairs():
    """Return numbers and what is to be predicted of them, twice."""
    numbers = torch.arange(30.0).reshape(10, 3).sin()
    return {"train": (numbers, numbers[:, :2].cos()), "test": (numbers, numbers[:, :2].cos())}


def head_losses(outputs, batch):
    """Return the squared errors of both heads."""
    two = outputs["rest"][0]
    return {"one": ((outputs["one"] - batch[1]) ** 2).mean(), "two": ((two - batch[1][:, :1]) ** 2).mean()}


class Boxed(nn.Linear):
    """A linear network whose outputs are in an object."""

    def forward(self, inputs):
        return SimpleNamespace(classes=super().forward(inputs))


def boxed():
    """Return a network whose outputs are in an object."""
    return Boxed(64, 10)


def boxed_cross_entropy(outputs, targets):
    """Return the loss of what is in the object."""
    return nn.functional.cross_entropy(outputs.classes, targets)


def own_cross_entropy(outputs, targets):
    """Return the loss of classes, as a function of the user's."""
    return nn.functional.cross_entropy(outputs, targets)


def convolution():
    """Return a convolutional network with statistics."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 10)
    )


def plain_norms():
    """Return a network whose layers with statistics have no weights, one of them over the places of each example."""
    return nn.Sequential(
        nn.Unflatten(1, (4, 16)),
        nn.InstanceNorm1d(4, track_running_stats=True),
        nn.Conv1d(4, 5, 3),
        nn.InstanceNorm1d(5, track_running_stats=True),
        nn.Flatten(),
        nn.Tanh(),
        nn.Linear(70, 8),
        nn.BatchNorm1d(8, affine=False),
        nn.Tanh(),
        nn.Linear(8, 10),
    )


def images():
    """Return a few images with classes, of two splits."""
    rng = np.random.default_rng(0)
    return tuple(
        part
        for count in (24, 8)
        for part in (rng.random((count, 1, 16, 16), np.float32), np.arange(count, dtype=np.int64) % 3)
    )


class Recurrent(nn.Module):
    """Reads the rows of an image one after another."""

    def __init__(self):
        super().__init__()
        self.gru, self.head = nn.GRU(8, 6, batch_first=True), nn.Linear(6, 10)

    def forward(self, x):
        return self.head(self.gru(x.view(-1, 8, 8))[0][:, -1])


def recurrent():
    """Return a network whose torch function takes all weights of its layer in a list."""
    return Recurrent()


class Attention(nn.Module):
    """A layer of torch's own transformer over the rows of an image."""

    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True)
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.layer(x.view(-1, 8, 8)).flatten(1))


def attention():
    """Return a network with a layer that takes the weights of its query, key and value as one."""
    return Attention()


class TransposedAndTied(nn.Module):
    """Grey levels are looked up in a table, by which the outputs are weighted too; a matrix is stored transposed."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(17, 6)
        self.weight, self.bias = nn.Parameter(torch.randn(6, 6) / 3), nn.Parameter(torch.zeros(6))
        self.norm, self.scores = nn.LayerNorm(6), nn.Linear(6, 17, bias=False)
        self.scores.weight = self.table.weight

    def forward(self, x):
        read = self.norm(self.table((16 * x).long().clamp(0, 16)))
        mixed = torch.addmm(self.bias, read.flatten(0, 1), self.weight).view(read.shape)
        return self.scores((mixed + (read @ self.weight)).tanh().mean(dim=1))[:, :10]


def transposed_and_tied():
    """Return a network with a table that it uses twice, and a matrix that it uses as GPT-2 does."""
    return TransposedAndTied()
