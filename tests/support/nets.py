"""Networks that specs name, by this file's path."""

import numpy as np
from torch import nn


def batch_norm(width=8, frozen=False):
    """Return a network with statistics; what comes before them is trained too, unless it is frozen."""
    made = nn.Sequential(nn.Linear(64, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, 10))
    made[0].requires_grad_(not frozen)
    return made


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
