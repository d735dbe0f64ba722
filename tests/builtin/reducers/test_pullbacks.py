"""Gradients along charts: from a loss back to latent points, against central differences in float64."""

import numpy as np
import pytest
import torch
from attrs import evolve
from support.gradients import STEP, differences, double_loss
from support.reduction import inputs, reduce

from globscope.api import GRADIENT, Member, Networks, Population, ReducerInputs, Unit, span
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.reducers.autoencoder.network import load
from globscope.builtin.reducers.autoencoder.reducer import Autoencoder
from globscope.builtin.reducers.hull import Hull
from globscope.builtin.reducers.kernel_pca import KernelPca
from globscope.builtin.reducers.pca import Pca
from globscope.builtin.reducers.slices.hessian import HessianSlice
from globscope.builtin.reducers.slices.random import Random
from globscope.builtin.reducers.slices.through import Line, Plane
from globscope.builtin.reducers.slices.trajectory import TrajectoryPca
from globscope.builtin.reducers.span import Span
from globscope.builtin.tasks.regression import Regression

TASK = Regression(hidden=(6,))
FIELD = "train_loss"
# Of float32 sums, in the model and in an autoencoder's decoder, relative to the largest component.
ROUNDING = 1e-5
REDUCERS = {
    "pca": Pca(),
    "kernel-pca": KernelPca(),
    "autoencoder": Autoencoder(steps=60),
    "smooth autoencoder": Autoencoder(steps=60, activation="tanh", normalisation="none", latent_bound="none"),
    "autoencoder with skips": Autoencoder(steps=60, skip=True),
    "autoencoder with a straight loss": Autoencoder(steps=20, straight_loss=0.1),
    "random": Random(centre="A"),
    "random, not orthogonal": Random(normalisation="layer"),
    "hessian": HessianSlice(examples=50),
    "trajectory-pca": TrajectoryPca(),
    "plane": Plane(members=("A", "B", "C")),
    "span": Span(),
    "hull": Hull(of=("A", "B", "C")),
    "line": Line(members=("A", "B")),
}


@pytest.fixture(scope="module")
def three_runs():
    """Three runs of networks that move from their starts in curves, with losses that differ."""
    layout = TASK.build("cpu").layout
    rng, rows, members = np.random.default_rng(0), [], []
    for seed, name in enumerate("ABC"):
        start = layout.flatten(TASK.build("cpu").initialise(seed)[0])
        drift, bend = 0.2 * rng.normal(size=(2, layout.size))
        for step, t in enumerate(np.linspace(0, 1, 5)):
            rows.append(start + t * drift + t * t * bend)
            members.append(Member(variant=name, step=step))
    population = Population(members=tuple(members), weights=np.array(rows, np.float32), layout=layout)
    space = span(population.weights)
    return ReducerInputs(coordinates=space.members, population=population, space=space, task=lambda: TASK)


def double_decode(reducer, chart, three_runs):
    """Return the chart's decode in float64."""
    if not isinstance(reducer, Autoencoder):
        return chart.decode
    network, arrays = reducer._network(three_runs.coordinates.shape[1]), chart.arrays
    load(network, {name: array for name, array in arrays.items() if name != "scale"})
    decoder = network.double()[1]

    def decode(points):
        with torch.no_grad():
            return decoder(torch.tensor(points)).numpy() * float(arrays["scale"])

    return decode


def double_lift(space):
    """Return a space's lift in float64."""
    if hasattr(space, "origin"):
        return lambda coordinates: space.origin.astype(float) + coordinates @ space.basis
    mean, basis = space._mean_and_basis(slice(None))
    return lambda coordinates: mean + coordinates @ basis


@pytest.mark.parametrize("restored", [False, True])
@pytest.mark.parametrize("name", REDUCERS)
def test_a_gradient_at_latent_points_is_that_of_central_differences(name, restored, three_runs):
    reducer = REDUCERS[name]
    chart = reduce(reducer, three_runs)
    assert chart.differentiates
    if restored:
        if chart.arrays is None:  # it is fitted again
            return
        chart = reducer.restore(three_runs, dict(chart.arrays))
    points = chart.latents[[1, 7, 13]] + 0.08 * np.ptp(chart.latents, axis=0)  # not at a kink of a ReLU
    networks = Networks(space=chart.space, coordinates=chart.decode(points), gradient=FIELD)
    evaluator = Torch()
    scorer = evaluator.scorer(networks, TASK, evaluator.plan(networks, TASK))
    found = chart.pullback(points, scorer.score(Unit(start=0, stop=len(points)))[GRADIENT])
    loss, lift, decode = double_loss(TASK, FIELD), double_lift(chart.space), double_decode(reducer, chart, three_runs)
    steps = STEP * np.ptp(chart.latents, axis=0)
    wanted = differences(lambda z: loss(lift(decode(z[None] * steps))[0]), points / steps, 1) / steps
    assert found.shape == points.shape
    np.testing.assert_allclose(found, wanted, rtol=0, atol=ROUNDING * np.abs(wanted).max())


@pytest.mark.parametrize("kernel", ["rbf", "poly", "sigmoid", "cosine", "linear"])
@pytest.mark.parametrize("latent_dim", [1, 3])
def test_the_pre_image_of_every_kernel_is_differentiated_exactly(kernel, latent_dim):
    data = inputs()
    chart = reduce(KernelPca(kernel=kernel, latent_dim=latent_dim, alpha=0.1), data)
    points = chart.latents[::5] * 0.9 + 0.05 * np.ptp(chart.latents)
    gradients = np.random.default_rng(0).normal(size=(len(points), data.coordinates.shape[1]))
    products = [differences(lambda z, g=g: float(chart.decode(z[None])[0] @ g), points, 1e-4) for g in gradients]
    wanted = np.stack([rows[i] for i, rows in enumerate(products)])
    # What a polynomial in one axis decodes to is rounded to 1e-9, its regression being ill-conditioned.
    np.testing.assert_allclose(chart.pullback(points, gradients), wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())


def test_a_chart_in_weight_space_itself_leaves_gradients_to_differences(three_runs):
    full = evolve(three_runs, space=Networks.of(three_runs.population.weights).space)
    full = evolve(full, coordinates=three_runs.population.weights)
    chart = reduce(Pca(), full)
    assert not chart.differentiates
    assert chart.gradient_cost == 5
