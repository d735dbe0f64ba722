"""Every network is scored with its own buffers: members, networks that are trained here, and decoded ones."""

import numpy as np
import pytest
import torch
from attrs import evolve
from safetensors.torch import load_file, save_file
from support.study import study_in, trained_runs, values
from torch import nn
from torch.nn.functional import cross_entropy

from globscope.api import (
    Member,
    NetworkBuffers,
    Networks,
    PluginError,
    Population,
    PopulationError,
    Progress,
    SymmetryError,
    Unit,
)
from globscope.builtin.aligners.deep.task_loss import TaskLoss
from globscope.builtin.analyses.curves.training import train
from globscope.builtin.analyses.curves.training_step import Settings
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.data.embedded import digits
from globscope.builtin.tasks.supervised import Supervised
from globscope.pipeline.buffers import with_buffers, with_own_buffers
from globscope.testing import score_units, tiny_task
from globscope.testing.tiny.bench import MemoryDraft

# A linear layer behind the inputs' own mean and deviation, as reference code for tables and control has it.
NETS = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, drawn=False, unsaved=False):
        super().__init__()
        self.register_buffer("mean", torch.zeros(64), persistent=not unsaved)
        self.register_buffer("deviation", torch.rand(64) + 0.5 if drawn else torch.ones(64))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.register_buffer("used", torch.ones(64, dtype=torch.bool))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        if self.training:
            self.seen = self.seen + len(x)  # a new tensor
            self.mean.lerp_(x.mean(0), 0.1)  # in place
        return self.linear((x - self.mean) / self.deviation * self.used)
"""
SPEC = """
[task]
use = "classification"
model = "nets.py:Net"
data = "digits"
{options}
[population]
{population}
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 3
[[topology]]
use = "gudhi"
"""
FILES = 'checkpoints = "{variant}-{step}.safetensors"'
TRAINED = trained_runs("A", "B", epochs=2)


def made(seed):
    """Return a network that no other network's buffers suit."""
    scope = {}
    exec(NETS, scope)
    torch.manual_seed(seed)
    one = scope["Net"]()
    one.mean.uniform_(-3, 3)
    one.deviation.uniform_(0.05, 2)
    one.used[torch.randperm(64)[:20]] = False
    return one.eval()


def study(folder, population=FILES, options=""):
    (folder / "nets.py").write_text(NETS)
    return values(study_in(folder, SPEC.format(population=population, options=options)))


def saved(folder, modules, without=()):
    for at, one in enumerate(modules):
        state = {name: tensor for name, tensor in one.state_dict().items() if name not in without}
        save_file(state, folder / f"{'ABC'[at]}-1.safetensors")


def losses(modules, split="test"):
    inputs, targets = map(torch.from_numpy, getattr(digits(0.2, 0), split))
    with torch.no_grad():
        return [float(cross_entropy(one(inputs), targets)) for one in modules]


def test_members_have_the_losses_that_torch_gives_them_behind_their_own_normalisation(tmp_path):
    modules = [made(seed) for seed in range(3)]
    saved(tmp_path, modules)
    found = study(tmp_path).atlas
    for split in ("train", "test"):
        np.testing.assert_allclose(found.truth[f"{split}_loss"], losses(modules, split), rtol=1e-6)
    # Of a map that loses nothing, the decoded members too: each is nearest to itself.
    np.testing.assert_allclose(found.maps[0].decoded["test_loss"], losses(modules), rtol=1e-4)


def test_the_report_says_which_buffer_a_decoded_network_was_given(tmp_path):
    saved(tmp_path, [made(seed) for seed in range(3)])
    warnings = study(tmp_path).findings["fidelity"].warnings
    for name in ("deviation", "mean", "used"):
        text = f"the members differ in the buffer '{name}', which is neither mapped nor re-estimated: each decoded "
        assert f"{text}network is scored with that of the member nearest to it" in warnings
    assert not [text for text in warnings if "'seen'" in text]  # the same in all


def test_a_decoded_network_is_scored_with_the_buffers_of_the_nearest_member(tmp_path):
    modules = [made(seed) for seed in range(3)]
    saved(tmp_path, modules)
    fitted = study(tmp_path).atlas.maps[0]
    points = fitted.landscape.samples.points
    coordinates = fitted.chart.decode(points)
    nearest, _ = fitted.nearest(coordinates)
    weights = fitted.chart.space.lift(coordinates)
    assert len(set(nearest.tolist())) > 1
    for row, loss in enumerate(fitted.landscape.fields["test_loss"]):
        one = made(int(nearest[row]))
        torch.nn.utils.vector_to_parameters(torch.from_numpy(weights[row]), one.parameters())
        np.testing.assert_allclose(loss, losses([one]), rtol=1e-5)


def test_networks_that_are_trained_here_keep_what_their_training_wrote_to_their_buffers(tmp_path):
    found = study(tmp_path, TRAINED).atlas
    files = sorted((tmp_path / "run" / "stages" / "train").rglob("*2.safetensors"))
    modules = []
    for file in files:
        one = made(0)
        one.load_state_dict(load_file(file))
        assert one.seen == 2 * 1437  # every training example, twice
        assert float(one.mean.abs().max()) > 0
        modules.append(one.eval())
    finals = found.population.finals
    np.testing.assert_allclose(sorted(found.truth["test_loss"][finals]), sorted(losses(modules)), rtol=1e-6)


def test_a_buffer_that_files_lack_is_the_models_own_if_every_model_has_it_and_the_report_says_so(tmp_path):
    modules = [made(seed) for seed in range(3)]
    saved(tmp_path, modules, without=("mean",))
    found = study(tmp_path)
    for one in modules:
        one.mean.zero_()
    np.testing.assert_allclose(found.atlas.truth["test_loss"], losses(modules), rtol=1e-6)
    assert (
        "the checkpoints of A@1, B@1, C@1 have no buffer 'mean': these networks are scored with the model's own"
    ) in found.findings["fidelity"].warnings


def test_a_buffer_that_no_file_holds_is_the_models_own_without_a_word(tmp_path):
    saved(tmp_path, [made(seed) for seed in range(3)], without=("mean",))
    found = study(tmp_path, options="model_options = { unsaved = true }")
    assert not [text for text in found.findings["fidelity"].warnings if "'mean'" in text]


def test_a_buffer_that_files_lack_and_models_draw_is_refused_by_name(tmp_path):
    saved(tmp_path, [made(seed) for seed in range(3)], without=("deviation",))
    with pytest.raises(PopulationError) as caught:
        study(tmp_path, options="model_options = { drawn = true }")
    assert str(caught.value) == (
        f"{tmp_path}/A-1.safetensors: has no buffer 'deviation', and the model draws another one each time it is made; "
        "save it with the weights, or let the model make the same one every time"
    )


def test_a_buffer_of_another_shape_is_refused_by_name(tmp_path):
    modules = [made(seed) for seed in range(3)]
    modules[0].mean = torch.zeros(3)
    saved(tmp_path, modules)
    with pytest.raises(PopulationError) as caught:
        study(tmp_path)
    assert str(caught.value) == (f"{tmp_path}/A-1.safetensors: buffer 'mean' has shape (3,), the model wants (64,)")


def test_equal_buffers_of_all_members_are_stored_and_held_once(tmp_path):
    modules = [made(0) for _ in range(3)]
    for one in modules:
        nn.init.normal_(one.linear.weight)
    saved(tmp_path, modules)
    members = study(tmp_path).atlas.population.members
    assert all(member.buffers[name] is members[0].buffers[name] for member in members for name in members[0].buffers)
    (held,) = (tmp_path / "run" / "stages" / "population").rglob("buffers.safetensors")
    assert sorted(load_file(held)) == ["0/deviation", "0/mean", "0/seen", "0/used"]


def test_statistics_are_what_torch_re_estimates_and_a_frozen_norm_keeps_its_own():
    from globscope.builtin.tasks.network import layers_with_statistics

    class Frozen(nn.Module):  # as torchvision's
        def __init__(self):
            super().__init__()
            self.register_buffer("running_mean", torch.zeros(3))
            self.register_buffer("running_var", torch.ones(3))

    assert list(layers_with_statistics(nn.Sequential(nn.BatchNorm1d(3), Frozen(), nn.InstanceNorm1d(3)))) == ["0."]


def test_stacked_networks_have_buffers_of_their_own_where_they_differ():
    probe = tiny_task(shifted=True).build("cpu")
    shared, own = np.ones(4, np.float32), np.arange(8, dtype=np.float32).reshape(2, 4)
    parameters = probe.layout.unflatten(torch.zeros(2, 51))
    rule = NetworkBuffers(probe)
    assert rule.stack(parameters, [{"shift": shared}] * 2)[1] == {"shift": None}
    found, axes = rule.stack(parameters, [{"shift": one} for one in own])
    assert axes == {"shift": 0}
    np.testing.assert_array_equal(found["shift"], own)
    weights = np.random.default_rng(0).normal(size=(2, 51)).astype(np.float32)
    losses = {}
    for method in ("loop", "vmap"):
        networks = Networks.of(weights, [{"shift": one} for one in own])
        losses[method] = score_units(Torch(method=method), networks, tiny_task(shifted=True))["train_loss"]
    np.testing.assert_allclose(losses["vmap"], losses["loop"], rtol=1e-6)  # float32 sums in another order


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)
        self.register_buffer("count", torch.zeros(()))

    def forward(self, points):
        self.count += 1
        return self.linear(points) * self.count


def test_a_forward_pass_that_writes_to_a_buffer_moves_no_other_network_and_no_member():
    pair = np.zeros((6, 4), np.float32), np.zeros(6, int)
    arrays = Arrays(train=pair, test=pair)
    probe = Supervised(make=Counting, arrays=arrays, loss=cross_entropy, device="cpu", vmappable=False)
    rule, own = NetworkBuffers(probe), {"count": np.zeros((), np.float32)}
    for _ in range(2):
        buffers = rule(probe.initialise(0)[0], own)
        assert buffers["count"] == 0
        probe.reduce(probe.initialise(0)[0], buffers, probe.batch("train", torch.arange(6)))
        assert buffers["count"] == 1
    assert own["count"] == 0


def test_networks_of_a_curve_are_trained_with_the_buffers_of_the_nearer_end():
    probe, seen = tiny_task(shifted=True).build("cpu"), []
    plain = type(probe).objective
    probe.objective = lambda parameters, buffers, batch, *, training: (
        seen.append(float(buffers["shift"][0])) or plain(probe, parameters, buffers, batch, training=training)
    )
    settings = Settings(shape="Bezier", bends=1, epochs=2, learning_rate=0.01, batch_size=6, weight_decay=0.0)
    ends = np.random.default_rng(0).normal(size=(2, 51)).astype(np.float32)
    buffers = [{"shift": np.full(4, value, np.float32)} for value in (1, 2)]
    train(probe, ends, settings, 0, name="A–B", draft=MemoryDraft(), progress=Progress(), buffers=buffers)
    t = np.concatenate([draws_of(epoch) for epoch in (0, 1)])
    assert seen == [2.0 if at > 0.5 else 1.0 for at in t]


def draws_of(epoch):
    """Return the t of an epoch's batches."""
    source = np.random.default_rng([0, epoch])
    source.permutation(48)
    return source.random(8)


def test_an_aligner_that_learns_refuses_a_zoo_whose_networks_differ_in_a_buffer():
    probe = tiny_task(shifted=True).build("cpu")
    members = [Member(variant=f"n{at}", step=0, buffers={"shift": np.full(4, at, np.float32)}) for at in range(3)]
    zoo = Population(members=tuple(members), weights=np.zeros((3, 51), np.float32), layout=probe.layout)
    with pytest.raises(SymmetryError, match="the zoo's networks differ in the buffer 'shift'"):
        TaskLoss(probe, zoo)


def test_floating_buffers_that_are_mapped_are_decoded_and_no_member_is_asked_for_them(tmp_path):
    modules = [made(seed) for seed in range(3)]
    saved(tmp_path, modules)
    found = study(tmp_path, FILES + '\nflatten = "all"\nexclude = ["deviation"]')
    fitted = found.atlas.maps[0]
    np.testing.assert_allclose(found.atlas.truth["test_loss"], losses(modules), rtol=1e-6)
    # The map of three members loses nothing, so that each is decoded with its own mean.
    np.testing.assert_allclose(fitted.decoded["test_loss"], losses(modules), rtol=1e-4)
    messages = [text for text in found.findings["fidelity"].warnings if "differ in the buffer" in text]
    assert [text.split("'")[1] for text in messages] == ["deviation", "used"]


def members(*shifts):
    found = tuple(Member(variant=f"n{at}", step=0, buffers={"shift": shift}) for at, shift in enumerate(shifts))
    layout = tiny_task().build("cpu").layout
    return Population(members=found, weights=np.zeros((len(found), 51), np.float32), layout=layout)


def test_networks_that_an_analysis_hands_over_without_buffers_have_those_that_all_members_share():
    probe, shift = tiny_task(shifted=True).build("cpu"), np.arange(4, dtype=np.float32)
    alike, apart = members(shift, shift.copy()), members(shift, shift + 1)
    networks = with_buffers(Networks.of(np.zeros((3, 51), np.float32)), alike, probe, "analysis 'x'")
    assert [one["shift"].tolist() for one in networks.nearest_buffers(Unit(start=0, stop=3))] == [shift.tolist()] * 3
    bare = evolve(alike, members=tuple(evolve(member, buffers={}) for member in alike.members))
    derived = with_own_buffers(bare, alike, probe, "analysis 'x'")
    assert [member.buffers["shift"].tolist() for member in derived.members] == [shift.tolist()] * 2
    for attempt in (
        lambda: with_buffers(Networks.of(np.zeros((3, 51), np.float32)), apart, probe, "analysis 'x'"),
        lambda: with_own_buffers(bare, apart, probe, "analysis 'x'"),
    ):
        with pytest.raises(PluginError) as caught:
            attempt()
        assert str(caught.value) == (
            "analysis 'x': hands over networks without their buffers, and the members differ in 'shift': give each "
            "network those of the member that it comes from (Member.buffers; Networks.buffers and nearest)"
        )
