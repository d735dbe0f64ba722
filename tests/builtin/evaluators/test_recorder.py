"""Scoring by a recorded computation, with a record that a CPU can repeat in the place of a GPU's."""

import numpy as np
import pytest
import torch

from globscope.api import CaptureError, Code, Networks, Unit
from globscope.builtin.evaluators import recorder
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.evaluators.recorder import Recorder, StaticTensors
from globscope.builtin.tasks.classification import Classification

MODELS = """
from torch import nn

def normed():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 10))
"""
UNIT = Unit(start=0, stop=4)


@pytest.fixture
def task(tmp_path):
    path = tmp_path / "models.py"
    path.write_text(MODELS, "utf-8")
    return Classification(model=Code(str(path), "normed"), train_examples=200)


@pytest.fixture
def networks(task):
    probe = task.build("cpu")
    fresh = [probe.initialise(seed) for seed in range(4)]
    weights = np.stack([probe.layout.flatten(parameters) for parameters, _ in fresh])
    buffers = [
        {name: value.numpy() + seed * (value.dtype.is_floating_point) for name, value in own.items()}
        for seed, (_, own) in enumerate(fresh)
    ]
    return Networks.of(weights, buffers)


def scored(task, networks, mode, make=None):
    """Return the fields of networks, by a recorder where there is a function that makes one."""
    options = Torch(method="graph" if make else "loop", batch_norm=mode)
    units = options.scorer(networks, task, options.plan(networks, task))
    if make:  # as on a GPU
        units._scorer._parameters = StaticTensors(channels_last=False)
        units._scorer.recorder = make(units._scorer)
    return units.score(UNIT)


@pytest.mark.parametrize("mode", ["recalibrate", "batch", "stored", "initial"])
def test_repeated_for_every_network_it_gives_the_losses_of_each(mode, task, networks, monkeypatch):
    repeated = []

    def capture(work, device):
        repeated.append(device)
        return work

    monkeypatch.setattr(recorder, "capture", capture)
    wanted = scored(task, networks, mode)
    for name, values in scored(task, networks, mode, Recorder).items():
        np.testing.assert_array_equal(values, wanted[name], err_msg=name)
    assert repeated == ["cpu"]
    assert len(set(wanted["train_loss"])) == len(wanted["train_loss"])


def test_where_nothing_can_be_recorded_networks_are_scored_as_they_are(task, networks, monkeypatch):
    def refuse(work, device):
        raise CaptureError("operation not permitted when stream is capturing")

    monkeypatch.setattr(recorder, "capture", refuse)
    made = []
    wanted = scored(task, networks, "recalibrate")
    fields = scored(task, networks, "recalibrate", lambda scorer: made.append(Recorder(scorer)) or made[0])
    for name, values in fields.items():
        np.testing.assert_array_equal(values, wanted[name], err_msg=name)
    assert made[0].failure == "operation not permitted when stream is capturing"


def test_tensors_of_the_next_network_lie_where_those_of_the_first_did():
    place, first, second = StaticTensors(channels_last=True), torch.rand(2, 3, 3, 3), torch.rand(2, 3, 3, 3)
    held = place.fill({"weight": first})["weight"]
    assert held.equal(first)
    assert held.is_contiguous(memory_format=torch.channels_last)
    assert place.fill({"weight": second})["weight"] is held
    assert held.equal(second)
