"""The autoencoder's optimiser, stress, batches and device."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from support.reduction import inputs, reduce

from globscope.api import EvaluationError, GlobscopeError
from globscope.builtin.reducers import Autoencoder
from globscope.builtin.reducers.autoencoder import place, stress
from globscope.builtin.reducers.autoencoder.batches import COMPARED, batches
from globscope.builtin.reducers.autoencoder.optimiser import orthogonal
from globscope.builtin.reducers.autoencoder.stress import stress_of

SMALL = {"hidden": (32, 16), "steps": 120}


def points(count=20, width=5, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(count, width)))


def test_orthogonalised_matrices_have_singular_values_of_about_one_whatever_their_scale():
    matrices = points(6, 8).reshape(2, 3, 8)
    for scale in (1e-12, 1.0, 1e12):
        values = torch.linalg.svdvals(orthogonal(scale * matrices))
        # Singular values from 0.001 to 1 end between 0.44 and 1.56.
        assert ((values > 0.4) & (values < 1.6)).all()


def test_orthogonalising_a_matrix_of_rank_one_scales_its_singular_value_of_one_to_about_one():
    # The scaled rows make it 1, where the iteration is steepest, and rounding may make it more.
    matrix = points(64, 1).float() @ points(1, 128, seed=1).float()
    values = torch.linalg.svdvals(orthogonal(matrix[None]))[0]
    assert 0.4 < values[0] < 1.6
    assert values[1] < 0.05


def test_a_gradient_of_zeros_moves_nothing():
    assert not orthogonal(torch.zeros(2, 3, 8)).any()


def test_muon_reaches_a_tenth_of_adams_error_in_as_many_steps():
    options = {"hidden": (32, 16), "stress": 0.0, "steps": 200}
    muon, adam = (reduce(Autoencoder(**options, optimiser=kind), inputs()) for kind in ("muon", "adam"))
    assert muon.notes["mse_per_weight"] < 0.1 * adam.notes["mse_per_weight"]


def test_unset_steps_and_rates_are_those_of_the_optimiser():
    given = inputs()
    unset = reduce(Autoencoder(hidden=(8,), optimiser="adam", stress=0.0, tolerance=10.0), given)
    assert given.progress.reports[-1][:2] == (4000, 4000)
    assert unset.notes["steps"] == 0
    options = {"hidden": (8,), "steps": 30, "optimiser": "rmsprop"}
    one, other = (reduce(Autoencoder(**options, **rate), inputs()) for rate in ({}, {"learning_rate": 6e-3}))
    assert np.array_equal(one.latents, other.latents)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_latents_whose_distances_are_proportional_have_no_stress(scale):
    flat = points(width=2)
    assert float(stress_of(flat)(scale * flat)) == pytest.approx(0, abs=1e-9)
    assert float(stress_of(scale * flat)(flat)) == pytest.approx(0, abs=1e-9)


def test_the_stress_is_the_least_over_all_scales():
    high, latents = points(), points(width=2, seed=1)
    wide, near = pdist(high.numpy()), pdist(latents.numpy())
    # w = 1 / D, and the least-squares scale in closed form.
    scale = near.sum() / (near**2 / wide).sum()
    expected = ((scale * near - wide) ** 2 / wide).sum() / wide.sum()
    assert float(stress_of(high)(latents)) == pytest.approx(expected, rel=1e-6)


def test_wide_points_are_compared_by_blocks_of_columns(monkeypatch):
    latents = points(width=2, seed=1)
    whole = float(stress_of(points())(latents))
    monkeypatch.setattr(stress, "COLUMNS", 2)
    assert float(stress_of(points())(latents)) == pytest.approx(whole, rel=1e-12)


def test_equal_members_and_equal_latents_leave_the_stress_and_its_gradient_finite():
    twins = torch.cat([points(), points()]).float()
    latents = torch.zeros(40, 2).index_fill(0, torch.arange(3), 0.5).requires_grad_()
    stress = stress_of(twins)(latents)
    stress.backward()
    assert torch.isfinite(stress)
    assert torch.isfinite(latents.grad).all()


def test_latents_that_all_coincide_have_the_largest_stress_and_no_gradient():
    latents = torch.ones(20, 2).requires_grad_()
    stress = stress_of(points().float())(latents)
    stress.backward()
    assert stress.item() == 1
    assert not latents.grad.any()


@pytest.mark.parametrize("same", [torch.zeros(1, 5), torch.ones(4, 5)])
def test_points_that_coincide_have_no_stress_and_no_gradient(same):
    latents = torch.rand(len(same), 2).requires_grad_()
    stress = stress_of(same)(latents)
    assert stress.item() == 0
    assert not stress.requires_grad


@pytest.mark.parametrize("batch_size", [1, 2])
def test_batches_of_one_member_or_of_equal_ones_are_learned(batch_size):
    given = inputs()
    chart = reduce(Autoencoder(**SMALL, batch_size=batch_size), given)
    assert np.isfinite(chart.latents).all()
    assert chart.notes["mse_per_weight"] < given.progress.reports[0][2]["mse"]


def test_the_stress_keeps_distances_in_proportion():
    def stress_with(weight):
        given = inputs()
        chart = reduce(Autoencoder(hidden=(32, 16), steps=200, stress=weight), given)
        return float(stress_of(torch.tensor(given.coordinates))(torch.tensor(chart.latents)))

    assert stress_with(0.5) < 0.5 * stress_with(0.0)


def test_every_member_is_in_one_batch_of_every_pass():
    data = torch.arange(23.0)[:, None].expand(-1, 3)
    drawn = batches(data, 6, np.random.default_rng(0), "cpu", stress=True)
    passes = [[next(drawn).points[:, 0] for _ in range(4)] for _ in range(2)]
    for parts in passes:
        assert sorted(torch.cat(parts).tolist()) == list(range(23))
        assert {len(part) for part in parts} == {5, 6}
    assert not torch.equal(passes[0][0], passes[1][0])


def test_the_stress_compares_a_bounded_number_of_members():
    data = points(COMPARED + 9, 3)
    drawn = batches(data, len(data), np.random.default_rng(0), "cpu", stress=True)
    first, second = next(drawn), next(drawn)
    assert len(first.points) == len(data)
    assert not torch.equal(first.points[:COMPARED], second.points[:COMPARED])  # others are compared at every step
    assert torch.isfinite(first.loss(torch.nn.Sequential(torch.nn.Identity(), torch.nn.Identity()), 1.0))


def test_small_batches_learn_and_repeat_their_bits():
    options = SMALL | {"batch_size": 7}
    given = inputs()
    one, two = reduce(Autoencoder(**options), given), reduce(Autoencoder(**options), inputs())
    assert np.array_equal(one.latents, two.latents)
    assert one.notes["mse_per_weight"] < 0.1 * given.progress.reports[0][2]["mse"]
    lifted = given.space.lift(one.decode(one.latents))
    error = np.square(lifted - given.population.weights, dtype=np.float64).mean()
    assert one.notes["mse_per_weight"] == pytest.approx(error, rel=1e-4)


def test_a_batch_of_all_members_is_the_full_batch():
    one, two = (reduce(Autoencoder(**SMALL, batch_size=size), inputs()) for size in (None, 1000))
    assert np.array_equal(one.latents, two.latents)


def test_a_small_fit_stays_on_the_cpu_and_a_large_one_goes_where_its_memory_is(monkeypatch):
    network = torch.nn.Sequential(torch.nn.Sequential(torch.nn.Linear(1000, 100)))
    free = {}
    monkeypatch.setattr(place, "device", lambda wanted, _: "cuda" if wanted == "auto" else wanted)
    monkeypatch.setattr(place, "free_memory", free.get)
    assert place.fit_device("auto", network, 10) == "cpu"
    assert place.fit_device("auto", network, 10_000) == "cuda"
    assert place.fit_device("cuda:1", network, 10) == "cuda:1"
    # Seven times the parameters and four times the batch, of four bytes each.
    free["cuda"] = 4 * (7 * 100_100 + 4 * 10_000_000)
    assert place.fit_device("auto", network, 10_000) == "cpu"
    free["cuda"] += 1
    assert place.fit_device("auto", network, 10_000) == "cuda"


def test_a_device_that_this_machine_lacks_is_refused():
    with pytest.raises(EvaluationError, match=r"reducer\.device: this machine has no 'cuda:97'"):
        Autoencoder(device="cuda:97").check(None)


def test_a_fit_that_lacks_memory_names_what_needs_less(monkeypatch):
    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr("globscope.builtin.reducers.autoencoder.training.Training.train", full)
    with pytest.raises(GlobscopeError, match="does not fit into the memory of cpu; use a smaller batch_size"):
        reduce(Autoencoder(**SMALL), inputs())


@pytest.mark.parametrize("batch_size", [None, 7])
def test_a_fit_on_any_device_restores_the_members_and_decodes_on_the_cpu(device, batch_size):
    given = inputs()
    chart = reduce(Autoencoder(**SMALL, device=device, batch_size=batch_size), given)
    again = Autoencoder(**SMALL).restore(given, chart.arrays)
    assert np.array_equal(again.decode(chart.latents), chart.decode(chart.latents))
    assert chart.notes["mse_per_weight"] < 0.1 * given.progress.reports[0][2]["mse"]
