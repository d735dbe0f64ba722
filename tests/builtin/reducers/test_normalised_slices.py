"""Slices whose directions are scaled as the network's weights are, and whose axes count norms of the network."""

import numpy as np
import pytest
from attrs import evolve

from globscope.api import CheckFacts, EvaluationError, Loss, Networks, PopulationError, Unit
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.reducers.slices.directions import basis_and_mixing
from globscope.builtin.reducers.slices.hessian import HessianSlice
from globscope.builtin.reducers.slices.random import Random
from globscope.builtin.reducers.slices.trajectory import TrajectoryPca
from globscope.builtin.tasks.pinn import PinnConvection
from globscope.store import fingerprint
from globscope.testing import tiny_inputs

CENTRE = 3  # row of A's final network
BY_PART = HessianSlice(latent_dim=3, precision="float64", tolerance=1e-8)
SLICES = {
    **{f"random by {way}": Random(normalisation=way) for way in ("filter", "layer", "model", "none")},
    **{f"hessian by {way}": evolve(BY_PART, normalisation=way) for way in ("filter", "layer", "model", "none")},
    "trajectory-pca": TrajectoryPca(distance=1.0),
}


def made(component, inputs=None):
    return component.reduce(inputs or tiny_inputs(), np.random.default_rng(0))


def directions_of(chart):
    """The (d, D) directions, one unit of each axis."""
    return chart.decode(np.eye(chart.dimension)) @ chart.space.basis


def exact_matrix(inputs, name="hessian"):
    loss = Loss.of(inputs.task().build("cpu"), "cpu", None, np.random.default_rng(0), precision="float64")
    return loss.at(inputs.population.weights[CENTRE], {}, name).products(np.eye(inputs.population.layout.size))


def parts_of(vector, layout, normalisation):
    """The filters or layers of a vector that are scaled, one by one."""
    for tensor in layout.unflatten(vector).values():
        if tensor.ndim > 1:
            yield from tensor.reshape(len(tensor) if normalisation == "filter" else 1, -1)


@pytest.mark.parametrize("normalisation", ["filter", "layer"])
def test_every_part_of_a_normalised_eigenvector_is_as_long_as_the_networks_and_points_where_the_eigenvector_does(
    normalisation,
):
    inputs = tiny_inputs()
    layout, own = inputs.population.layout, inputs.population.weights[CENTRE].astype(float)
    directions = directions_of(made(evolve(BY_PART, normalisation=normalisation)))
    for direction, vector in zip(directions, made(BY_PART).space.basis, strict=True):
        parts = (parts_of(each, layout, normalisation) for each in (direction, vector, own))
        for part, of_vector, of_network in zip(*parts, strict=True):
            length = np.linalg.norm(of_network)
            assert np.linalg.norm(part) == pytest.approx(length)
            # Parts are as exact as the eigenvectors: an error of the tolerance, enlarged in the shortest of them.
            np.testing.assert_allclose(part, of_vector * length / np.linalg.norm(of_vector), atol=1e-4 * length)
        assert all(not t.any() for t in layout.unflatten(np.round(direction, 12)).values() if t.ndim == 1)


def test_normalised_axes_keep_their_eigenvalues_and_the_notes_say_how_the_loss_bends_along_them():
    inputs = tiny_inputs()
    hessian = exact_matrix(inputs)
    values, vectors = np.linalg.eigh(hessian)
    order = np.argsort(-np.abs(values))[:3]
    chart = made(evolve(BY_PART, normalisation="layer"))
    directions = directions_of(chart)
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    for axis, (row, unit) in enumerate(zip(order, units, strict=True)):
        assert chart.notes[f"eigenvalue_{axis + 1}"] == pytest.approx(values[row], rel=1e-6)
        value = f"{values[row]:.4g}".replace("-", "−")
        assert chart.axes[axis] == f"eigenvector {axis + 1} by layer, λ = {value}"
        assert chart.notes[f"curvature_{axis + 1}"] == pytest.approx(unit @ hessian @ unit, rel=1e-6)
        assert chart.notes[f"cosine_{axis + 1}"] == pytest.approx(abs(unit @ vectors[:, row]), rel=1e-4)
    assert chart.notes["curvature_1"] < 0.99 * chart.notes["eigenvalue_1"]  # the eigenvector bends most
    assert chart.notes["largest_cosine"] > 1e-3  # no longer orthogonal, and said


def test_points_of_a_normalised_slice_are_the_sums_of_its_directions_though_these_are_not_orthogonal():
    inputs = tiny_inputs()
    chart = made(evolve(BY_PART, normalisation="filter"))
    points = np.random.default_rng(1).normal(size=(5, 3))
    wanted = inputs.population.weights[CENTRE].astype(float) + points @ directions_of(chart)
    found = chart.space.lift(chart.decode(points))
    np.testing.assert_allclose(found, wanted, atol=1e-5)  # of float32
    np.testing.assert_allclose(chart.encode(chart.space.coordinates(found)[0]), points, atol=1e-5)
    np.testing.assert_allclose(chart.space.basis @ chart.space.basis.T, np.eye(3), atol=1e-12)


@pytest.mark.parametrize("name", SLICES)
def test_a_relative_distance_is_a_share_of_the_networks_norm_and_turns_no_direction(name):
    norm = np.linalg.norm(tiny_inputs().population.weights[CENTRE].astype(float))
    plain, relative = made(SLICES[name]), made(evolve(SLICES[name], distance=0.01, relative=True))
    directions = directions_of(relative)
    lengths = np.linalg.norm(directions, axis=1)
    np.testing.assert_allclose(lengths, norm, rtol=1e-12)
    np.testing.assert_array_equal(np.abs(relative.extent), 0.01)
    assert relative.notes["unit_1"] == pytest.approx(norm)
    before = directions_of(plain)
    np.testing.assert_allclose(directions / norm, before / np.linalg.norm(before, axis=1)[:, None], atol=1e-12)
    assert all(axis.endswith("; in ‖w‖") for axis in relative.axes)


def test_a_relative_slice_along_a_run_reaches_as_far_as_an_absolute_one():
    plain, relative = made(TrajectoryPca()), made(TrajectoryPca(relative=True))
    corners = [chart.decode(chart.extent) @ chart.space.basis for chart in (plain, relative)]
    np.testing.assert_allclose(*corners, rtol=1e-12)


def test_what_does_not_move_the_loss_stays_where_it_is_however_long_its_part():
    inputs = tiny_inputs()
    weights = np.array(inputs.population.weights)
    layout = inputs.population.layout
    named = layout.unflatten(weights[CENTRE])
    named["inner.bias"][2] = -100  # a unit that no example switches on
    named["outer.weight"][:, 2] = 0
    inputs = evolve(inputs, population=evolve(inputs.population, weights=weights))
    slice_ = HessianSlice(normalisation="filter", precision="float64", tolerance=1e-2)
    for direction in directions_of(made(slice_, inputs)):
        assert np.abs(layout.unflatten(direction)["inner.weight"][2]).max() < 1e-12


def rescaled(inputs, factor):
    """The same functions of ReLU networks, with larger weights in one layer and smaller ones in the next."""
    weights = np.array(inputs.population.weights)
    named = inputs.population.layout.unflatten(weights)
    named["inner.weight"] *= factor
    named["inner.bias"] *= factor
    named["outer.weight"] /= factor
    return evolve(inputs, population=evolve(inputs.population, weights=weights))


def losses_on(component, inputs):
    chart, axis = made(component, inputs), np.linspace(-0.3, 0.3, 5)
    networks = Networks.of(chart.space.lift(chart.decode(np.array([[x, y] for x in axis for y in axis]))))
    evaluator, task = Torch(method="loop"), inputs.task()
    scorer = evaluator.scorer(networks, task, evaluator.plan(networks, task))
    return scorer.score(Unit(start=0, stop=len(networks)))["train_loss"]


@pytest.mark.parametrize("normalisation", ["filter", "layer"])
def test_random_slices_of_a_function_are_the_same_whatever_the_scale_of_its_layers_but_those_of_eigenvectors_are_not(
    normalisation,
):
    inputs = tiny_inputs()
    same = Random(normalisation=normalisation)
    np.testing.assert_allclose(losses_on(same, rescaled(inputs, 8)), losses_on(same, inputs), rtol=1e-6)  # of float32
    other = evolve(BY_PART, latent_dim=2, normalisation=normalisation)
    before, after = (np.sort(losses_on(other, each)) for each in (inputs, rescaled(inputs, 8)))  # however axes point
    assert np.abs(after / before - 1).max() > 0.05
    plain = evolve(other, normalisation="model")
    assert losses_on(plain, rescaled(inputs, 8)).max() > 10 * losses_on(plain, inputs).max()


def test_options_that_came_later_are_in_no_key_until_they_are_set():
    for component in (Random(), HessianSlice(), TrajectoryPca()):
        assert not {"relative", "normalisation", "matrix"} & (set(fingerprint(component)) - set(fingerprint(Random())))
        assert "relative" not in fingerprint(component)
        assert fingerprint(evolve(component, relative=True))["relative"] is True
    assert fingerprint(HessianSlice(normalisation="layer"))["normalisation"] == "layer"


def test_a_network_of_zeros_has_no_norm_to_count_in():
    inputs = tiny_inputs()
    empty = evolve(inputs.population, weights=np.zeros_like(inputs.population.weights))
    for way in ({"normalisation": "none", "relative": True}, {"normalisation": "model"}):
        with pytest.raises(PopulationError) as error:
            made(Random(**way), evolve(inputs, population=empty))
        wanted = "reducer 'random': all weights of this network are 0, so no axis can have its norm"
        assert str(error.value) == wanted


def test_directions_that_a_normalisation_makes_alike_are_refused():
    same = np.array([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0]])
    with pytest.raises(PopulationError) as error:
        basis_and_mixing(same, np.ones(3), "layer", relative=False, reducer="hessian")
    assert str(error.value) == (
        "reducer 'hessian': with normalisation = 'layer' the 2 directions lie in a space of fewer axes; "
        "choose a smaller latent_dim"
    )


@pytest.mark.parametrize(
    ("matrix", "name"),
    [
        ("ggn", "Gauss–Newton eigenvector"),
        ("fisher", "Fisher eigenvector"),
        ("empirical-fisher", "empirical Fisher eigenvector"),
    ],
)
def test_slices_along_other_matrices_take_their_eigenvectors_and_are_named_by_them(matrix, name):
    inputs = tiny_inputs()
    exact = exact_matrix(inputs, matrix)
    values, vectors = np.linalg.eigh(exact)
    assert values.min() > -1e-9 * values.max()  # without the negative eigenvalues of the Hessian
    chart = made(evolve(BY_PART, matrix=matrix))
    for axis in range(3):
        value, vector = values[-1 - axis], vectors[:, -1 - axis]
        assert abs(chart.space.basis[axis] @ vector) == pytest.approx(1, abs=1e-6)
        assert chart.axes[axis] == f"{name} {axis + 1}, λ = {value:.4g}"
    normalised = made(evolve(BY_PART, matrix=matrix, normalisation="layer"))
    unit = directions_of(normalised)[0] / normalised.notes["unit_1"]
    assert normalised.notes["curvature_1"] == pytest.approx(unit @ exact @ unit, rel=1e-6)


def test_a_matrix_that_the_task_does_not_give_is_refused_before_anything_is_trained():
    probe = PinnConvection(hidden=(8,), grid=(6, 5), collocation=12).build("cpu")
    HessianSlice().check(CheckFacts(probe=probe))
    with pytest.raises(EvaluationError) as error:
        HessianSlice(matrix="fisher").check(CheckFacts(probe=probe))
    assert str(error.value) == (
        "reducer 'hessian': matrix: 'fisher' needs a loss that is −log of a known probability: its loss has no such "
        "probability; use 'ggn' or 'empirical-fisher'"
    )
