"""What tests share: a registry of this repository's components, a tiny study, a silent observer that takes notes."""

import os
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import torch

from globscope.registry import discover
from globscope.study.observer import Observer
from globscope.study.run import run
from globscope.values.chart import Progress

# Tiny networks on one thread, here and in the processes that tests start: more threads only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home in which the data lies that the shipped specs name."""
    for name in ("mnist", "cifar10", "cifar100"):
        (tmp_path / "data" / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))


NO_CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, NO_CUDA])])
def device(request):
    """Where a test computes: the same test runs on a CPU, which shows that the test itself is right."""
    yield request.param
    torch.cuda.empty_cache()


ROOT = Path(__file__).parent.parent

TINY = """
title = "tiny"
[task]
use = "classification"
hidden = [8]
[population.train]
epochs = 2
save_every = 1
[[population.variant]]
name = "A"
learning_rate = 1e-2
[[population.variant]]
name = "B"
learning_rate = 2e-2
[[population.variant]]
name = "C"
batch_size = 128
learning_rate = 2e-2
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 5
[evaluator]
use = "torch"
examples = 64
"""


def values(study, observer=None):
    """Return what a study finds, without its report: to draw it takes longer than all else of a tiny study."""
    return run(study.context(observer))


class Notes(Observer):
    """Remembers which stages ran and which were kept."""

    def __init__(self):
        self.ran, self.kept, self.warned = [], [], []

    def stage(self, name):
        self.ran.append(name)
        return Progress()

    def reused(self, name):
        self.kept.append(name)

    def warning(self, text):
        self.warned.append(text)


@pytest.fixture
def notes():
    return Notes()


@pytest.fixture(scope="session")
def registry():
    return discover(entry_points(group="globscope"))


@pytest.fixture
def spec_file(tmp_path):
    """A function that writes a spec: the tiny one, or another text."""

    def write(text=TINY, name="tiny.toml"):
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return write
