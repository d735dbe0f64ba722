"""Gauss–Newton and Fisher matrices, beside those that definitions give of small networks in float64."""

from functools import partial

import numpy as np
import pytest
import torch
from attrs import evolve
from support.paths import NETS

from globscope.api import CheckFacts, Code, EvaluationError, Loss, ProbeTraits, eigenpairs
from globscope.builtin.analyses.curvature.analysis import Curvature
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.regression import Regression
from globscope.builtin.tasks.supervised import Supervised

# Of the largest entry: sums of a few dozen float64 products, in another order.
ROUNDING = 1e-12
EXAMPLES, LARGEST = 40, 500
VECTORS = np.random.default_rng(0).normal(size=(4, LARGEST))
TASKS = {
    "MLP, classes": Classification(hidden=(6,)),
    "BatchNorm, classes": Classification(model=Code(str(NETS), "batch_norm"), model_options={"width": 6}),
    "MLP, values": Regression(hidden=(24, 8)),
    "BatchNorm, values": Regression(model=Code(str(NETS), "batch_norm_regression")),
}


class Exact:
    """A network's matrices by their definitions: from the loss of one example after another."""

    def __init__(self, task):
        self.probe = task.build("cpu")
        self.weights = self.probe.layout.flatten({n: p.numpy() for n, p in self.probe.initialise(3)[0].items()})
        # Batches of which the last is smaller.
        self.loss = Loss.of(self.probe, "cpu", EXAMPLES, np.random.default_rng(0), precision="float64", batch_size=15)
        self.buffers = self.loss.at(self.weights, {}).buffers
        self.flat = torch.from_numpy(np.float64(self.weights))
        inputs, targets = self.probe.batch("train", torch.from_numpy(self.loss.rows))
        self.inputs, self.targets = inputs.double(), targets

    def products(self, kind):
        """Return the products with a few random vectors, which no other matrix gives."""
        return self.loss.at(self.weights, {}, kind).products(VECTORS[:, : len(self.weights)])

    def outputs(self, flat):
        return self.probe.outputs(self.probe.layout.unflatten(flat), self.buffers, (self.inputs, self.targets))

    def jacobian(self):
        return torch.autograd.functional.jacobian(self.outputs, self.flat).numpy()

    def gradient(self, example, target):
        flat = self.flat.clone().requires_grad_()
        batch = self.inputs[example : example + 1], target
        loss = self.probe.objective(self.probe.layout.unflatten(flat), self.buffers, batch, training=False)
        return torch.autograd.grad(loss, flat)[0].numpy()

    def mean_outer_product(self, shares):
        """Return the mean over examples of the outer products of gradients; `shares` yields an example's targets."""
        rows = np.concatenate(
            [
                [np.sqrt(share) * self.gradient(example, target) for share, target in shares(example)]
                for example in range(EXAMPLES)
            ]
        )
        return rows.T @ rows / EXAMPLES

    def own_target(self, example):
        yield 1.0, self.targets[example : example + 1]

    def every_class(self, example):
        chances = self.outputs(self.flat)[example].softmax(0)
        yield from ((float(chance), torch.tensor([number])) for number, chance in enumerate(chances))

    def noisy_values(self, example, deviation):
        """Two values whose squared distance is the noise's variance: so is the mean of what is quadratic in it."""
        value = self.outputs(self.flat)[example : example + 1]
        yield from ((0.5, value + sign * deviation) for sign in (-1, 1))


@pytest.fixture(scope="module", params=TASKS)
def exact(request):
    return Exact(TASKS[request.param])


def assert_products(found, wanted):
    assert found.shape[1] <= LARGEST
    np.testing.assert_allclose(found, wanted, rtol=0, atol=ROUNDING * np.abs(wanted).max())


def assert_products_with(found, matrix):
    assert_products(found, VECTORS[:, : len(matrix)] @ matrix)


def test_the_gauss_newton_matrix_is_that_of_its_definition(exact):
    outputs, jacobian = exact.outputs(exact.flat), exact.jacobian()
    if exact.targets.is_floating_point():
        curvature = np.broadcast_to(2 * np.eye(1), (EXAMPLES, 1, 1))
    else:
        p = outputs.softmax(1).numpy()
        curvature = np.stack([np.diag(row) - np.outer(row, row) for row in p])
    wanted = np.einsum("nad,nab,nbe->de", jacobian, curvature, jacobian, optimize=True) / EXAMPLES
    assert_products_with(exact.products("ggn"), wanted)


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
    exact = Exact(Regression(hidden=()))
    assert_products(exact.products("ggn"), exact.products("hessian"))


def test_an_absolute_error_has_a_fisher_matrix_and_no_gauss_newton_one():
    exact = Exact(Regression(hidden=(8,), loss="l1"))
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
    own = Exact(Classification(hidden=(6,), loss=Code(str(NETS), "own_cross_entropy")))
    assert_products(own.products("ggn"), Exact(TASKS["MLP, classes"]).products("ggn"))
    assert_products_with(own.products("empirical-fisher"), own.mean_outer_product(own.own_target))
