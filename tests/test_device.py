"""Devices by their names: which a spec may write, and which this machine has."""

import pytest
import torch

from globscope.api import EvaluationError, SpecError, device
from globscope.device import available
from globscope.errors import GlobscopeError
from globscope.registry import installed_registry
from globscope.spec.read import read_spec
from globscope.spec.schema import schema

SPEC = """
[task]
use = "classification"
[population.train]
device = "{}"
[[population.variant]]
name = "A"
[[reducer]]
use = "pca"
[evaluator]
use = "torch"
device = "{}"
"""


def read_with(device, spec_file):
    return read_spec(spec_file(SPEC.format(device, device)))


@pytest.mark.parametrize("name", ["auto", "cpu", "cuda", "cuda:0", "cuda:13", "mps"])
def test_a_spec_names_a_device_that_some_machine_has(name, spec_file):
    spec = read_with(name, spec_file)
    assert spec.population.train.device == spec.evaluator.component.device == name


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:-1", "cuda:a", "CPU", "", "mps:0", "cuda:0\\n"])
def test_a_device_that_no_machine_has_is_refused_with_those_that_are_accepted(name, spec_file):
    with pytest.raises(SpecError) as caught:
        read_with(name, spec_file)
    accepted = "must be 'auto', 'cpu', 'cuda', a card such as 'cuda:1', or 'mps', got"
    assert [accepted in text for text in caught.value.problems] == [True, True]
    with pytest.raises(GlobscopeError, match="there is no device"):
        device(name, "option")


def test_an_editor_learns_of_a_spec_which_devices_there_are():
    train = schema(installed_registry())["properties"]["population"]["properties"]["train"]["properties"]
    assert train["device"]["pattern"] == r"^(auto|cpu|mps|cuda(:[0-9]+)?)$"


@pytest.fixture
def machine(monkeypatch):
    """A function that makes this a machine with so many cards."""

    def make(cards, mps=False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cards > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return make


def test_auto_takes_a_card_then_mps_then_the_cpu(machine):
    machine(2, mps=True)
    assert (available(), device("auto", "option")) == (["cuda:0", "cuda:1", "mps", "cpu"], "cuda")
    machine(0, mps=True)
    assert device("auto", "option") == "mps"
    machine(0)
    assert device("auto", "option") == "cpu"


def test_a_card_of_this_machine_is_taken_by_its_number(machine):
    machine(2)
    names = ["cuda", "cuda:0", "cuda:1", "cpu"]
    assert [device(name, "option") for name in names] == names


@pytest.mark.parametrize(
    ("cards", "wanted", "there"),
    [(2, "cuda:2", "cuda:0, cuda:1, cpu"), (0, "cuda", "cpu"), (0, "cuda:0", "cpu"), (1, "mps", "cuda:0, cpu")],
)
def test_a_device_that_is_not_there_is_reported_with_those_that_are(cards, wanted, there, machine):
    machine(cards)
    text = f"evaluator.device: this machine has no '{wanted}'; it has {there}"
    with pytest.raises(EvaluationError, match=f"^{text}$"):
        device(wanted, "evaluator.device")
