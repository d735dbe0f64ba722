"""The autoencoder: same bits twice, restored without a fit, honest about its progress and its error."""

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save
from support.reduction import MEMBERS, SIZE, Reports

from globscope.api import (
    FullSpace,
    GlobscopeError,
    Layout,
    Member,
    Population,
    PopulationError,
    ReducerInputs,
    span,
)
from globscope.builtin.reducers import Autoencoder, Pca

SMALL = {"hidden": (32, 16), "steps": 120}


def population():
    """Three variants in curved trajectories."""
    rng = np.random.default_rng(0)
    times = np.linspace(0.1, 1, 8)[:, None]
    weights = [0.3 * s + times * d + times**2 * b for s, d, b in rng.normal(size=(3, 3, SIZE))]
    return Population(
        members=tuple(Member(variant=name, step=step) for name in "ABC" for step in range(8)),
        weights=np.concatenate(weights).astype(np.float32),
        layout=Layout(names=("w",), shapes=((SIZE,),)),
    )


def inputs(space=None):
    members = population()
    space = space or span(members.weights)
    coordinates, _ = space.coordinates(members.weights)
    return ReducerInputs(coordinates=coordinates, population=members, space=space, progress=Reports())


def reduced(reducer, given, seed=0):
    return reducer.reduce(given, np.random.default_rng(seed))


def test_two_runs_agree_bit_for_bit_and_another_seed_does_not():
    one, two = reduced(Autoencoder(**SMALL), inputs()), reduced(Autoencoder(**SMALL), inputs())
    points = np.random.default_rng(1).uniform(-1, 1, size=(50, 2))
    assert np.array_equal(one.latents, two.latents)
    assert np.array_equal(one.decode(points), two.decode(points))
    assert not np.array_equal(one.latents, reduced(Autoencoder(**SMALL), inputs(), seed=1).latents)


def test_torchs_generator_and_threads_and_the_inputs_stay_as_they_were():
    given = inputs()
    before = torch.get_rng_state(), torch.get_num_threads(), given.coordinates.copy()
    chart = reduced(Autoencoder(**SMALL), given)
    Autoencoder(**SMALL).restore(given, chart.arrays)
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == torch.get_num_threads()
    assert np.array_equal(before[2], given.coordinates)


def test_what_the_generator_held_before_does_not_enter():
    one = reduced(Autoencoder(**SMALL), inputs()).latents
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(99)
        assert np.array_equal(reduced(Autoencoder(**SMALL), inputs()).latents, one)


def test_the_number_of_threads_does_not_enter():
    one, threads = reduced(Autoencoder(**SMALL), inputs()).latents, torch.get_num_threads()
    torch.set_num_threads(1 if threads > 1 else 2)
    try:
        assert np.array_equal(reduced(Autoencoder(**SMALL), inputs()).latents, one)
    finally:
        torch.set_num_threads(threads)


def test_a_restored_chart_is_the_chart_bit_for_bit():
    given = inputs()
    chart = reduced(Autoencoder(**SMALL), given)
    again = Autoencoder(**SMALL).restore(given, load(save(dict(chart.arrays))))
    points = np.random.default_rng(1).uniform(-1, 1, size=(50, 2))
    assert np.array_equal(again.latents, chart.latents)
    assert np.array_equal(again.decode(points), chart.decode(points))
    assert np.array_equal(again.encode(given.coordinates), chart.encode(given.coordinates))


def test_members_are_restored_far_better_than_by_the_best_plane():
    given = inputs()
    chart = reduced(Autoencoder(steps=600), given)
    flat = reduced(Pca(), given)
    plane = np.square(flat.decode(flat.latents) - given.coordinates).sum() / (MEMBERS * SIZE)
    # Three planar curves that bend: a plane leaves about half of the variance. A tenth of that is
    # what 600 steps reach with room to spare.
    assert chart.notes["mse_per_weight"] <= 0.1 * plane


def test_the_error_is_the_mean_square_over_all_weights():
    given = inputs()
    chart = reduced(Autoencoder(**SMALL), given)
    lifted = given.space.lift(chart.decode(chart.latents))
    # Lifted weights are float32.
    error = np.square(lifted - given.population.weights, dtype=np.float64).mean()
    assert chart.notes["mse_per_weight"] == pytest.approx(error, rel=1e-4)


def test_progress_is_reported_every_fifty_steps_and_at_the_end():
    given = inputs()
    chart = reduced(Autoencoder(**SMALL), given)
    assert [report[:2] for report in given.progress.reports] == [(0, 120), (50, 120), (100, 120), (120, 120)]
    errors = [figures["mse"] for *_, figures in given.progress.reports]
    assert errors[-1] == chart.notes["mse_per_weight"]
    assert errors == sorted(errors, reverse=True)
    # An untrained decoder returns next to nothing, so its error is about the members' variance.
    variance = population().weights.var(axis=0, dtype=np.float64).mean()
    assert errors[0] == pytest.approx(variance, rel=0.5)


def test_a_tolerance_ends_the_fit_at_the_first_look_that_meets_it():
    given = inputs()
    chart = reduced(Autoencoder(steps=2000, schedule="constant", tolerance=0.3), given)
    assert 0 < chart.notes["steps"] < 2000
    assert chart.notes["steps"] % 50 == 0
    variance = population().weights.var(axis=0, dtype=np.float64).mean()
    # The fit measures in float32.
    assert chart.notes["mse_per_weight"] <= 0.3 * variance * (1 + 1e-5)
    assert [figures["mse"] > 0.3 * variance for *_, figures in given.progress.reports[:-2]] == [True] * (
        chart.notes["steps"] // 50
    )
    assert given.progress.reports[-1][:2] == (2000, 2000)


@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
def test_the_networks_mirror_each_other_around_the_latent_point(dimension):
    given = inputs()
    arrays = reduced(Autoencoder(latent_dim=dimension, steps=1), given).arrays
    weights = [a.shape for name, a in arrays.items() if name.endswith("weight") and a.ndim == 2]
    widths = [given.coordinates.shape[1], 128, 64, 16, dimension]
    down = list(zip(widths[1:], widths[:-1], strict=True))
    assert weights == down + [shape[::-1] for shape in down[::-1]]


def test_a_bounded_latent_point_stays_within_one():
    chart = reduced(Autoencoder(**SMALL), inputs())
    far = 1e6 * np.ones((1, inputs().coordinates.shape[1]))
    assert np.abs(chart.encode(far)).max() <= 1
    free = reduced(Autoencoder(**SMALL, latent_bound="none", normalisation="none"), inputs())
    assert np.abs(free.encode(far)).max() > 1


@pytest.mark.parametrize(
    "options",
    [
        {"activation": "tanh"},
        {"activation": "silu", "normalisation": "none"},
        {"activation": "gelu", "latent_bound": "none"},
        {"optimiser": "rmsprop", "learning_rate": 1e-3},
        {"schedule": "constant"},
        {"hidden": ()},
    ],
)
def test_every_option_learns(options):
    given = inputs()
    chart = reduced(Autoencoder(**({"steps": 100, "hidden": (32,)} | options)), given)
    assert chart.notes["mse_per_weight"] < 0.9 * given.progress.reports[0][2]["mse"]
    assert np.isfinite(chart.encode(np.ones((2, given.coordinates.shape[1])))).all()


def test_weight_space_itself_is_fitted_and_decoded_in_single_precision():
    mean = population().weights.mean(axis=0)
    given = inputs(FullSpace(mean=mean))
    chart = reduced(Autoencoder(**SMALL), given)
    assert chart.decode(chart.latents).dtype == np.float32
    assert chart.decode(chart.latents).shape == (MEMBERS, SIZE)
    assert chart.notes["mse_per_weight"] < given.progress.reports[0][2]["mse"]


def test_a_fit_that_diverges_says_so():
    reducer = Autoencoder(normalisation="none", latent_bound="none", learning_rate=1e30, steps=60)
    with pytest.raises(GlobscopeError, match=r"no longer finite at step 50; lower its learning_rate, 1e\+30$"):
        reduced(reducer, inputs())


def test_a_fit_that_diverges_after_the_last_look_says_so_too():
    reducer = Autoencoder(normalisation="none", latent_bound="none", learning_rate=1e30, steps=40)
    with pytest.raises(GlobscopeError, match="no longer finite at step 40"):
        reduced(reducer, inputs())


def test_more_axes_than_directions_are_refused():
    with pytest.raises(PopulationError, match="'autoencoder' wants latent_dim = 30, but the 24 members"):
        reduced(Autoencoder(latent_dim=30), inputs())


@pytest.mark.parametrize(
    "wrong", [{"latent_dim": 0}, {"hidden": (8, 0)}, {"learning_rate": 0.0}, {"steps": 0}, {"tolerance": -1.0}]
)
def test_impossible_options_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Autoencoder(**wrong)
