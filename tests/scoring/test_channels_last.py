"""Which models take images with their channels last, and that their losses are the same then."""

import numpy as np
import pytest
import torch
from attrs import evolve
from torch import nn

from globscope.api import Networks, channels_last, takes_channels_last
from globscope.builtin.evaluators import pytorch
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.tasks.classification import Classification
from globscope.references import Code

MODELS = """
from attrs import evolve
from torch import nn

def convolutions():
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(64, 10))

class View(nn.Module):
    def __init__(self):
        super().__init__()
        # The weights of one channel are the same either way; those of four are not.
        self.convolutions = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.convolutions(x)
        return self.linear(x.view(len(x), -1))

class Memory(View):
    def forward(self, x):
        x = self.convolutions(x)
        return self.linear(x.as_strided((len(x), 64), (64, 1)))
"""


@pytest.fixture
def probe_of(tmp_path):
    """A function that returns the probe of a model of this file."""
    path = tmp_path / "models.py"
    path.write_text(MODELS, "utf-8")

    def build(name):
        task = Classification(model=Code(str(path), name), data="digits-images", train_examples=40)
        return task.build("cpu")

    return build


def test_convolutions_take_their_channels_last(probe_of):
    assert takes_channels_last(probe_of("convolutions"), "cpu")


@pytest.mark.parametrize("name", ["View", "Memory"])
def test_a_model_that_depends_on_how_images_lie_does_not(name, probe_of):
    assert not takes_channels_last(probe_of(name), "cpu")


def test_a_model_without_convolutions_is_not_asked():
    assert not takes_channels_last(Classification(hidden=(4,), train_examples=40).build("cpu"), "cpu")


def test_only_tensors_of_four_axes_are_laid_out_anew():
    images, labels = torch.rand(2, 3, 4, 4), torch.arange(2)
    last, same = channels_last((images, labels))
    assert last.is_contiguous(memory_format=torch.channels_last)
    assert last.equal(images)
    assert same is labels


def test_a_layer_reads_the_same_images_either_way():
    layer, images = nn.Conv2d(3, 4, 3), torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        # The same sums of 27 products in another order.
        np.testing.assert_allclose(layer(channels_last(images)), layer(images), atol=1e-5)


def scored(task, **options):
    evaluator = Torch(device="cpu", **options)
    probe = task.build("cpu")
    rows = [
        torch.cat([probe.initialise(seed)[0][name].detach().ravel() for name in probe.layout.names]).numpy()
        for seed in range(3)
    ]
    networks = Networks.of(np.array(rows, np.float32))
    plan = evaluator.plan(networks, task)
    return plan, evaluator.scorer(networks, task, plan).score(plan.units[0])


def test_a_cpu_scores_convolutions_with_their_channels_last_and_gets_the_same_losses(tmp_path):
    path = tmp_path / "models.py"
    path.write_text(MODELS, "utf-8")
    task = Classification(model=Code(str(path), "convolutions"), data="digits-images")
    plan, fields = scored(task)
    assert plan.channels_last
    assert plan.method == "loop"
    plan, plain = scored(task, memory_format="contiguous")
    assert not plan.channels_last
    for name, values in plain.items():
        np.testing.assert_allclose(fields[name], values, rtol=1e-5)  # float32 sums in another order
    assert not scored(evolve(task, model=Code(str(path), "View")))[0].channels_last


def test_convolutions_are_scored_in_batches_that_fit_into_a_cpus_caches_with_the_same_losses(tmp_path, monkeypatch):
    path = tmp_path / "models.py"
    path.write_text(MODELS, "utf-8")
    task = Classification(model=Code(str(path), "convolutions"), data="digits-images")
    plan, fields = scored(task)
    image = 4 * 8 * 8 + 8  # float32 pixels and an integer label
    assert plan.batch_size == pytorch.CACHED // image
    monkeypatch.setattr(pytorch, "CACHED", 100 * image)
    small_plan, small = scored(task)
    assert small_plan.batch_size == 100
    for name, values in fields.items():
        np.testing.assert_allclose(small[name], values, rtol=1e-6)  # float32 products; sums are float64
    # Statistics of a batch depend on it, and what somebody chose stays.
    assert scored(task, batch_norm="batch")[0].batch_size is None
    assert scored(task, batch_size=7)[0].batch_size is None
    assert scored(Classification(hidden=(4,)))[0].batch_size is None
