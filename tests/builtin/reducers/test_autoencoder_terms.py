"""Further terms of the autoencoder: linear paths beside the layers, and a low loss on straight segments of the map."""

import itertools

import numpy as np
import pytest
import torch
from attrs import evolve
from support.paths import NETS
from support.reduction import inputs, reduce
from torch import nn

from globscope.api import (
    CheckFacts,
    Code,
    EvaluationError,
    FullSpace,
    GlobscopeError,
    Member,
    Population,
    PreparedTask,
    ReducerInputs,
)
from globscope.builtin.reducers import Autoencoder
from globscope.builtin.reducers.autoencoder.lifting import torch_lift
from globscope.builtin.reducers.autoencoder.network_losses import EXAMPLES, NetworkLosses
from globscope.builtin.reducers.autoencoder.straight import POINTS, StraightLoss
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.pinn import PinnConvection
from globscope.builtin.tasks.regression import Regression
from globscope.builtin.tasks.segmentation import Segmentation
from globscope.testing import tiny_inputs, tiny_task
from globscope.testing.tiny.population import inputs_of

SMALL = {"hidden": (32, 16), "steps": 60}
TERMS = [{"skip": True}, {"straight_loss": 0.1}, {"skip": True, "straight_loss": 0.1, "latent_bound": "none"}]
TASKS = {
    "mlp": Classification(hidden=(8,), train_examples=100),
    "BatchNorm": Classification(model=Code(str(NETS), "batch_norm"), train_examples=300),
    "InstanceNorm": Classification(model=Code(str(NETS), "plain_norms"), train_examples=100),
    "regression": Regression(hidden=(8,)),
    "convection": PinnConvection(hidden=(8, 8), grid=(12, 9), collocation=40),
    "segmentation": Segmentation(model_options={"widths": [2, 4]}, data_options={"train": 8, "test": 2}),
}


def members_of(task, count=6):
    """Return fresh networks of a task, each with its own buffers, and their coordinates."""
    probe = task.build("cpu")
    networks = [probe.initialise(seed) for seed in range(count)]
    population = Population(
        members=tuple(
            Member(
                variant="AB"[row % 2],
                step=row // 2,
                buffers={n: b.numpy() + b.is_floating_point() * row for n, b in kept.items()},
            )
            for row, (_, kept) in enumerate(networks)
        ),
        weights=np.stack([probe.layout.flatten(parameters) for parameters, _ in networks]),
        layout=probe.layout,
    )
    return evolve(inputs_of(population), task=lambda: task)


def identity():
    """Return an encoder and a decoder that leave coordinates as they are, with a parameter to differentiate by."""
    layer = nn.Linear(1, 1, bias=False)
    nn.init.ones_(layer.weight)
    return nn.Sequential(nn.Identity(), _Times(layer.weight))


class _Times(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, points):
        return self.factor * points


def straight_loss(given, weight=1.0, seed=0):
    data = torch.from_numpy(given.coordinates.astype(np.float32))
    rng = np.random.default_rng(seed)
    losses = NetworkLosses.of(given, device="cpu", scale=1.0, rng=rng)
    return StraightLoss(weight=weight, points=data, losses=losses, rng=rng)


def test_without_the_terms_a_fit_draws_and_holds_what_it_always_did(monkeypatch):
    monkeypatch.setattr(NetworkLosses, "of", lambda *_, **__: pytest.fail("networks were to be scored"))
    given, rng, alone = inputs(), np.random.default_rng(0), np.random.default_rng(0)
    chart = Autoencoder(**SMALL).reduce(given, rng)
    alone.integers(2**62)  # the seed of the layers, and nothing else
    assert rng.bit_generator.state == alone.bit_generator.state
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(np.random.default_rng(0).integers(2**62)))
        widths = [given.coordinates.shape[1], 32, 16, 2]
        halves = [
            nn.Sequential(
                nn.Linear(a, b),
                nn.LayerNorm(b),
                nn.ReLU(),
                nn.Linear(b, c),
                nn.LayerNorm(c),
                nn.ReLU(),
                nn.Linear(c, d),
            )
            for a, b, c, d in (widths, widths[::-1])
        ]
    untrained = {name: tensor.numpy() for name, tensor in nn.Sequential(*halves).state_dict().items()}
    assert [*chart.arrays] == [*untrained, "scale"]
    start = Autoencoder(**SMALL, tolerance=1e9).reduce(given, np.random.default_rng(0)).arrays
    assert all(np.array_equal(start[name], array) for name, array in untrained.items())


@pytest.mark.parametrize("terms", TERMS, ids=str)
def test_equal_seeds_give_equal_bits_and_other_seeds_do_not(terms):
    one, two, other = (reduce(Autoencoder(**SMALL, **terms), tiny_inputs(), seed) for seed in (0, 0, 1))
    assert np.array_equal(one.latents, two.latents)
    assert all(np.array_equal(one.arrays[name], two.arrays[name]) for name in one.arrays)
    assert not np.array_equal(one.latents, other.latents)


@pytest.mark.parametrize("terms", TERMS, ids=str)
def test_a_chart_with_the_terms_is_restored_bit_for_bit(terms):
    given = tiny_inputs()
    reducer = Autoencoder(**SMALL, **terms)
    chart = reduce(reducer, given)
    again = reducer.restore(given, dict(chart.arrays))
    points = np.random.default_rng(1).uniform(-1, 1, size=(20, 2))
    assert np.array_equal(again.decode(points), chart.decode(points))
    assert np.array_equal(again.encode(given.coordinates), chart.encode(given.coordinates))


def test_linear_paths_are_nothing_before_the_training_and_something_after_it():
    given = inputs()
    before = [reduce(Autoencoder(**SMALL, tolerance=1e9, skip=skip), given) for skip in (False, True)]
    assert np.array_equal(before[0].latents, before[1].latents)
    assert np.array_equal(before[0].decode(before[0].latents), before[1].decode(before[1].latents))
    arrays = reduce(Autoencoder(**SMALL, skip=True), given).arrays
    paths = {name: array.shape for name, array in arrays.items() if "path" in name}
    width = given.coordinates.shape[1]
    assert paths == {"0.path.weight": (2, width), "1.path.weight": (width, 2)}
    assert all(arrays[name].any() for name in paths)


@pytest.mark.parametrize("bound", ["tanh", "none"])
def test_a_bound_holds_for_the_sum_of_layers_and_path(bound):
    given = inputs()
    chart = reduce(Autoencoder(**SMALL, skip=True, latent_bound=bound), given)
    assert (np.abs(chart.encode(1000 * given.coordinates)).max() <= 1) == (bound == "tanh")


@pytest.mark.parametrize("given", [inputs(), inputs(per_variant=30)], ids=["span", "more members than weights"])
def test_networks_are_lifted_in_torch_as_in_numpy(given):
    members = given.population.weights
    for space in (given.space, FullSpace(mean=members.mean(axis=0))):
        coordinates = space.coordinates(members)[0].astype(np.float32)
        # Rounding of float32 sums.
        np.testing.assert_allclose(torch_lift(space, "cpu")(torch.from_numpy(coordinates)), members, atol=1e-5)


@pytest.mark.parametrize("name", TASKS)
def test_the_straight_loss_is_the_tasks_own_on_segments_in_weight_space(name):
    given = members_of(TASKS[name])
    found = straight_loss(given, weight=0.5)(identity())
    # The same draws, and networks mixed and scored one by one, in float64 where no model rounds.
    rng, probe, count = np.random.default_rng(0), TASKS[name].build("cpu"), len(given.members)
    first = rng.integers(count, size=POINTS)
    second = (first + rng.integers(1, count, size=POINTS)) % count
    places = rng.random(POINTS)
    examples = probe.examples("train")
    batch = probe.batch(
        "train", torch.from_numpy(np.sort(rng.choice(examples, min(EXAMPLES, examples), replace=False)))
    )
    losses = []
    for a, b, place in zip(first, second, places, strict=True):
        weights = (1 - place) * given.population.weights[a].astype(float) + place * given.population.weights[b]
        parameters = probe.layout.unflatten(torch.from_numpy(weights.astype(np.float32)))
        own = given.members[a if place < 0.5 else b].buffers
        buffers = {name: torch.from_numpy(b.copy()) for name, b in own.items() if name not in probe.statistics}
        total, weight = probe.reduce(parameters, buffers, batch)["loss"]
        losses.append(float(total / weight))
    assert float(found.detach()) == pytest.approx(0.5 * np.mean(losses), rel=1e-4)


@pytest.mark.parametrize("name", TASKS)
def test_the_straight_loss_has_the_gradient_of_differences(name):
    given, step = members_of(TASKS[name]), 1e-2
    network = identity()
    straight_loss(given)(network).backward()
    [gradient] = [parameter.grad for parameter in network.parameters()]
    moved = []
    for factor in (1 + step, 1 - step):
        nn.init.constant_(network[1].factor, factor)
        moved.append(float(straight_loss(given)(network).detach()))
    # Of float32 losses, and of the third derivative.
    assert float(gradient) == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=0.05, abs=1e-4)


def test_batch_norm_takes_the_statistics_of_the_examples_and_none_of_a_member():
    given = members_of(TASKS["BatchNorm"])
    moved = tuple(evolve(m, buffers={n: b + 3 for n, b in m.buffers.items()}) for m in given.members)
    other = evolve(given, population=evolve(given.population, members=moved))
    assert straight_loss(given)(identity()) == straight_loss(other)(identity())
    assert given.task().build("cpu").initialise(0)[1]["1.running_mean"].eq(0).all()


def test_a_buffer_that_is_no_statistic_is_that_of_the_nearer_member():
    given = tiny_inputs()
    given = evolve(given, task=lambda: tiny_task(shifted=True))
    shifts = np.random.default_rng(0).normal(size=(len(given.members), 4)).astype(np.float32)
    members = tuple(evolve(m, buffers={"shift": s}) for m, s in zip(given.members, shifts, strict=True))
    given = evolve(given, population=evolve(given.population, members=members))
    term, used = straight_loss(given), []
    nearer = NetworkLosses._losses
    losses = lambda self, weights, own: used.extend(own) or nearer(self, weights, own)  # noqa: E731
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NetworkLosses, "_losses", losses)
        term(identity())
    rng = np.random.default_rng(0)
    first = rng.integers(12, size=POINTS)
    second = (first + rng.integers(1, 12, size=POINTS)) % 12
    rows = np.where(rng.random(POINTS) < 0.5, first, second)
    assert np.array_equal([one["shift"] for one in used], shifts[rows])


def test_a_straight_loss_lowers_the_loss_between_members():
    given, probe = tiny_inputs(), tiny_task().build("cpu")
    batch = probe.batch("train", torch.arange(48))

    def between(weight):
        """Return the mean loss halfway between every two members on the map."""
        chart = reduce(Autoencoder(hidden=(16,), steps=150, straight_loss=weight), given)
        middles = [chart.latents[list(pair)].mean(axis=0) for pair in itertools.combinations(range(12), 2)]
        parameters = given.population.layout.unflatten(torch.from_numpy(given.space.lift(chart.decode(middles))))
        losses = torch.vmap(lambda network: probe.objective(network, {}, batch, training=False))(parameters)
        return float(losses.mean())

    assert between(1.0) < 0.7 * between(0.0)


def test_draws_of_the_loss_leave_the_global_generators_alone():
    given = evolve(tiny_inputs(), task=lambda: tiny_task(drawing=True))
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    one, two = (reduce(Autoencoder(**SMALL, straight_loss=0.1), given) for _ in range(2))
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == np.random.get_state()[1].tolist()  # noqa: NPY002
    assert np.array_equal(one.latents, two.latents)


def test_a_task_without_a_loss_has_no_straight_loss():
    probe = tiny_task().build("cpu")
    probe.measures = ("accuracy", "error")
    Autoencoder().check(CheckFacts(probe=probe))
    with pytest.raises(EvaluationError) as error:
        Autoencoder(straight_loss=0.1).check(CheckFacts(probe=probe))
    assert str(error.value) == "reducer.straight_loss: the task measures no 'loss' (accuracy, error); leave it out"


def test_a_loss_that_cannot_be_differentiated_is_refused_at_the_first_step():
    probe = tiny_task().build("cpu")
    reduced = probe.reduce
    probe.reduce = lambda *arguments: {"loss": tuple(torch.as_tensor(x).detach() for x in reduced(*arguments)["loss"])}
    given = evolve(tiny_inputs(), task=lambda: PreparedTask(probe))
    with pytest.raises(EvaluationError) as error:
        reduce(Autoencoder(**SMALL, straight_loss=0.1), given)
    assert str(error.value) == "reducer.straight_loss: the task's loss is no differentiable function of the weights"


def test_a_loss_between_members_that_is_not_finite_ends_the_fit():
    probe = tiny_task().build("cpu")
    reduced = probe.reduce
    probe.reduce = lambda *arguments: {"loss": (reduced(*arguments)["loss"][0] * float("inf"), 1.0)}
    given = evolve(tiny_inputs(), task=lambda: PreparedTask(probe))
    with pytest.raises(GlobscopeError) as error:
        reduce(Autoencoder(**SMALL, learning_rate=0.01, straight_loss=0.1), given)
    assert str(error.value) == (
        "reducer 'autoencoder': the loss is no longer finite at step 50; lower its learning_rate, 0.01, or leave out "
        "straight_loss"
    )


def test_no_trial_tells_the_time_of_a_straight_loss():
    assert Autoencoder(straight_loss=0.1).trial(10) is None
    assert Autoencoder(skip=True).trial(10) is not None


def test_weight_space_itself_has_a_straight_loss():
    given = tiny_inputs()
    full = FullSpace(mean=given.population.weights.mean(axis=0))
    coordinates = full.coordinates(given.population.weights)[0]
    wide = ReducerInputs(coordinates=coordinates, population=given.population, space=full, task=given.task)
    assert float(straight_loss(wide)(identity()).detach()) == pytest.approx(
        float(straight_loss(given)(identity()).detach()), rel=1e-5
    )
