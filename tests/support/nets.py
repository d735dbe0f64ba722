"""Networks that specs name, by this file's path."""

from torch import nn


def batch_norm(width=8, frozen=False):
    """Return a network with statistics; what comes before them is trained too, unless it is frozen."""
    made = nn.Sequential(nn.Linear(64, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, 10))
    made[0].requires_grad_(not frozen)
    return made
