"""Gauss–Newton and Fisher matrices, beside those that definitions give of small networks in float64."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from attrs import evolve
from support.paths import NETS
from support.small_networks import LARGEST, MLP_CLASSES, ROUNDING, TASKS, VECTORS, ExactNetwork

from globscope.api import CheckFacts, Code, EvaluationError, Layout, Loss, ProbeTraits, eigenpairs
from globscope.builtin.analyses.curvature.analysis import Curvature
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.custom import Custom
from globscope.builtin.tasks.language import LanguageModelling
from globscope.builtin.tasks.pinn.task import PinnConvection
from globscope.builtin.tasks.regression import Regression
from globscope.builtin.tasks.segmentation import Segmentation
from globscope.builtin.tasks.supervised import Supervised
from globscope.population.flatten import FlattenedProbe
from globscope.testing import tiny_task


@pytest.fixture(scope="module", params=TASKS)
def exact(request):
    return ExactNetwork(TASKS[request.param])


def assert_products(found, wanted):
    assert found.shape[1] <= LARGEST
    np.testing.assert_allclose(found, wanted, rtol=0, atol=ROUNDING * np.abs(wanted).max())


def assert_products_with(found, matrix):
    assert_products(found, VECTORS[:, : len(matrix)] @ matrix)


def test_the_gauss_newton_matrix_is_that_of_its_definition(exact):
    assert_products_with(exact.products("ggn"), exact.explicit("ggn"))


def test_the_fisher_matrix_is_the_mean_over_what_the_network_itself_would_draw(exact):
    draw = partial(exact.noisy_values, deviation=0.5**0.5) if exact.targets.is_floating_point() else exact.every_class
    assert_products_with(exact.products("fisher"), exact.mean_outer_product(draw))


def test_the_empirical_fisher_matrix_is_that_of_the_examples_own_gradients(exact):
    found = exact.products("empirical-fisher")
    assert_products_with(found, exact.mean_outer_product(exact.own_target))
    assert np.abs(found - exact.products("fisher")).max() > 0.1 * np.abs(found).max()


def test_gauss_newton_is_fisher_where_the_loss_is_minus_a_log_probability(exact):
    found = exact.products("ggn")
    assert_products(found, exact.products("fisher"))
    assert np.abs(found - exact.products("hessian")).max() > 1e-3 * np.abs(found).max()
    assert (np.einsum("kd,kd->k", VECTORS[:, : len(exact.weights)], found) > 0).all()


def test_a_linear_model_has_one_matrix_for_squared_errors_and_is_its_own_gauss_newton():
    exact = ExactNetwork(Regression(hidden=()))
    assert_products(exact.products("ggn"), exact.products("hessian"))


def test_an_absolute_error_has_a_fisher_matrix_and_no_gauss_newton_one():
    exact = ExactNetwork(Regression(hidden=(8,), loss="l1"))
    # Laplace noise: the gradient's square is 1 wherever the value lies beside the output.
    assert_products_with(exact.products("fisher"), exact.mean_outer_product(partial(exact.noisy_values, deviation=1.0)))
    assert not exact.products("ggn").any()
    with pytest.raises(EvaluationError) as caught:
        eigenpairs(exact.loss.at(exact.weights, {}, "ggn").products, len(exact.weights), 3, start=np.ones(97))
    assert str(caught.value) == (
        "curvature: the matrix is zero at this network, as its product with a random vector is: no eigenvalue leads"
    )


REFUSED = {
    ("own loss", "fisher"): (
        "analysis curvature: matrix: 'fisher' needs a loss that is −log of a known probability: task.loss is a "
        "function of your own; use 'ggn' or 'empirical-fisher'"
    ),
    ("no split", "ggn"): (
        "analysis curvature: matrix: 'ggn' needs a loss that is computed from a network's outputs: its probe has no "
        "predictions(parameters, buffers, batch) and loss_of_predictions(predictions, batch); use 'hessian'"
    ),
}


@pytest.mark.parametrize(("probe", "matrix"), REFUSED)
def test_a_matrix_that_a_task_does_not_give_is_refused_with_the_reason(probe, matrix, monkeypatch):
    task = Classification(hidden=(4,), loss=Code(str(NETS), "own_cross_entropy"))
    built = task.build("cpu")
    if probe == "no split":
        monkeypatch.delattr(Supervised, "predictions")
        built.traits = evolve(built.traits, no_split=ProbeTraits().no_split)
    with pytest.raises(EvaluationError) as caught:
        Curvature(matrix=matrix, device="cpu").check(CheckFacts(probe=built, variants=("A",)))
    assert str(caught.value) == REFUSED[probe, matrix]


def test_a_loss_of_the_users_own_has_the_gauss_newton_matrix_of_all_that_the_model_returns():
    own = ExactNetwork(Classification(hidden=(6,), loss=Code(str(NETS), "own_cross_entropy")))
    assert_products(own.products("ggn"), ExactNetwork(TASKS[MLP_CLASSES]).products("ggn"))
    assert_products_with(own.products("empirical-fisher"), own.mean_outer_product(own.own_target))


def every_example(task):
    """Return a task's probe, a fresh network and all its training examples, in float64."""
    probe = task.build("cpu")
    weights = probe.layout.flatten({n: p.numpy() for n, p in probe.initialise(3)[0].items()})
    return probe, weights, Loss.of(probe, "cpu", None, np.random.default_rng(0), precision="float64")


SMALL = {"dim": 8, "depth": 1, "heads": 1}
TINY_SHAPES = {"data_options": {"train": 6, "test": 2, "size": 8}, "model_options": {"widths": [2, 3]}}
SEVERAL = {
    "tokens": lambda: LanguageModelling(path=Path(__file__), context=16, model_options=SMALL),
    "pixels": lambda: Segmentation(**TINY_SHAPES),
}


@pytest.mark.parametrize("kind", SEVERAL)
def test_several_predictions_of_an_example_are_averaged_as_the_loss_averages_them(kind):
    _, weights, loss = every_example(SEVERAL[kind]())
    loss = evolve(loss, rows=loss.rows[:6])
    vectors = np.random.default_rng(0).normal(size=(2, len(weights)))
    ggn, fisher = (loss.at(weights, {}, matrix).products(vectors) for matrix in ("ggn", "fisher"))
    np.testing.assert_allclose(ggn, fisher, rtol=0, atol=ROUNDING * np.abs(fisher).max())
    assert np.abs(ggn).max() > 0


def test_the_gauss_newton_matrix_of_a_physics_informed_network_is_of_its_residuals():
    probe, weights, loss = every_example(PinnConvection(hidden=(6,), grid=(6, 5), collocation=12))
    batch = next(loss.batches())[0]
    flat = torch.from_numpy(np.float64(weights))
    jacobian = torch.autograd.functional.jacobian(
        lambda vector: probe.predictions(probe.layout.unflatten(vector), {}, batch), flat
    ).numpy()
    # The squared error at t = 0, the squared jump and the squared residual, each with its weight.
    factors = batch[1][:, [1, 3, 2]].numpy()
    wanted = np.einsum("nad,na,nae->de", jacobian, 2 * factors / len(factors), jacobian)
    found = loss.at(weights, {}, "ggn").products(np.eye(len(weights)))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-7 * np.abs(wanted).max())  # float32 places and weights


def test_outputs_in_an_object_that_no_tensor_can_be_taken_from_are_refused():
    loss = every_example(
        Classification(model=Code(str(NETS), "boxed"), loss=Code(str(NETS), "boxed_cross_entropy"), train_examples=9)
    )[2]
    weights = np.zeros(loss.probe.layout.size)
    assert loss.at(weights, {}).products(np.ones((1, len(weights)))).any()
    with pytest.raises(EvaluationError) as caught:
        loss.at(weights, {}, "ggn").products(np.ones((1, len(weights))))
    assert str(caught.value) == (
        "matrix: 'ggn' needs outputs that depend on the weights, as a tensor, or as tensors in tuples, lists or dicts; "
        "the task's model returns SimpleNamespace"
    )


def test_weights_that_are_not_mapped_are_constants_of_every_matrix():
    probe, weights, loss = every_example(tiny_task())
    layout = Layout(names=probe.layout.names[2:], shapes=probe.layout.shapes[2:])
    inner = {name: tensor.double() for name, tensor in probe.layout.unflatten(torch.from_numpy(weights)).items()}
    part = FlattenedProbe(probe, layout, {name: inner[name] for name in probe.layout.names[:2]})
    vectors = np.random.default_rng(0).normal(size=(3, 51)) * (np.arange(51) >= 30)
    for kind in ("ggn", "fisher", "empirical-fisher"):
        matrix = evolve(loss.at(weights, {}, kind), loss=evolve(loss, probe=part), parameters=inner)
        wanted = loss.at(weights, {}, kind).products(vectors)[:, 30:]
        np.testing.assert_allclose(matrix.products(vectors[:, 30:]), wanted, rtol=0, atol=ROUNDING)


def test_outputs_in_several_places_are_all_differentiated():
    task = Custom(
        model=Code(str(NETS), "two_heads"), data=Code(str(NETS), "pairs"), losses=Code(str(NETS), "head_losses")
    )
    _, weights, loss = every_example(task)
    vectors = np.random.default_rng(0).normal(size=(3, len(weights)))
    hessian, ggn = (loss.at(weights, {}, kind).products(vectors) for kind in ("hessian", "ggn"))
    # Linear heads with squared errors: the network itself has no second derivatives.
    np.testing.assert_allclose(ggn, hessian, rtol=0, atol=ROUNDING * np.abs(hessian).max())
    assert np.abs(ggn).max() > 0
