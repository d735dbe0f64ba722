"""A study's own loss of networks beside torch's: `load_state_dict`, then a plain forward pass."""

from pathlib import Path

import numpy as np
import torch
from attrs import define
from safetensors.torch import load_file
from support.architectures import ARCHITECTURES, build, load, network
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.modules.batchnorm import _NormBase

from globscope import load as read_spec
from globscope.pipeline.stages.evaluate import evaluate
from globscope.pipeline.stages.population import checkpoints, population
from globscope.values.evaluation import Networks

SEEDS = 3
FIELDS = {"train_loss": 0, "test_loss": 2}
SPEC = """
[task]
use = "classification"
model = "{file}:build"
model_options = {{ name = "{name}" }}
data = "{file}:load"
data_options = {{ kind = "{data}" }}
[population]
{population}
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 2
[evaluator]
use = "torch"
batch_norm = "{statistics}"
"""
FOUND = 'checkpoints = "{{variant}}/step{{step}}.pt"\ninclude = {mapped}'
TRAINED = """
[population.train]
epochs = 1
save_every = 1
""" + "\n".join(f'[[population.variant]]\nname = "{name}"\nlearning_rate = 1e-2\nbatch_size = 8' for name in "ABC")


@define(frozen=True)
class Scored:
    """Losses of the networks of one architecture, (networks, fields) each.

    Attributes:
        ours: As a study has them.
        theirs: As torch has them.
    """

    ours: np.ndarray
    theirs: np.ndarray

    @property
    def difference(self) -> float:
        """The largest, relative to torch's."""
        return float((np.abs(self.ours - self.theirs) / np.abs(self.theirs)).max())


def of_files(name, statistics, folder, without=None):
    """Return the losses of three networks whose state dicts torch saved, but for tensors whose names end so."""
    modules = [network(name, seed) for seed in range(SEEDS)]
    for number, module in enumerate(modules):
        place = folder / f"run{number}"
        place.mkdir(parents=True)
        held = module.state_dict()
        for tensor in [tensor for tensor in held if without and tensor.endswith(without)]:
            del held[tensor]
        torch.save(held, place / "step0.pt")
    fresh = [build(name) for _ in modules]
    for number, module in enumerate(fresh):
        _materialise(name, module)
        module.load_state_dict(torch.load(folder / f"run{number}" / "step0.pt"), strict=without is None)
    ours = _scored(name, statistics, folder, FOUND.format(mapped=[*ARCHITECTURES[name].mapped]))[0]
    return Scored(ours, np.array([_plain(name, module, statistics) for module in fresh]))


def of_training(name, statistics, folder):
    """Return the losses of the networks of three trainings, before the first step and after the last."""
    ours, workshop = _scored(name, statistics, folder, TRAINED)
    frozen = workshop.tasks.whole.build("cpu").traits.fixed
    modules = [_module(name, load_file(one.path) | frozen) for one in checkpoints(workshop, "population")]
    return Scored(ours, np.array([_plain(name, module, statistics) for module in modules]))


def _scored(name, statistics, folder, source):
    """Return the (networks, fields) losses of a study's networks, and the study at work."""
    folder.mkdir(parents=True, exist_ok=True)
    one, file = ARCHITECTURES[name], Path(__file__).parent / "architectures.py"
    text = SPEC.format(file=file, name=name, data=one.data, population=source, statistics=statistics)
    (folder / "study.toml").write_text(text)
    workshop = read_spec(folder / "study.toml", folder=folder / "run").workshop()
    members = population(workshop)
    networks = Networks.of(members.weights, [member.buffers for member in members.members])
    fields = evaluate(workshop, networks, "truth", "members")[0]
    return np.stack([fields[field] for field in FIELDS], axis=1), workshop


def _module(name, held):
    """Return a network that GlobScope trained: its tensors, one of several names under the first."""
    module = build(name)
    _materialise(name, module)
    own = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    with torch.no_grad():
        for tensor, value in held.items():
            own[tensor].copy_(value)
    assert set(own) <= set(held)
    return module


def _materialise(name, module):
    if any(nn.parameter.is_lazy(tensor) for tensor in module.parameters()):
        with torch.no_grad():
            module.eval()(_inputs(name, module, 0)[:2])


def _inputs(name, module, at):
    inputs = torch.from_numpy(load(ARCHITECTURES[name].data)[at])
    kinds = {p.dtype for p in module.parameters()}
    return inputs.to(*kinds) if inputs.is_floating_point() and len(kinds) == 1 else inputs


def _plain(name, module, statistics):
    """Return torch's losses of both splits, summed in float64."""
    module.eval()
    with torch.inference_mode():
        if statistics == "recalibrate":
            _recalibrate(module, _inputs(name, module, 0))
        parts = load(ARCHITECTURES[name].data)
        return [
            float(cross_entropy(module(_inputs(name, module, at)).double(), torch.from_numpy(parts[at + 1])))
            for at in FIELDS.values()
        ]


def _recalibrate(module, inputs):
    """Give every norm the statistics of one pass over the training examples, all else in evaluation mode."""
    norms = [layer for layer in module.modules() if isinstance(layer, _NormBase) and layer.running_mean is not None]
    for layer in norms:
        layer.train()
        layer.momentum = 1.0
    module(inputs)
    module.eval()
