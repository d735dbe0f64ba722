"""Networks that specs name: `model = "nets.py:batch_norm"`."""

from torch import nn


def batch_norm(width=8):
    """Return a network whose layer of statistics differs from member to member."""
    return nn.Sequential(nn.Linear(64, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, 10))
