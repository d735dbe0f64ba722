"""The simplex of some networks: a flat map whose axes are their shares."""

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, strategies as st
from support.reduction import inputs, reduce
from support.study import TINY, study_in, values

from globscope.api import PopulationError
from globscope.builtin.reducers import Simplex
from globscope.testing import tiny_inputs
from globscope.testing.tiny.population import inputs_of

SIMPLICES = [Simplex(), Simplex(of=("B@1", "A", "C")), Simplex(of=("A", "B@2", "C", "A@0"))]


def lifted(chart, points):
    return chart.space.lift(chart.decode(points))


@pytest.mark.parametrize("simplex", SIMPLICES, ids=str)
@pytest.mark.parametrize("given", [tiny_inputs(), inputs(size=4000)], ids=["12", "24"])
def test_the_corners_are_the_networks_bit_for_bit(simplex, given):
    chart = reduce(simplex, given)
    corners = np.concatenate([np.zeros((1, chart.dimension)), np.eye(chart.dimension)])
    assert np.array_equal(lifted(chart, corners), given.population.weights[chart.arrays["rows"]])
    np.testing.assert_allclose(chart.latents[chart.arrays["rows"]], corners, atol=1e-12)


@given(st.integers(0, 2**16))
def test_a_point_decodes_to_the_network_of_these_shares_and_is_encoded_back(seed):
    rng, inputs_ = np.random.default_rng(seed), tiny_inputs()
    chart = reduce(SIMPLICES[2], inputs_)
    shares = rng.dirichlet(np.ones(4), size=5)
    networks = shares @ inputs_.population.weights[chart.arrays["rows"]].astype(np.float64)
    np.testing.assert_allclose(lifted(chart, shares[:, 1:]), networks, atol=1e-5)  # lifted weights are float32
    coordinates, outside = chart.space.coordinates(networks)
    np.testing.assert_allclose(chart.encode(coordinates), shares[:, 1:], atol=1e-10)
    np.testing.assert_allclose(outside, 0, atol=1e-10)


def test_axes_are_named_by_the_networks_whose_shares_they_are_and_the_origin_is_noted():
    chart = reduce(Simplex(of=("B@1", "A", "C")), tiny_inputs())
    assert chart.axes == ("share of A@3", "share of C@3")
    assert chart.notes == {"origin": "B@1", "through": "A@3, C@3"}
    np.testing.assert_array_equal(chart.extent, [[0, 0], [1, 1]])


def test_gradients_are_pulled_back_through_the_shares():
    chart, rng = reduce(Simplex(), tiny_inputs()), np.random.default_rng(0)
    points, gradients = rng.normal(size=(4, 2)), rng.normal(size=(4, chart.space.rank))
    for axis in range(2):
        step = np.eye(2)[axis]
        way = chart.decode(points + step) - chart.decode(points)
        np.testing.assert_allclose(chart.pullback(points, gradients)[:, axis], (way * gradients).sum(axis=1))


def test_a_network_that_is_a_mean_of_the_others_is_refused():
    given = tiny_inputs()
    weights = np.array(given.population.weights)
    weights[11] = (weights[3] + weights[7]) / 2
    with pytest.raises(PopulationError, match=r"^reducer 'simplex': one of A, B, C is a weighted mean of the others$"):
        reduce(Simplex(), inputs_of(evolve(given.population, weights=weights)))
    with pytest.raises(PopulationError, match="one of A, A@3, B is a weighted mean of the others"):
        reduce(Simplex(of=("A", "A@3", "B")), tiny_inputs())


@pytest.mark.parametrize(
    ("of", "says"),
    [
        (("A", "B"), "of must name 3 or 4 networks, or none"),
        (("A", "B", "C", "A@0", "B@0"), "of must name 3 or 4 networks, or none"),
        (("A", "B", "A"), "of names one network twice: A, B, A"),
    ],
)
def test_too_few_and_too_many_networks_are_refused_with_the_options(of, says):
    with pytest.raises(ValueError, match=f"^{says}$"):
        Simplex(of=of)


def test_a_study_of_two_runs_needs_names(tmp_path):
    two_runs = TINY.replace('[[population.variant]]\nname = "C"\nbatch_size = 128\nlearning_rate = 2e-2\n', "")
    with pytest.raises(PopulationError, match="reducer 'simplex' needs three networks, and there are 2 training runs"):
        study_in(tmp_path, two_runs.replace('"pca"', '"simplex"')).run()


def test_a_study_samples_the_square_around_the_triangle(tmp_path):
    (map_,) = values(study_in(tmp_path, TINY.replace('"pca"', '"simplex"'))).atlas.maps
    points = map_.landscape.samples.points
    assert points.min() < 0 < 1 < points.max()
    assert map_.landscape.trusted.all()
    finals = map_.population.finals
    np.testing.assert_allclose(map_.decoded["train_loss"][finals], map_.truth["train_loss"][finals], rtol=1e-6)
