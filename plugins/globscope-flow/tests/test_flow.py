"""The flow: a bijection, exact on the members, the same bits twice, restored without a fit."""

import numpy as np
import pytest
import torch
from attrs import evolve
from globscope_flow import Flow
from globscope_flow.couplings import couplings
from safetensors.numpy import load, save
from support.reduction import inputs, reduce

from globscope.api import EvaluationError, GlobscopeError, PopulationError
from globscope.testing import parametrize_contract

SMALL = {"hidden": (32, 16), "steps": 60}


@pytest.fixture(scope="module")
def given():
    return inputs()


@pytest.fixture(scope="module")
def chart(given):
    return reduce(Flow(**SMALL), given)


@parametrize_contract(Flow.quick_examples())
def test_contract(check):
    check()


def test_every_member_is_returned_to_rounding(given, chart):
    assert chart.exact_inverse
    off = np.abs(chart.decode(chart.encode(given.coordinates)) - given.coordinates).max()
    assert off <= 1e-10 * np.abs(given.coordinates).max()
    lifted = given.space.lift(chart.decode(chart.latents))
    assert np.abs(lifted - given.population.weights).max() <= 1e-6  # float32 weights of about 1


def test_without_the_interpolation_it_would_not_be(given, chart):
    variance = given.population.weights.var(axis=0, dtype=np.float64).mean()
    assert chart.notes["mse_without_interpolation"] > 1e-4 * variance


def test_the_couplings_are_a_bijection_of_all_coordinates_not_of_the_members_alone(given, chart):
    pair = couplings(torch.from_numpy(chart.arrays["own.leading"]), SMALL["hidden"], 0).double()
    pair.load_state_dict({name: torch.from_numpy(chart.arrays[name]) for name in pair.state_dict()})
    flow = pair()
    points = torch.from_numpy(np.random.default_rng(1).normal(size=(50, given.coordinates.shape[1])))
    with torch.no_grad():
        outputs = flow(points)
        assert torch.allclose(flow.inv(outputs), points, rtol=0, atol=1e-12)
        assert not torch.allclose(outputs, points, atol=0.1)
        assert torch.allclose(flow(flow.inv(points)), points, rtol=0, atol=1e-12)


def test_another_network_is_projected_onto_the_map_and_stays_where_it_is(given, chart):
    points = np.random.default_rng(1).uniform(chart.latents.min(0), chart.latents.max(0), size=(50, 2))
    assert np.allclose(chart.encode(chart.decode(points)), points, rtol=0, atol=1e-10)
    strange = np.random.default_rng(2).normal(size=(5, given.coordinates.shape[1]))
    assert not np.allclose(chart.decode(chart.encode(strange)), strange, atol=0.1)


def test_equal_members_lie_at_one_point_exactly(given):
    twice = evolve(given, coordinates=np.concatenate([given.coordinates, given.coordinates[:5]]))
    chart = reduce(Flow(**SMALL), twice)
    assert chart.exact_inverse
    assert np.allclose(chart.latents[:5], chart.latents[-5:], rtol=0, atol=1e-12)


def test_two_fits_agree_bit_for_bit_and_another_seed_does_not(given, chart):
    assert np.array_equal(reduce(Flow(**SMALL), inputs()).latents, chart.latents)
    assert not np.array_equal(reduce(Flow(**SMALL), given, seed=1).latents, chart.latents)


def test_a_restored_chart_is_the_chart_bit_for_bit_and_draws_nothing(given, chart):
    before = torch.get_rng_state(), torch.get_num_threads()
    again = Flow(**SMALL).restore(given, load(save(dict(chart.arrays))))
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == torch.get_num_threads()
    points = np.random.default_rng(1).uniform(-1, 1, size=(50, 2))
    assert np.array_equal(again.latents, chart.latents)
    assert np.array_equal(again.decode(points), chart.decode(points))
    assert again.exact_inverse


def test_gradients_are_those_of_central_differences(given, chart):
    rng = np.random.default_rng(3)
    points, gradients = rng.uniform(-1, 1, size=(20, 2)), rng.normal(size=(20, given.coordinates.shape[1]))
    step = 1e-6  # in float64; a kink of a ReLU lies within it by chance only
    for axis in range(2):
        moved = step * np.eye(2)[axis]
        change = ((chart.decode(points + moved) - chart.decode(points - moved)) * gradients).sum(axis=1) / (2 * step)
        assert np.allclose(chart.pullback(points, gradients)[:, axis], change, rtol=1e-5, atol=1e-5)


def test_more_steps_leave_less_to_interpolate(given, chart):
    longer = reduce(Flow(**SMALL | {"steps": 300}), given)
    assert longer.notes["mse_without_interpolation"] < 0.5 * chart.notes["mse_without_interpolation"]
    assert longer.notes["steps"] == 300


def test_some_steps_tell_of_all_and_fewer_where_there_are_more_members():
    assert Flow(steps=400).trial(50) == (Flow(steps=100), 4)
    assert Flow(steps=400).trial(1000) == (Flow(steps=5), 80)
    assert Flow(steps=3).trial(50) == (Flow(steps=3), 1)
    assert Flow().trial(1001) is None


def test_progress_is_reported_every_fifty_steps_and_at_the_end():
    given = inputs()
    chart = reduce(Flow(**SMALL), given)
    assert [report[:2] for report in given.progress.reports] == [(0, 60), (50, 60), (60, 60)]
    assert given.progress.reports[-1][2] == {"mse": chart.notes["mse_without_interpolation"]}


def test_as_many_axes_as_directions_are_refused(given):
    with pytest.raises(PopulationError, match="wants more directions than latent_dim = 23, but the 24 "):
        reduce(Flow(latent_dim=23), given)
    with pytest.raises(PopulationError, match="span 0; `span` maps all of them"):
        reduce(Flow(), evolve(given, coordinates=np.ones_like(given.coordinates)))


def test_a_fit_that_diverges_says_so(given):
    with pytest.raises(GlobscopeError, match=r"no longer finite at step 1; lower its learning_rate$"):
        reduce(Flow(**SMALL, learning_rate=1e30), given)


def test_a_device_that_this_machine_lacks_is_refused():
    with pytest.raises(EvaluationError, match=r"reducer\.device: this machine has no 'cuda:97'"):
        Flow(device="cuda:97").check(None)


def test_a_fit_that_lacks_memory_names_what_needs_less(given, monkeypatch):
    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr("globscope_flow.couplings._train", full)
    with pytest.raises(GlobscopeError, match="does not fit into the memory of cpu; use narrower layers"):
        reduce(Flow(**SMALL), given)


@pytest.mark.parametrize("wrong", [{"latent_dim": 0}, {"hidden": (8, 0)}, {"learning_rate": 0.0}, {"steps": 0}])
def test_impossible_options_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Flow(**wrong)
