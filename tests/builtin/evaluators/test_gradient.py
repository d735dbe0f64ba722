"""The torch evaluator's gradients against central differences in float64."""

import numpy as np
import pytest
from attrs import evolve
from support.gradients import differences, double_loss, plane_around
from support.paths import NETS

from globscope.api import GRADIENT, Code, EvaluationError, Networks, Unit, span
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.convection import PinnConvection
from globscope.builtin.tasks.language import LanguageModelling
from globscope.builtin.tasks.regression import Regression
from globscope.builtin.tasks.segmentation import Segmentation
from globscope.population.flatten import FlattenedTask
from globscope.spec.model import PopulationSpec
from globscope.testing import tiny_task

# Of float32 sums over thousands of products, whose terms partly cancel, relative to the largest component.
ROUNDING = 3e-5
POINTS = np.array([[0.0, 0.0, 0.0], [0.5, -0.3, 0.2]])
FIELD = "train_loss"
MLP = Classification(hidden=(8,), train_examples=300)
NORMED = Classification(model=Code(str(NETS), "batch_norm"), train_examples=300)


def networks_around(task, field, points=POINTS, *, own=False):
    """Return networks in a plane around a fresh network, where they have statistics like a trained one's, or none."""
    probe = task.build("cpu")
    parameters, buffers = probe.initialise(0)
    space = plane_around(probe.layout.flatten(parameters))
    networks = Networks(space=space, coordinates=points, gradient=field)
    if not own:
        return networks
    moved = {name: buffer.numpy() + buffer.is_floating_point() * 0.5 for name, buffer in buffers.items()}
    return evolve(networks, buffers=(moved,), nearest=np.zeros(len(points), int))


def scored(evaluator, networks, task):
    """Return fields and gradients of all networks."""
    scorer = evaluator.scorer(networks, task, evaluator.plan(networks, task))
    return scorer.score(Unit(start=0, stop=len(networks)))


def assert_gradient(found, networks, loss, rtol=ROUNDING):
    space = networks.space
    wanted = differences(lambda z: loss(space.origin + z @ space.basis), networks.coordinates)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, wanted, rtol=0, atol=rtol * np.abs(wanted).max())


@pytest.fixture(scope="session")
def language(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("the quick brown fox jumps over the lazy dog. " * 30, "utf-8")
    return LanguageModelling(path=path, context=16, model_options={"dim": 8, "depth": 1, "heads": 2})


TASKS = {
    "mlp": (MLP, FIELD),
    "mlp, tested": (MLP, "test_loss"),
    "BatchNorm": (NORMED, FIELD),
    "BatchNorm of a convolution": (Classification(model=Code(str(NETS), "convolution"), train_examples=100), FIELD),
    "norms without weights": (Classification(model=Code(str(NETS), "plain_norms"), train_examples=100), FIELD),
    "regression": (Regression(hidden=(8,)), FIELD),
    "convection": (PinnConvection(hidden=(8, 8), grid=(12, 9), collocation=40), FIELD),
    "error of convection": (PinnConvection(hidden=(8, 8), grid=(12, 9), collocation=40), "test_error"),
    "segmentation": (Segmentation(model_options={"widths": [2, 4]}, data_options={"train": 8, "test": 2}), FIELD),
}


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("batch_size", [None, 60])
def test_the_gradient_is_that_of_central_differences(name, batch_size):
    task, field = TASKS[name]
    networks = networks_around(task, field)
    found = scored(Torch(method="loop", batch_size=batch_size), networks, task)
    assert_gradient(found[GRADIENT], networks, double_loss(task, field, size=batch_size))


def test_the_gradient_of_a_transformer_is_that_of_central_differences(language):
    networks = networks_around(language, FIELD)
    assert_gradient(scored(Torch(), networks, language)[GRADIENT], networks, double_loss(language, FIELD))


@pytest.mark.parametrize("mode", ["batch", "stored", "initial"])
def test_statistics_that_are_not_estimated_are_those_of_the_batch_or_constants(mode):
    networks = networks_around(NORMED, FIELD, own=True)
    loss = double_loss(NORMED, FIELD, mode, networks.buffers[0])
    assert_gradient(scored(Torch(batch_norm=mode), networks, NORMED)[GRADIENT], networks, loss)


def test_held_statistics_are_constants_and_their_gradient_is_another():
    networks = networks_around(NORMED, FIELD, POINTS[:1])
    found = scored(Torch(gradient_statistics="held"), networks, NORMED)[GRADIENT]
    held = double_loss(NORMED, FIELD, held=networks.space.origin)
    assert_gradient(found, networks, held)
    moving = scored(Torch(), networks, NORMED)[GRADIENT]
    assert np.abs(moving - found).max() > 0.1 * np.abs(moving).max()


def test_encoded_statistics_are_differentiated_as_they_are_decoded():
    task = FlattenedTask(NORMED, PopulationSpec(flatten="all"), None)
    probe = task.build("cpu")
    row = probe.layout.flatten(probe.initialise(0)[0])
    networks = Networks(space=plane_around(row), coordinates=POINTS, gradient=FIELD)
    found = scored(Torch(batch_norm="encoded"), networks, task)[GRADIENT]
    plain = NORMED.build("cpu")

    def loss(weights):
        named = probe.layout.unflatten(weights)
        own = {n.removesuffix(".log"): np.exp(w) if n.endswith(".log") else w for n, w in named.items()}
        inner = np.concatenate([named[n].ravel() for n in plain.layout.names])
        statistics = {n: own[n] for n in plain.statistics if n in own}
        return double_loss(NORMED, FIELD, "stored", statistics)(inner)

    assert_gradient(found, networks, loss)


@pytest.mark.parametrize("batch_size", [None, 60])
@pytest.mark.parametrize("task", [MLP, TASKS["regression"][0], TASKS["convection"][0]])
def test_stacked_networks_have_the_gradients_of_each(task, batch_size):
    networks = networks_around(task, FIELD)
    stacked, alone = (scored(Torch(method=way, batch_size=batch_size), networks, task) for way in ("vmap", "loop"))
    for name, values in alone.items():
        np.testing.assert_allclose(stacked[name], values, atol=ROUNDING * np.abs(values).max(), rtol=0, err_msg=name)


@pytest.mark.parametrize("method", ["loop", "vmap"])
@pytest.mark.parametrize("field", [FIELD, "test_loss"])
@pytest.mark.parametrize("name", ["mlp", "BatchNorm", "convection", "segmentation"])
def test_fields_have_the_same_bits_beside_a_gradient(name, field, method):
    task = TASKS[name][0]
    if method == "vmap" and not task.build("cpu").vmappable:
        return
    networks = networks_around(task, field)
    beside = scored(Torch(method=method, batch_size=60), networks, task)
    without = scored(Torch(method=method, batch_size=60), evolve(networks, gradient=None), task)
    assert beside.keys() - without.keys() == {GRADIENT}
    for measure, values in without.items():
        np.testing.assert_array_equal(beside[measure], values, err_msg=measure)


@pytest.mark.parametrize("method", ["loop", "vmap"])
def test_a_loss_that_draws_is_differentiated_with_the_draws_of_the_field(method):
    task = tiny_task(drawing=True)
    networks = evolve(networks_around(task, FIELD), seed=3)
    evaluator = Torch(method=method, draws=4)
    found = scored(evaluator, networks, task)
    again = scored(evaluator, evolve(networks, gradient=None), task)
    np.testing.assert_array_equal(found[FIELD], again[FIELD])

    def loss(z):  # float32: a tolerance of its rounding over the step
        moved = Networks(space=networks.space, coordinates=z[None], seed=3)
        return float(scored(evaluator, moved, task)[FIELD][0])

    wanted = differences(loss, POINTS, step=1e-2)
    np.testing.assert_allclose(found[GRADIENT], wanted, rtol=0, atol=2e-3 * np.abs(wanted).max())


def test_statistics_in_torch_operations_are_differentiated_as_they_are():
    task = tiny_task(normalised=True)
    networks = networks_around(task, FIELD)
    found = scored(Torch(), networks, task)[GRADIENT]
    step = 1e-2  # of float32 losses, rounded to 1e-7

    def loss(z):
        return float(scored(Torch(), Networks(space=networks.space, coordinates=z[None]), task)[FIELD][0])

    np.testing.assert_allclose(found, differences(loss, POINTS, step), rtol=0, atol=2e-3 * np.abs(found).max())


def test_a_network_that_is_not_finite_keeps_its_fields_and_moves_no_other():
    points = POINTS[[0, 1, 0, 1]].copy()
    points[1] = np.nan
    points[2] = 1e30
    networks = networks_around(MLP, FIELD, points)
    found = scored(Torch(), networks, MLP)
    without = scored(Torch(), evolve(networks, gradient=None), MLP)
    np.testing.assert_array_equal(found[FIELD], without[FIELD])
    assert not np.isfinite(found[GRADIENT][1]).any()
    np.testing.assert_array_equal(found[GRADIENT][3], scored(Torch(), networks_around(MLP, FIELD), MLP)[GRADIENT][1])


REFUSED = {
    "train_los": "gradient: there is no field 'train_los'; did you mean 'train_loss'?",
    "train_accuracy": "gradient: train_accuracy is not a differentiable function of the weights",
}


@pytest.mark.parametrize("field", REFUSED)
def test_a_field_that_cannot_be_differentiated_is_refused_before_anything_is_scored(field):
    with pytest.raises(EvaluationError) as caught:
        Torch().plan(networks_around(MLP, field), MLP)
    assert str(caught.value) == REFUSED[field]


def test_networks_without_coordinates_are_refused():
    probe = MLP.build("cpu")
    networks = Networks.of(probe.layout.flatten(probe.initialise(0)[0])[None])
    with pytest.raises(EvaluationError) as caught:
        Torch().plan(evolve(networks, gradient=FIELD), MLP)
    wanted = "gradient: the networks lie in a FullSpace, which has no `pullback` to its coordinates"
    assert str(caught.value) == wanted


def test_a_gradient_in_the_span_of_members_is_that_in_a_plane_through_them():
    probe = MLP.build("cpu")
    weights = np.stack([probe.layout.flatten(probe.initialise(seed)[0]) for seed in range(4)])
    weights[3] = weights[0] + 1e-4 * weights[3]  # near enough to be a part of its own
    space = span(weights)
    networks = Networks(space=space, coordinates=space.members, gradient=FIELD)
    found = scored(Torch(), networks, MLP)[GRADIENT]
    doubles = np.stack([space.lift(np.eye(space.rank)[i : i + 1])[0].astype(float) for i in range(space.rank)])
    basis = doubles - space.mean
    loss = double_loss(MLP, FIELD)
    wanted = differences(lambda z: loss(space.mean + z @ basis), space.members)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=ROUNDING * np.abs(wanted).max())
