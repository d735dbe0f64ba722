"""The isometry: orthonormal, exact for members, honest about what lies outside."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from globscope.api import AffineSpace, FullSpace, PopulationError, span


def population(members, size, seed, apart=1e-6):
    """Members around 1 whose last three nearly coincide (`apart`), as late checkpoints do."""
    rng = np.random.default_rng(seed)
    weights = 1 + 0.1 * rng.normal(size=(members, size))
    weights[-1] = weights[-2] + apart * rng.normal(size=size)
    weights[-3] = weights[-2] + 10 * apart * rng.normal(size=size)
    return weights.astype(np.float32)


def basis(space):
    return space.mixing @ (space.weights - space.mean)


@pytest.mark.parametrize("apart", [1e-2, 1e-4, 1e-6, 0.0])
def test_basis_is_orthonormal_and_members_lie_in_it_even_where_checkpoints_nearly_coincide(apart):
    weights = population(20, 3000, seed=0, apart=apart)
    space = span(weights)
    b = basis(space)
    assert np.abs(b @ b.T - np.eye(space.rank)).max() <= 1e-6  # the promise of the docs
    _, outside = space.coordinates(weights)
    assert (outside <= 1e-6 * np.linalg.norm(weights, axis=1)).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(3, 12), st.integers(4, 400), st.integers(0, 2**16))
def test_distances_between_members_are_kept(members, size, seed):
    weights = np.random.default_rng(seed).normal(size=(members, size)).astype(np.float32)
    # float64 throughout: only the rounding of the products remains.
    np.testing.assert_allclose(pdist(span(weights).members), pdist(weights.astype(np.float64)), rtol=1e-7)


def test_rank_is_at_most_members_minus_one_and_drops_copies():
    weights = population(10, 500, seed=1, apart=1e-2)
    weights[0] = weights[1]
    assert span(weights).rank == 8


def test_lifting_a_members_coordinates_gives_the_member():
    weights = population(15, 2000, seed=2)
    space = span(weights)
    # float32 weights of size 1 resolve 1.2e-7; a combination of 15 of them a few times that.
    np.testing.assert_allclose(space.lift(space.members), weights, atol=1e-6)


def test_coordinates_of_a_combination_are_the_combination_of_coordinates():
    weights = population(12, 800, seed=3, apart=1e-2)
    space = span(weights)
    middle = (weights[:1].astype(np.float64) + weights[1:2]) / 2
    found, outside = space.coordinates(middle)
    np.testing.assert_allclose(found, (space.members[:1] + space.members[1:2]) / 2, atol=1e-10)
    assert outside[0] < 1e-9


def test_residual_is_the_distance_to_the_span():
    weights = np.eye(4, 10, dtype=np.float32)
    strange = np.zeros((1, 10))
    strange[0, 7] = 3.0
    _, outside = span(weights).coordinates(strange)
    projected = weights.mean(axis=0)
    # The nearest point of the span of e1…e4 to 3·e8 is their mean, by symmetry.
    np.testing.assert_allclose(outside, np.linalg.norm(strange[0] - projected), rtol=1e-12)


def test_blocks_of_columns_change_nothing_but_rounding(monkeypatch):
    weights = population(9, 997, seed=4, apart=1e-2)
    whole = span(weights)
    pieces = [slice(start, min(start + 10, 997)) for start in range(0, 997, 10)]
    monkeypatch.setattr("globscope.isometry.columns", lambda width, rows: pieces)
    assert np.abs(np.abs(span(weights).members) - np.abs(whole.members)).max() < 1e-9


@pytest.mark.parametrize("weights", [np.ones((3, 5), np.float32), np.ones((1, 5), np.float32)])
def test_coinciding_members_are_refused(weights):
    with pytest.raises(PopulationError, match="at least two different networks"):
        span(weights)


def test_non_finite_weights_are_refused():
    weights = np.ones((3, 5), np.float32)
    weights[1, 2] = np.nan
    with pytest.raises(PopulationError, match="not finite"):
        span(weights)


def test_affine_space_returns_what_lies_on_it_and_measures_what_does_not():
    rng = np.random.default_rng(5)
    directions = np.linalg.qr(rng.normal(size=(20, 2)))[0].T
    space = AffineSpace(origin=rng.normal(size=20), basis=directions)
    found, outside = space.coordinates(space.lift(np.array([[1.0, -2.0]])))
    np.testing.assert_allclose(found, [[1, -2]], atol=1e-6)  # lifted weights are float32
    assert outside[0] < 1e-6
    off = space.origin + 3 * np.linalg.qr(np.c_[directions.T, rng.normal(size=20)])[0][:, 2]
    assert space.coordinates(off[None])[1][0] == pytest.approx(3)


def test_full_space_is_centred_weight_space():
    weights = population(4, 30, seed=6)
    space = FullSpace(mean=weights.mean(axis=0))
    found, outside = space.coordinates(weights)
    np.testing.assert_allclose(space.lift(found), weights, atol=1e-6)
    assert space.rank == 30
    assert not outside.any()
