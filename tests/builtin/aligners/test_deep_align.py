"""deep-align: a network that follows the order of the units it reads, and what it learns from many networks."""

import re

import numpy as np
import pytest
import torch
from attrs import evolve
from safetensors.numpy import save_file
from support.progress import StopAt

from globscope.api import (
    Code,
    GlobscopeError,
    Member,
    PluginError,
    Population,
    PopulationError,
    PreparedTask,
    Progress,
    SpecError,
    SymmetryError,
    area,
    barrier,
)
from globscope.builtin.aligners.deep.aligner import DeepAlign
from globscope.builtin.aligners.deep.finding import finding_of
from globscope.builtin.aligners.deep.losses import Objective
from globscope.builtin.aligners.deep.mlp import read_mlp
from globscope.builtin.aligners.deep.network import UnitEncoder, cosines
from globscope.builtin.aligners.deep.options import Architecture
from globscope.builtin.aligners.deep.task_loss import TaskLoss
from globscope.builtin.aligners.deep.zoo import random_pairs, scales, split_zoo
from globscope.builtin.aligners.unit_similarity import best_assignment
from globscope.builtin.tasks.classification import Classification
from globscope.testing.tiny.bench import MemoryDraft

SHAPES = [(5,), (8, 8), (9, 4), (8, 8, 8), (9, 4, 7)]


def stacked(probe, seeds):
    networks = [probe.initialise(seed)[0] for seed in seeds]
    return {name: torch.stack([one[name] for one in networks]).double() for name in probe.layout.names}


def reader(found, messages, **options):
    torch.manual_seed(0)
    form = {"messages": messages, "width": 12, "blocks": 2, "channels": 16} | options
    return UnitEncoder(
        Architecture(inputs=found.widths[0], hidden=len(found.hidden), outputs=found.widths[-1], **form)
    ).double()


def orders(found, count, seed):
    rng = np.random.default_rng(seed)
    return [torch.from_numpy(np.stack([rng.permutation(n) for _ in range(count)])) for n in found.hidden]


def features(net, found, networks):
    return net(*found.read(networks, np.ones((len(found.layers), 2))))


@pytest.fixture(params=SHAPES, ids=str)
def shaped(request):
    probe = Classification(hidden=request.param).build("cpu")
    return probe, read_mlp(probe)


@pytest.fixture(params=["bilinear", "edge"])
def messages(request):
    return request.param


def test_an_mlp_is_a_chain_of_layers(shaped):
    probe, found = shaped
    assert found.widths == (64, *found.hidden, 10)
    assert [name for layer in found.layers for name in layer.names] == list(probe.layout.names)


def test_permuting_the_networks_permutes_the_scores(shaped, messages):
    probe, found = shaped
    net = reader(found, messages)
    a, b = stacked(probe, (0, 1)), stacked(probe, (2, 3))
    p, q = orders(found, 2, 0), orders(found, 2, 1)
    before = cosines(features(net, found, a), features(net, found, b))
    after = cosines(features(net, found, found.permute(a, p)), features(net, found, found.permute(b, q)))
    for one, other, rows, columns in zip(before, after, p, q, strict=True):
        moved = one.take_along_dim(rows[:, :, None], 1).take_along_dim(columns[:, None], 2)
        # Double precision: sums of tens of numbers near 1 in another order.
        torch.testing.assert_close(other, moved, rtol=0, atol=1e-10)
        assert one.flatten(1).std(1).min() > 1e-3  # they say something at all
        for now, then, row, column in zip(other, one, rows.numpy(), columns.numpy(), strict=True):
            # Unit i of the permuted a is unit row[i] of a, so its partner is where column has what that had.
            partner = best_assignment(then.detach().numpy())
            np.testing.assert_array_equal(column[best_assignment(now.detach().numpy())], partner[row])


def test_exchanging_the_networks_transposes_the_scores(shaped, messages):
    probe, found = shaped
    net = reader(found, messages)
    both = [features(net, found, stacked(probe, seeds)) for seeds in ((0, 1), (2, 3))]
    for one, other in zip(cosines(*both), cosines(*both[::-1]), strict=True):
        torch.testing.assert_close(one, other.mT, rtol=0, atol=1e-10)


def test_a_network_that_has_learned_nothing_recovers_an_exact_copy(shaped, messages):
    probe, found = shaped
    net, a, p = reader(found, messages), stacked(probe, (0, 1)), orders(found, 2, 0)
    scores = cosines(features(net, found, a), features(net, found, found.permute(a, p)))
    for one, order in zip(scores, p, strict=True):
        for matrix, own in zip(one.detach().numpy(), order.numpy(), strict=True):
            np.testing.assert_array_equal(best_assignment(matrix), np.argsort(own))


def test_a_soft_permutation_of_zeros_and_ones_permutes(shaped):
    probe, found = shaped
    a, p = stacked(probe, (0, 1)), orders(found, 2, 0)
    hard = [torch.nn.functional.one_hot(order).double() for order in p]
    moved = found.permute(a, p)
    torch.testing.assert_close({**found.mix(a, hard)}, {**moved}, rtol=0, atol=0)


NETS = """
from torch import nn
from torch.nn import LayerNorm, Linear, ReLU, Sequential

class Skip(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two, self.out = Linear(64, 6), Linear(6, 6), Linear(6, 10)
    def forward(self, x):
        h = self.one(x).relu()
        return self.out(h + self.two(h).relu())

class Around(Skip):
    def forward(self, x):
        return self.out(self.two(self.one(x).relu()).relu()) + self.direct(x)
    def __init__(self):
        super().__init__()
        self.direct = Linear(64, 10)

def bare(): return Sequential(Linear(64, 6, bias=False), ReLU(), Linear(6, 5), ReLU(), Linear(5, 10, bias=False))
def normed(): return Sequential(Linear(64, 6), LayerNorm(6), ReLU(), Linear(6, 10))
def skip(): return Skip()
def around(): return Around()
"""


@pytest.fixture
def own(tmp_path):
    (tmp_path / "nets.py").write_text(NETS, "utf-8")
    return lambda name: Classification(model=Code(str(tmp_path / "nets.py"), name))


def test_a_layer_may_have_no_bias(own, messages):
    probe = own("bare").build("cpu")
    found = read_mlp(probe)
    assert [layer.bias for layer in found.layers] == ["", "2.bias", ""]
    net, a, p = reader(found, messages), stacked(probe, (0, 1)), orders(found, 2, 0)
    for one, order in zip(cosines(features(net, found, a), features(net, found, found.permute(a, p))), p, strict=True):
        np.testing.assert_array_equal(best_assignment(one[0].detach().numpy()), np.argsort(order[0].numpy()))


REFUSED = {
    "normed": r"the units of '0' stand in '0.weight', '0.bias', '1.weight', '1.bias' and 1 more",
    "skip": r"the units of 'one' stand in 'one.weight', 'one.bias', .* more",
    "around": r"this network has 'out.bias', 'direct.weight', 'direct.bias' as well",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_mlp_is_refused_with_what_was_found(own, name):
    with pytest.raises(SymmetryError, match=rf"^deep-align reads MLPs.*; {REFUSED[name]}; weight-matching, "):
        read_mlp(own(name).build("cpu"))


def test_a_network_with_statistics_is_refused():
    options = {"width": 4, "shortcut": "A"}
    probe = Classification(model="resnet20", data="digits-images", model_options=options).build("cpu")
    with pytest.raises(SymmetryError, match=r"this network has statistics, 'bn1.running_mean', .*; weight-matching"):
        read_mlp(probe)


QUICK = DeepAlign(steps=6, width=6, blocks=1, channels=8, batch_size=4, examples=16, pairs=3, validate_every=2)


@pytest.fixture(scope="module")
def task():
    return PreparedTask(Classification(hidden=(8, 6), train_examples=300).build("cpu"))


@pytest.fixture(scope="module")
def zoo(task):
    """Return digits networks that were trained for 150 steps, all on the same batches."""
    return trained(task.probe, 60, 150)


def trained(probe, count, steps):
    made = [probe.initialise(seed)[0] for seed in range(count)]
    networks = {name: torch.stack([one[name] for one in made]).requires_grad_() for name in probe.layout.names}
    losses, optimiser = TaskLoss(probe), torch.optim.AdamW(networks.values(), lr=2e-2)
    source = torch.Generator().manual_seed(0)
    for _ in range(steps):
        optimiser.zero_grad()
        losses(networks, probe.batch("train", torch.randint(300, (64,), generator=source))).sum().backward()
        optimiser.step()
    rows = torch.cat([networks[name].detach().flatten(1) for name in probe.layout.names], 1).numpy()
    members = tuple(Member(variant=f"n{row}", step=1) for row in range(count))
    return Population(members=members, weights=rows, layout=probe.layout)


def learn(options, task, zoo, draft=None, progress=None, seed=0):
    draft, progress = draft or MemoryDraft(), progress or Progress()
    return options.learn(task, zoo, draft, progress, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def quick(task, zoo):
    return learn(QUICK, task, zoo)


def same(one, other):
    assert set(one) == set(other)
    for name in one:
        if not name.endswith("seconds"):
            np.testing.assert_array_equal(one[name], other[name])


def test_a_killed_training_continues_to_the_same_bytes(task, zoo, quick):
    draft = MemoryDraft()
    for step in (3, 5, 6):
        with pytest.raises(KeyboardInterrupt):
            learn(QUICK, task, zoo, draft, StopAt(step))
        assert draft.read()["step"] == step // 2 * 2
    same(learn(QUICK, task, zoo, draft), quick)


def test_another_seed_learns_otherwise(task, zoo, quick):
    other = learn(QUICK, task, zoo, seed=1)
    assert not np.array_equal(other["weights/first.0.weight"], quick["weights/first.0.weight"])
    assert not np.array_equal(other["networks/test"], quick["networks/test"])


LOSSES = ("supervised", "alignment", "connectivity")


@pytest.mark.parametrize("kept", LOSSES)
def test_each_loss_can_be_used_alone(task, zoo, kept):
    weights = dict.fromkeys(LOSSES, 0.0) | {kept: 0.5}
    history = {
        name.removeprefix("history/"): array
        for name, array in learn(evolve(QUICK, steps=2, **weights), task, zoo).items()
        if name.startswith("history/")
    }
    assert set(history) == {"step", "barrier", "sharpness", "loss", kept}
    np.testing.assert_array_equal(history["step"], [0, 2])
    # A mean of two float32 numbers and of their halves.
    np.testing.assert_allclose(history["loss"], 0.5 * history[kept], rtol=1e-6)


def test_without_any_loss_there_is_nothing_to_learn(task, zoo):
    with pytest.raises(SpecError, match="supervised, alignment and connectivity are all 0: there is nothing to learn"):
        learn(evolve(QUICK, **dict.fromkeys(LOSSES, 0.0)), task, zoo)


def test_a_copy_without_noise_is_recognised_by_a_network_that_has_learned_nothing(task, zoo):
    # Cosines of 1 times a large factor: the loss is nothing where the partners are the right ones, and large elsewhere.
    found = read_mlp(task.probe)
    options = evolve(QUICK, noise=0.0, drop=0.0, connectivity=0.0)
    deviations = scales(zoo, np.arange(len(zoo.members)), found)
    objective = Objective(options=options, mlp=found, scales=deviations, task=TaskLoss(task.probe))
    net = reader(found, "bilinear")
    net.log_sharpness.data.fill_(np.log(1e6))
    losses = objective.losses(net, stacked(task.probe, range(4)), None, torch.Generator().manual_seed(0))
    assert float(losses["supervised"].detach()) < 1e-6


def test_learning_lowers_the_barriers_of_networks_that_it_does_not_learn_from():
    task = PreparedTask(Classification(hidden=(16,), train_examples=300).build("cpu"))
    sizes = {"width": 12, "channels": 16, "batch_size": 8, "pairs": 15}
    options = evolve(QUICK, **sizes, steps=100, learning_rate=3e-3, validate_every=50)
    untrained, *later = learn(options, task, trained(task.probe, 60, 100))["history/barrier"]
    # With three seeds 0.73, 0.59 and 0.45 of the untrained network's were measured.
    assert later[-1] < 0.85 * untrained


def test_what_was_learned_is_used_again_from_a_file(task, zoo, quick, tmp_path):
    path = tmp_path / "aligner.safetensors"
    save_file(quick, path)
    stored, own = DeepAlign(aligner=path), QUICK.with_learned(quick)
    assert (stored.traits.learns, QUICK.traits.learns) == (False, True)
    a, b, rng = zoo.tensors(0), zoo.tensors(1), np.random.default_rng(0)
    scores = stored.scores(task, a, b, rng)
    for group, permutation in stored.align(task, a, b, rng).items():
        np.testing.assert_array_equal(permutation, own.align(task, a, b, rng)[group])
        np.testing.assert_array_equal(permutation, best_assignment(scores[group]))
        assert np.abs(scores[group]).max() <= 1 + 1e-6  # cosines in float32


def test_it_aligns_networks_of_other_widths_and_refuses_those_of_another_depth_or_size(quick):
    wider = PreparedTask(Classification(hidden=(9, 12)).build("cpu"))
    a = {name: tensor.numpy() for name, tensor in wider.probe.initialise(0)[0].items()}
    found = QUICK.with_learned(quick).align(wider, a, a, np.random.default_rng(0))
    assert {group: len(permutation) for group, permutation in found.items()} == {"1": 9, "3": 12}
    deeper = PreparedTask(Classification(hidden=(8, 6, 6)).build("cpu"))
    message = "learned from MLPs with 64 inputs, 2 hidden layers and 10 outputs; the network is 64-8-6-6-10"
    with pytest.raises(PopulationError, match=message):
        QUICK.with_learned(quick).align(deeper, {}, {}, np.random.default_rng(0))


def test_before_it_has_learned_it_says_what_it_needs(task, zoo):
    with pytest.raises(PluginError, match=r"learns from many networks .* a \[zoo\], or the option 'aligner' a file"):
        DeepAlign().align(task, zoo.tensors(0), zoo.tensors(1), np.random.default_rng(0))


def test_a_file_that_holds_no_aligner_is_refused(task, zoo, quick, tmp_path):
    def refused(path, why):
        with pytest.raises(SpecError, match=rf"^aligner {path}: {why}"):
            DeepAlign(aligner=path).align(task, zoo.tensors(0), zoo.tensors(1), np.random.default_rng(0))

    refused(tmp_path / "none.safetensors", "there is no such file; expected a .safetensors file")
    (tmp_path / "text").write_text("something else", "utf-8")
    refused(tmp_path / "text", "cannot be read as safetensors: .*header")
    save_file({"1.weight": np.zeros((3, 3), np.float32)}, tmp_path / "other")
    refused(tmp_path / "other", "it holds no aligner that deep-align learned: 'form/inputs'")
    lacking = {name: array for name, array in quick.items() if name != "weights/log_sharpness"}
    save_file(lacking, tmp_path / "part")
    refused(tmp_path / "part", r"it holds no aligner that deep-align learned: .*\n.*log_sharpness")


def test_too_few_networks_are_refused(task, zoo):
    with pytest.raises(SpecError, match="learns from at least 8 networks, and well from 100; here are 7"):
        learn(QUICK, task, zoo.take(range(7)))
    learn(evolve(QUICK, steps=1), task, zoo.take(range(8)))


def test_all_networks_of_a_run_are_in_one_part(zoo):
    several = evolve(zoo, members=tuple(Member(variant=f"n{row // 3}", step=row % 3) for row in range(60)))
    parts = split_zoo(several, np.random.default_rng(0)).rows
    assert {name: len(rows) for name, rows in parts.items()} == {"train": 42, "validation": 9, "test": 9}
    np.testing.assert_array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(60))
    assert all((np.bincount(rows // 3) % 3 == 0).all() for rows in parts.values())


def test_pairs_are_different_and_of_different_networks():
    rows = np.array([3, 5, 8, 9])
    found = random_pairs(rows, 60, np.random.default_rng(0))
    assert {tuple(sorted(pair)) for pair in found.tolist()} == {(3, 5), (3, 8), (3, 9), (5, 8), (5, 9), (8, 9)}
    assert len(found) == 6
    assert random_pairs(rows, 4, np.random.default_rng(0)).shape == (4, 2)


def test_deviations_are_those_of_each_tensor_over_the_zoo(task, zoo):
    found = read_mlp(task.probe)
    deviations = scales(zoo, np.arange(5), found)
    named = zoo.layout.unflatten(zoo.weights[:5].astype(float))
    for layer, own in zip(found.layers, deviations, strict=True):
        # Double precision; of sums of squares less the mean's square.
        np.testing.assert_allclose(own, [named[name].std() for name in layer.names], rtol=1e-12)


def test_a_barrier_is_the_largest_excess_over_the_ends_and_its_area_the_integral():
    t = np.linspace(0, 1, 5)
    # By hand: a tent of height 1 over a line from 2 to 4.
    above, below = 2 + 2 * t + np.array([0, 0.5, 1, 0.5, 0]), 2 + 2 * t - np.array([0, 0.5, 1, 0.5, 0])
    assert (barrier(above, t), area(above, t)) == pytest.approx((1.0, 0.5))
    assert (barrier(below, t), area(below, t)) == (0.0, 0.0)
    assert np.isnan([read(np.array([0, np.inf, 0]), t[::2]) for read in (barrier, area)]).all()


def test_losses_are_the_same_one_by_one_and_at_once(task):
    at_once, one_by_one = TaskLoss(task.probe), TaskLoss(task.probe)
    assert at_once.stacked
    one_by_one.stacked = False
    networks, batch = stacked(task.probe, range(3)), task.probe.batch("test", torch.arange(40))
    networks = {name: tensor.float() for name, tensor in networks.items()}
    # Float32 sums in another order.
    torch.testing.assert_close(at_once(networks, batch), one_by_one(networks, batch), rtol=1e-5, atol=0)


def test_a_training_that_diverges_says_so(task, zoo):
    broken = evolve(zoo, weights=zoo.weights * np.float32(1e30))
    with pytest.raises(GlobscopeError, match=r"deep-align diverged within step 2 .* lower learning_rate, 0.001"):
        learn(QUICK, task, broken)


def test_a_reader_is_reported_where_it_does_not_pay(quick):
    finding = finding_of(quick)
    [table] = finding.tables
    assert [row["method"] for row in table.rows] == [
        "as they are", "weight-matching", "activation-matching", "deep-align",
    ]  # fmt: skip
    for row in table.rows:
        assert row["barrier_median"] == np.median(quick[f"report/{row['method']}/barrier"])
    [plot] = finding.pictures
    assert plot.flaw == ""
    assert plot.panels[0].series[0].x == (0, 2, 4, 6)


@pytest.mark.parametrize(
    ("train", "warning"),
    [(39, "from 39 networks only: .* give it 100 or more"), (99, "from 99 networks; below 100"), (100, None)],
)
def test_few_networks_are_warned_of(quick, train, warning):
    best = {"report/deep-align/barrier": quick["report/weight-matching/barrier"] * 0 - 1}
    warnings = finding_of(quick | best | {"networks/train": np.arange(train)}).warnings
    assert len(warnings) == (warning is not None)
    assert warning is None or re.search(warning, warnings[0])


def test_a_barrier_that_is_not_below_the_classical_ones_is_reported(quick):
    classical = quick["report/activation-matching/barrier"]
    others = {"report/weight-matching/barrier": classical + 1, "networks/train": np.arange(200)}
    [warning] = finding_of(quick | others | {"report/deep-align/barrier": classical}).warnings
    assert "is not below that of activation-matching" in warning
    assert finding_of(quick | others | {"report/deep-align/barrier": classical - 1}).warnings == ()
