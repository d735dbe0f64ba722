"""Losses that draw: seeded, the same for all networks of a study, and what of a map may be chance."""

import random

import numpy as np
import pytest
import torch
from attrs import evolve
from support.arrays import assert_same_arrays
from support.study import MAP, study_in, trained_runs, values

from globscope import load
from globscope.api import EvaluationError, Loss, Networks, Unit, draws, fixed_seed, seed_of
from globscope.builtin.analyses.fidelity.analysis import Fidelity
from globscope.builtin.analyses.fidelity.member_warnings import noise_warnings
from globscope.builtin.evaluators.pytorch import Torch
from globscope.pipeline.bench import StudyBench
from globscope.pipeline.truth import _deviations
from globscope.report import TreeScene
from globscope.report.topology.figures import plot_diagram, plot_tree
from globscope.testing import bowls, score_units, tiny_atlas, tiny_bench, tiny_inputs, tiny_task
from globscope.testing.tiny.landscapes import bowls_topology

# A variational classifier: its hidden layer is drawn, in evaluation too, and the loss says how far it is from normal.
NETS = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.mean, self.scale, self.out = nn.Linear(64, 6), nn.Linear(64, 6), nn.Linear(6, 10)

    def forward(self, x):
        mean, scale = self.mean(x), (self.scale(x) / 2).exp()
        return self.out(torch.nn.functional.dropout(mean + scale * torch.randn_like(scale), 0.1, training=True))
"""
SPEC = f"""
[task]
use = "classification"
model = "nets.py:Net"
data = "digits"
train_examples = 100
{trained_runs("A", "B", epochs=2, save_every=1)}
{MAP.replace("3", "4")}
[[topology]]
use = "gudhi"
persistence = 0.0
[[analysis]]
use = "topology-metrics"
[evaluator]
use = "torch"
"""


def study(folder, more=""):
    folder.mkdir(exist_ok=True)
    (folder / "nets.py").write_text(NETS)
    return study_in(folder, SPEC + more)


def scored(networks, task, **options):
    return score_units(Torch(**options), networks, task)


def networks(seed=3):
    inputs = tiny_inputs()
    return Networks(space=inputs.space, coordinates=inputs.coordinates, seed=seed)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A study whose loss draws, and its values."""
    one = study(tmp_path_factory.mktemp("drawn"))
    torch.manual_seed(1)
    before = torch.get_rng_state()
    found = values(one)
    assert torch.equal(before, torch.get_rng_state())
    return one, found


def test_the_same_spec_in_two_folders_gives_the_same_bits_though_its_loss_draws(drawn, tmp_path):
    one = drawn[1]
    torch.manual_seed(2)
    two = values(study(tmp_path))
    assert_same_arrays(one.atlas.truth, two.atlas.truth)
    assert_same_arrays(one.atlas.maps[0].landscape.fields, two.atlas.maps[0].landscape.fields)


def test_networks_with_a_seed_of_their_own_are_measured_by_it(drawn):
    study, found = drawn
    networks = Networks.of(found.atlas.population.weights[:1], found.atlas.population.buffers)
    bench = StudyBench(study.workshop())
    one, two, own = (bench.measure(evolve(networks, seed=seed))["train_loss"].item() for seed in (1, 2, None))
    assert len({one, two, own}) == 3
    assert own == found.atlas.truth["train_loss"][0]


def test_the_study_says_how_far_draws_lie_apart_and_marks_branches_below_that(drawn):
    result = drawn[1]
    noise = result.atlas.noise["train_loss"]
    assert 0.001 < noise < 1
    (warning,) = [text for text in result.findings["fidelity"].warnings if text.startswith("scoring draws")]
    assert f"the standard deviation is {noise:.3g} (training loss)" in warning
    topology = result.atlas.maps[0].topology
    assert topology.noise == noise
    within = topology.tree.persistences < noise
    rows = next(t for t in result.findings["topology-metrics"].tables if t.name == "basins").rows
    assert [row["within_noise"] for row in rows] == ["yes" if one else "no" for one in within]
    messages = [text for text in result.findings["fidelity"].warnings if "may be chance" in text]
    assert len(messages) == bool(within.any())
    assert result.record["manifest"]["draws"]["train_loss"] == {"standard_deviation": noise}


def test_a_trial_tells_whether_scoring_draws():
    assert not draws(tiny_task().build("cpu"), "cpu")
    assert draws(tiny_task(drawing=True).build("cpu"), "cpu")


@pytest.mark.parametrize("source", ["numpy", "random"])
def test_a_loss_that_draws_from_numpy_or_python_is_noticed_and_seeded(source, monkeypatch):
    probe = tiny_task().build("cpu")
    plain = type(probe).reduce
    draw = {"numpy": np.random.normal, "random": lambda: random.gauss(0, 1)}[source]
    monkeypatch.setattr(
        type(probe), "reduce", lambda self, *given: {n: (t + draw(), w) for n, (t, w) in plain(self, *given).items()}
    )
    assert draws(probe, "cpu")
    one, two = (scored(networks(), tiny_task())["train_loss"] for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_a_loss_that_no_seed_repeats_is_refused(monkeypatch):
    probe, own = tiny_task().build("cpu"), torch.Generator().manual_seed(0)
    plain = type(probe).reduce
    monkeypatch.setattr(
        type(probe),
        "reduce",
        lambda self, *given: {n: (t + torch.randn((), generator=own), w) for n, (t, w) in plain(self, *given).items()},
    )
    with pytest.raises(EvaluationError, match="the task gives one network two values of train_loss, "):
        draws(probe, "cpu")


def test_a_loss_that_no_seed_repeats_is_refused_before_anything_is_trained(tmp_path):
    study(tmp_path)
    counting = (
        NETS
        + "        self.calls = getattr(self, 'calls', 0) + 1\n        return self.calls * self.out(self.mean(x))\n"
    )
    (tmp_path / "nets.py").write_text(counting.replace("        return self.out(torch", "        self.out(torch"))
    with pytest.raises(EvaluationError, match="the task gives one network two values of train_loss, "):
        load(tmp_path / "study.toml", folder=tmp_path / "run").estimate()


def test_seeds_of_places_differ_and_generators_are_given_back():
    assert len({seed_of(0, split, batch, repeat) for split in (0, 1) for batch in (0, 1) for repeat in (0, 1)}) == 8
    states = torch.get_rng_state(), random.getstate()
    with fixed_seed(5, "cpu"):
        one = torch.rand(3), np.random.rand(), random.random()  # noqa: NPY002
    with fixed_seed(5, "cpu"):
        two = torch.rand(3), np.random.rand(), random.random()  # noqa: NPY002
    assert torch.equal(one[0], two[0])
    assert one[1:] == two[1:]
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]


def test_stacked_networks_draw_the_numbers_that_each_draws_alone():
    task = tiny_task(drawing=True)
    loop, vmap = (scored(networks(), task, method=method) for method in ("loop", "vmap"))
    assert Torch(method="vmap").plan(networks(), task).method == "vmap"
    assert_same_arrays(vmap, loop, rtol=1e-5)  # float32 sums in another order


@pytest.mark.parametrize("way", ["draws other numbers", "cannot be stacked"])
def test_networks_that_draw_otherwise_in_a_stack_are_scored_one_by_one(way, monkeypatch):
    plain = type(tiny_task().build("cpu"))._hidden

    def hidden(self, parameters, buffers, points):
        if torch._C._functorch.is_batchedtensor(parameters["inner.weight"]):
            torch.rand(1)
            if way == "cannot be stacked":
                raise RuntimeError("vmap: no such draw")
        return plain(self, parameters, buffers, points)

    monkeypatch.setattr("globscope.testing.tiny.task.TinyProbe._hidden", hidden)
    task = tiny_task(drawing=True)
    found, wanted = (scored(networks(), task, method=method) for method in ("vmap", "loop"))
    assert Torch(method="vmap").plan(networks(), task).method == "loop"
    np.testing.assert_array_equal(found["train_loss"], wanted["train_loss"])


def test_draws_are_averaged_and_their_standard_error_is_a_field():
    task = tiny_task(drawing=True)
    once = scored(networks(), task)
    assert sorted(once) == ["test_accuracy", "test_loss", "train_accuracy", "train_loss"]
    few, many = (scored(networks(), task, draws=n) for n in (4, 64))
    error = many["train_loss_standard_error"]
    assert (error > 0).all()
    # Between four draws and 64 lie a few standard errors of four.
    assert (np.abs(few["train_loss"] - many["train_loss"]) < 6 * 4 * error).all()
    plain = scored(evolve(networks(), seed=None), tiny_task(), draws=4)
    assert sorted(plain) == sorted(once)


@pytest.mark.parametrize("kind", ["hessian", "ggn"])
def test_curvature_is_of_one_loss_though_the_loss_draws(kind):
    probe = tiny_task(drawing=True).build("cpu")
    weights = networks().weights(Unit(start=0, stop=1))[0]
    loss = Loss.of(probe, "cpu", None, np.random.default_rng(0), precision="float64")
    vectors = np.random.default_rng(1).normal(size=(2, 51))
    torch.manual_seed(1)
    one = loss.at(weights, {}, kind).products(vectors)
    torch.manual_seed(2)
    np.testing.assert_array_equal(loss.at(weights, {}, kind).products(vectors), one)
    matrix = loss.at(weights, {}, kind).products(np.eye(51))
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)  # as second derivatives of one function are


def test_the_standard_deviation_is_that_of_many_evaluations_by_hand(drawn):
    found, probe = drawn[1].atlas, drawn[0].workshop().task.build("cpu")
    batch, losses = probe.batch("test", torch.arange(probe.examples("test"))), []
    with torch.no_grad(), fixed_seed(123, "cpu"):
        for row in found.population.finals:
            parameters = probe.layout.unflatten(torch.from_numpy(np.array(found.population.weights[row])))
            totals = [probe.reduce(parameters, {}, batch)["loss"] for _ in range(60)]
            losses.append([float(total) / weight for total, weight in totals])
    by_hand = np.sqrt(np.var(losses, axis=1, ddof=1).mean())
    # Of 8 draws of each of two networks: 14 degrees of freedom, a relative error of 1 / sqrt(28).
    assert 0.5 < found.noise["test_loss"] / by_hand < 1.8


def test_what_rounding_leaves_of_a_field_without_draws_is_no_noise():
    # Eight times the same two losses, but for the last bit of float32; the second field does draw.
    same = np.repeat(np.float32([[0.1, 3.7]]), 8, axis=0)
    same[::2] = np.nextafter(same[::2], np.float32(10))
    fields = {"test_kl": same.astype(float), "test_loss": same + np.linspace(0, 1e-5, 8)[:, None]}
    found = _deviations(fields)
    assert found["test_kl"] == 0
    assert found["test_loss"] == pytest.approx(np.linspace(0, 1e-5, 8).std(ddof=1), rel=0.05)


def test_an_estimate_counts_the_draws(drawn):
    estimate = drawn[0].estimate()
    assert estimate.evaluations == 2 * 6 + 16 + 8 * 2  # members and decoded ones, the grid, both final networks
    assert "evaluate draws: 8 of 2 networks" in estimate.stages


def noisy(topology):
    """Return the topology of two bowls whose shallower one may be chance."""
    return evolve(topology, noise=1.5 * topology.tree.persistences[np.isfinite(topology.tree.persistences)].max())


def test_a_branch_within_the_noise_is_dashed_and_counted_in_the_trees_picture():
    topology, losses = bowls_topology(), bowls().fields["train_loss"]
    for one, dashed, text in ((topology, 0, ""), (noisy(topology), 1, "1 of them below 1.12")):
        scene = TreeScene.of("bowls", one, losses)
        axes = plot_tree(scene).axes[0]
        assert sum(line.get_linestyle() == "--" for line in axes.lines) == dashed
        assert text in scene.facts
        lines = plot_diagram(scene).axes[0].lines
        assert sum(line.get_linestyle() == ":" for line in lines) == 1 + dashed  # one for what never dies


def test_fidelity_tells_how_many_branches_may_be_chance():
    atlas = tiny_atlas()
    assert not [text for text in Fidelity().analyse(atlas, tiny_bench(), None).warnings if "draws" in text]
    linear = evolve(atlas.maps[0], topologies={"grid": {"gudhi": noisy(atlas.maps[0].topology)}})
    noise = linear.topology.noise
    messages = list(noise_warnings(evolve(atlas, maps=(linear,), noise={"train_loss": noise})))
    assert messages == [
        "scoring draws random numbers: over 8 evaluations of each run's final network, the standard deviation is "
        "1.12 (training loss); all networks of this study are scored with the same numbers",
        "linear: 1 of 2 branches of its merge tree have a persistence below 1.12, the standard deviation of the draws "
        "of training loss: they may be chance",
    ]


@pytest.mark.gpu
@pytest.mark.parametrize("method", ["loop", "vmap"])
def test_a_gpu_draws_the_same_numbers_for_all_networks_and_its_generator_stays(method):
    task, before = tiny_task(drawing=True), (torch.get_rng_state(), torch.cuda.get_rng_state())
    one, two = (scored(networks(), task, method=method, device="cuda") for _ in range(2))
    assert_same_arrays(one, two)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert torch.equal(torch.cuda.get_rng_state(), before[1])
    other = scored(networks(seed=4), task, method=method, device="cuda")
    assert (other["train_loss"] != one["train_loss"]).all()
