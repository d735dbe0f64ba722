"""The terms for the autoencoder: their values on known maps, their gradients, and maps that are fitted with them."""

import numpy as np
import pytest
import torch
from attrs import evolve
from globscope_geometry import grid_density, loss_gap
from support.reduction import inputs, reduce

from globscope.api import Code, MapFit, Member
from globscope.builtin.reducers import Autoencoder
from globscope.builtin.reducers.autoencoder.terms import Term
from globscope.testing import parametrize_contract, tiny_inputs

SMALL = {"hidden": (32, 16), "steps": 60}


def term(name, weight=0.01, **options):
    return Term(use=Code("globscope_geometry", name), weight=weight, options=options)


def fit_of(points, decode, losses=None, seed=0):
    """A map of points of two coordinates, which are the latent points as well, in two runs."""
    members = tuple(Member(variant="AB"[row % 2], step=row // 2) for row in range(len(points)))
    rng = np.random.default_rng(seed)
    same = {"points": points, "members": members, "scale": 1.0, "encode": lambda x: x, "losses": losses, "rng": rng}
    return MapFit(decode=decode, **same)


def line(count=6):
    """Members on a line, of which each run leads over a distance of 4."""
    return torch.stack([torch.arange(float(count)), torch.zeros(count)], dim=1)


@parametrize_contract([Autoencoder(hidden=(8,), steps=10, terms=(term("grid_density"), term("loss_gap")))])
def test_contract(check):
    check()


def test_a_map_with_the_wanted_density_has_none_of_the_term():
    members, reach = line(), 0.7

    def decode(places):
        near, rows = torch.cdist(places, members).min(dim=1)
        far = 4 * torch.exp(near - reach)  # each run leads over 4
        return members[rows] + torch.stack([torch.zeros_like(far), far], dim=1)

    assert float(grid_density(fit_of(members, decode), reach=reach)) == pytest.approx(0, abs=1e-10)

    # Where every network is e times as far, each logarithm is off by 1.
    def further(places):
        own = members[torch.cdist(places, members).argmin(dim=1)]
        return own + np.e * (decode(places) - own)

    assert float(grid_density(fit_of(members, further), reach=reach)) == pytest.approx(1, rel=1e-5)


def test_a_run_of_one_network_has_no_length_and_members_do():
    one = evolve(fit_of(line(2), lambda z: z + 5.0), members=(Member(variant="A", step=0), Member(variant="B", step=0)))
    assert torch.isfinite(grid_density(one))


def test_the_loss_gap_is_the_mean_difference_of_losses_of_decoded_members():
    losses = lambda points, rows: points.sum(dim=1) + torch.as_tensor(rows)  # noqa: E731
    assert float(loss_gap(fit_of(line(), lambda z: z + 0.25, losses))) == pytest.approx(0.5)
    assert float(loss_gap(fit_of(line(), lambda z: z - 0.25, losses))) == pytest.approx(0.5)
    assert float(loss_gap(fit_of(line(), lambda z: z, losses))) == 0


@pytest.mark.parametrize("name", ["grid_density", "loss_gap"])
def test_gradients_are_those_of_central_differences(name):
    function = {"grid_density": grid_density, "loss_gap": loss_gap}[name]
    losses = lambda points, rows: points.square().sum(dim=1)  # noqa: E731

    def value(factor):
        return function(fit_of(line().double(), lambda z: factor * z + torch.tensor([0.3, 0.7]).double(), losses))

    factor = torch.tensor(1.3, dtype=torch.double, requires_grad=True)
    (gradient,) = torch.autograd.grad(value(factor), factor)
    change = (value(factor.detach() + 1e-6) - value(factor.detach() - 1e-6)) / 2e-6
    assert float(gradient) == pytest.approx(float(change), rel=1e-6)


def test_a_map_fitted_for_losses_has_smaller_gaps():
    given = tiny_inputs()
    probe = given.task().build("cpu")
    batch = probe.batch("train", torch.arange(48))

    def gap(*terms):
        chart = reduce(Autoencoder(hidden=(16,), steps=150, terms=terms), given)
        weights = [torch.from_numpy(given.space.lift(c)) for c in (chart.decode(chart.latents), given.coordinates)]
        networks = [given.population.layout.unflatten(w) for w in weights]
        one, two = (torch.vmap(lambda n: probe.objective(n, {}, batch, training=False))(n) for n in networks)
        return float((one - two).abs().mean())

    assert gap(term("loss_gap", 1.0)) < 0.7 * gap()


def test_a_map_with_grid_density_is_another_one_and_the_same_for_a_seed():
    plain, dense, again = (
        reduce(Autoencoder(**SMALL, terms=t), inputs()) for t in ((), *[(term("grid_density"),)] * 2)
    )
    assert not np.array_equal(plain.latents, dense.latents)
    assert np.array_equal(dense.latents, again.latents)
