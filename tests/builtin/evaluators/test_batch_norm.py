"""Whose statistics a network's BatchNorm layers use, and what it looks like when they are the wrong ones."""

from math import log

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from support.nets import batch_norm
from support.paths import NETS
from support.study import study_in, values
from torch import nn
from torch.nn.functional import cross_entropy

from globscope.api import Code, EvaluationError, Networks, Unit
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.tasks.averaging import cumulative_average
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.data.embedded import digits
from globscope.testing import score_units


@pytest.fixture
def task():
    return Classification(model=Code(str(NETS), "batch_norm"))


def module(seed=0):
    """Return a network whose statistics are neither fresh nor those of the digits."""
    torch.manual_seed(seed)
    made = batch_norm()
    made[1].running_mean.uniform_(-1, 1)
    made[1].running_var.uniform_(0.5, 2)
    return made


def scored(task, mode, modules, *, known=True, nearest=None):
    layout = task.build("cpu").layout
    weights = np.stack([layout.flatten({n: p.detach() for n, p in one.named_parameters()}) for one in modules])
    buffers = [{n: b.numpy() for n, b in one.named_buffers()} for one in modules] if known else ()
    networks = Networks.of(weights, buffers)
    if nearest is not None:
        networks = Networks(space=networks.space, coordinates=weights, buffers=buffers, nearest=np.array(nearest))
    return score_units(Torch(batch_norm=mode), networks, task)["test_loss"]


def plain(one, *, training):
    """Return a module's own loss on the test digits; in training mode with the statistics of that batch."""
    inputs, targets = map(torch.from_numpy, digits(0.2, 0).test)
    with torch.no_grad():
        return float(cross_entropy(one.train(training)(inputs), targets))


def test_stored_statistics_are_the_members_own(task):
    modules = [module(seed) for seed in range(3)]
    wanted = [plain(one, training=False) for one in modules]
    np.testing.assert_allclose(scored(task, "stored", modules), wanted, rtol=1e-6)  # float32 sums


def test_a_decoded_network_takes_the_stored_statistics_of_its_nearest_member(task):
    modules = [module(seed) for seed in range(3)]
    found = scored(task, "stored", modules, nearest=[2, 2, 2])
    modules[0][1].load_state_dict(
        modules[0][1].state_dict() | {n: b for n, b in modules[2][1].state_dict().items() if n.startswith("running")}
    )
    np.testing.assert_allclose(found[0], plain(modules[0], training=False), rtol=1e-6)
    assert found[2] == scored(task, "stored", modules)[2]


def test_stored_statistics_that_nobody_has_are_reported(task):
    with pytest.raises(EvaluationError) as caught:
        scored(task, "stored", [module()], known=False)
    assert str(caught.value) == ("batch_norm: 'stored' needs the networks' own statistics; '1.running_mean' is missing")


def test_batch_statistics_are_those_of_the_batch_that_is_scored_and_nothing_moves(task):
    one = module()
    found = scored(task, "batch", [one, one])
    assert found[0] == found[1]
    np.testing.assert_allclose(found[0], plain(one, training=True), rtol=1e-6)


def test_initial_statistics_are_those_of_a_new_model(task):
    one = module()
    found = scored(task, "initial", [one])
    one[1].reset_running_stats()
    np.testing.assert_allclose(found, plain(one, training=False), rtol=1e-6)


def test_each_mode_is_another_loss(task):
    found = {float(scored(task, mode, [module()])[0]) for mode in ("recalibrate", "batch", "stored", "initial")}
    assert len(found) == 4


def test_networks_of_a_unit_know_their_members(task):
    networks = Networks(
        space=Networks.of(np.zeros((2, 3))).space,
        coordinates=np.zeros((3, 3)),
        buffers=[{"a": np.zeros(1)}, {"a": np.ones(1)}],
        nearest=np.array([1, 0, 1]),
    )
    assert [float(one["a"][0]) for one in networks.nearest_buffers(Unit(start=1, stop=3))] == [0.0, 1.0]


CHECKPOINTS = """
[task]
use = "classification"
model = "{nets}:batch_norm"
[population]
checkpoints = "{{variant}}-{{step}}.safetensors"
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 2
[evaluator]
use = "torch"
batch_norm = "{mode}"
"""

STUDY = """
[task]
use = "classification"
model = "{nets}:batch_norm"
[population.train]
epochs = {epochs}
save_every = 5
[[population.variant]]
name = "A"
learning_rate = {rate}
[[population.variant]]
name = "B"
learning_rate = {rate}
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 3
[evaluator]
use = "torch"
batch_norm = "{mode}"
"""


@pytest.mark.parametrize(
    ("epochs", "rate", "mode", "lost"), [(5, 1e-2, "recalibrate", 0), (5, 1e-2, "stored", 0), (5, 1e-6, "stored", 2)]
)
def test_networks_that_are_no_better_than_guessing_are_warned_of(epochs, rate, mode, lost, tmp_path):
    result = values(study_in(tmp_path, STUDY.format(nets=NETS, epochs=epochs, rate=rate, mode=mode)))
    messages = [text for text in result.findings["fidelity"].warnings if "guessing" in text]
    assert len(messages) == lost  # one for each split
    for text in messages:
        assert text.startswith("2 of 2 final networks are no better than guessing: their median t")
        assert f"guessing scores {log(10):.4g}; usual causes: BatchNorm statistics" in text


class Twice(nn.Module):
    """A layer with statistics through which a batch passes twice."""

    def __init__(self):
        super().__init__()
        self.into, self.norm, self.out = nn.Linear(64, 16), nn.BatchNorm1d(16), nn.Linear(16, 10)

    def forward(self, x):
        return self.out(self.norm(self.norm(self.into(x)) ** 2))


@pytest.mark.parametrize("make", [module, Twice])
def test_statistics_are_torchs_cumulative_average_to_the_last_bit(make):
    torch.manual_seed(1)
    ours, theirs = make(), make()
    theirs.load_state_dict(ours.state_dict())
    norms = [[m for m in net.modules() if isinstance(m, nn.BatchNorm1d)] for net in (ours, theirs)]
    for norm in norms[0] + norms[1]:
        norm.reset_running_stats()
    norms[1][0].momentum = None
    batches = torch.randn(5, 32, 64) * torch.arange(1, 6)[:, None, None]
    with cumulative_average(norms[0]):
        for batch in batches:
            ours.train()(batch)
            theirs.train()(batch)
    assert norms[0][0].momentum == 0.1
    for name, buffer in theirs.named_buffers():
        assert torch.equal(dict(ours.named_buffers())[name], buffer), name


def test_statistics_are_averaged_without_a_look_at_the_device(task, monkeypatch):
    def read(tensor):
        raise AssertionError("the host waits for the device")

    probe = task.build("cpu")
    batches = [probe.batch("train", at) for at in torch.arange(90).split(30)]
    parameters, buffers = probe.initialise(0)
    with monkeypatch.context() as patched:
        for name in ("__float__", "__int__", "__bool__", "item", "tolist"):
            patched.setattr(torch.Tensor, name, read)
        found = probe.calibrate(parameters, buffers, batches)
    assert found["1.num_batches_tracked"] == 3


def test_instance_norm_has_the_average_too():
    norm = nn.InstanceNorm1d(3, track_running_stats=True)
    batches = torch.randn(4, 8, 3, 20, generator=torch.Generator().manual_seed(0))
    with cumulative_average([norm]):
        for batch in batches:
            norm(batch)
    wanted = batches.double().mean(dim=(0, 1, 3))
    torch.testing.assert_close(norm.running_mean.double(), wanted, atol=1e-6, rtol=0)  # float32 means of 160 numbers


@pytest.mark.parametrize("without", ["num_batches_tracked", "running_"])
@pytest.mark.parametrize("mode", ["recalibrate", "batch", "stored", "initial"])
def test_files_of_old_torch_lack_a_counter_that_nobody_uses_and_statistics_matter_where_they_are_used(
    mode, without, tmp_path
):
    for at, name in enumerate("ABC"):
        state = {key: tensor for key, tensor in module(at).state_dict().items() if without not in key}
        save_file(state, tmp_path / f"{name}-1.safetensors")
    study = study_in(tmp_path, CHECKPOINTS.format(nets=NETS, mode=mode))
    if (mode, without) == ("stored", "running_"):
        with pytest.raises(EvaluationError, match="'stored' needs the networks' own statistics"):
            values(study)
    else:
        found = values(study)
        assert np.isfinite(found.atlas.truth["test_loss"]).all()
        assert not [text for text in found.findings["fidelity"].warnings if "buffer" in text]
    if (mode, without) == ("stored", "num_batches_tracked"):
        wanted = [plain(module(at), training=False) for at in range(3)]
        np.testing.assert_allclose(found.atlas.truth["test_loss"], wanted, rtol=1e-6)
