"""The isometry: orthonormal, exact for members, honest about what lies outside."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.spatial.distance import pdist

from globscope.api import AffineSpace, FullSpace, PopulationError, PrincipalSpace, span


def population(members, size, seed, apart=1e-6):
    """Members around 1 whose last three nearly coincide (`apart`), as late checkpoints do."""
    rng = np.random.default_rng(seed)
    weights = 1 + 0.1 * rng.normal(size=(members, size))
    weights[-1] = weights[-2] + apart * rng.normal(size=size)
    weights[-3] = weights[-2] + 10 * apart * rng.normal(size=size)
    return weights.astype(np.float32)


def basis(space):
    return space.mixing @ (space.weights - space.weights.mean(axis=0, dtype=np.float64))


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


def families(seed, depth, size, scales):
    """Return members in clusters of clusters, in random order: each level is a scale finer than the one above."""
    rng = np.random.default_rng(seed)
    places = [rng.normal(size=size)]
    for scale in scales[:depth]:
        places = [one + scale * rng.normal(size=size) for one in places for _ in range(rng.integers(1, 4))]
    return rng.permutation(np.array(places)).astype(np.float32)


def by_members(weights):
    """Return the span as combinations of members, even where these outnumber the weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("globscope.isometry.outnumber", lambda _: False)
        return span(weights)


def relative_error(found, wanted):
    apart = wanted > 0
    return np.abs(found[apart] / wanted[apart] - 1).max(initial=0)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**16),
    st.integers(1, 4),
    st.integers(30, 300),
    st.lists(st.sampled_from([1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 3e-7]), min_size=4, max_size=4),
)
def test_all_distances_are_kept_in_clusters_of_clusters(seed, depth, size, scales):
    weights = families(seed, depth, size, scales)
    wanted = pdist(weights.astype(np.float64))
    if not wanted.any():
        return
    space = by_members(weights)
    assert relative_error(pdist(space.members), wanted) < 1e-3
    b = basis(space)
    assert np.abs(b @ b.T - np.eye(space.rank)).max() <= 1e-6
    # The members come back but for the rounding of a float32 product of what they are made of (Higham, 2002, §3.5).
    made_of = np.abs(space.shares(space.members)) @ np.abs(space.parts(slice(0, size)))
    assert (np.abs(space.lift(space.members) - weights) <= (len(weights) + 2) * 2.0**-24 * made_of).all()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**16),
    st.integers(1, 4),
    st.integers(1, 12),
    st.lists(st.sampled_from([1.0, 0.1, 1e-2, 1e-4, 1e-6, 3e-7]), min_size=4, max_size=4),
)
def test_more_members_than_weights_keep_the_distances_that_the_inner_products_of_members_give(
    seed, depth, size, scales
):
    weights = np.concatenate([families(seed + more, depth, size, scales) for more in range(size + 1)])
    wanted = pdist(weights.astype(np.float64))
    space, other = span(weights), by_members(weights)
    assert isinstance(space, PrincipalSpace)
    assert space.rank == np.linalg.matrix_rank(weights - weights.astype(np.float64).mean(axis=0)) <= size
    # Products of differences round to 1e-16 of the square of the radius, the axes to 1e-16 of the radius.
    assert relative_error(pdist(space.members), wanted) < 1e-7
    assert relative_error(pdist(other.members), pdist(space.members)) < 1e-3
    np.testing.assert_allclose(space.basis @ space.basis.T, np.eye(space.rank), atol=1e-12)
    products = space.members.T @ space.members
    np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-12 * products.max())
    np.testing.assert_allclose(space.lift(space.members), weights, rtol=0, atol=2.0**-23 * np.abs(weights).max())
    np.testing.assert_allclose(space.coordinates(weights)[0], space.members, atol=1e-12)


def test_weights_that_never_change_are_no_direction_of_more_members_than_weights():
    weights = np.random.default_rng(0).normal(size=(50, 9)).astype(np.float32)
    weights[:, 4] = 0.1
    assert span(weights).rank == 8
    assert span(1 + np.float32(1e-6) * weights).rank == 8


def test_blocks_of_rows_change_nothing_but_rounding(monkeypatch):
    weights = np.random.default_rng(0).normal(size=(100, 7)).astype(np.float32)
    whole = span(weights)
    monkeypatch.setattr("globscope.isometry._row_blocks", lambda _: [slice(k, k + 9) for k in range(0, 100, 9)])
    np.testing.assert_allclose(np.abs(span(weights).members), np.abs(whole.members), atol=1e-12)


def test_fifteen_networks_very_near_to_each_other_beside_five_far_ones_keep_their_distances():
    rng = np.random.default_rng(0)
    far, one = rng.normal(size=(5, 5000)), rng.normal(size=5000)
    near = one + 1e-6 * rng.normal(size=(15, 5000))
    weights = rng.permutation(np.concatenate([far, near])).astype(np.float32)
    space = span(weights)
    assert space.rank == 19
    assert relative_error(pdist(space.members), pdist(weights.astype(np.float64))) < 1e-6
    # Also as networks: what is decoded for one of the cluster is that one, not their mean.
    lifted, distances = space.lift(space.members).astype(np.float64), pdist(weights.astype(np.float64))
    close = distances < 1e-3
    assert close.sum() == 15 * 14 // 2
    # Rounding to float32 moves a weight of 1 by up to 6e-8, beside differences of 1e-6.
    np.testing.assert_allclose(pdist(lifted)[close], distances[close], rtol=0.02)


def test_a_difference_of_one_weight_by_one_unit_in_the_last_place_is_kept():
    weights = np.random.default_rng(1).normal(size=(6, 20_000)).astype(np.float32)
    weights[4] = weights[1]
    weights[4, 7] = np.nextafter(weights[1, 7], np.float32(np.inf))
    space, wanted = span(weights), pdist(weights.astype(np.float64))
    assert space.rank == 5
    assert wanted.min() < 1e-6
    assert relative_error(pdist(space.members), wanted) < 1e-3
    np.testing.assert_array_equal(space.lift(space.members)[4] != space.lift(space.members)[1], np.arange(20_000) == 7)


@pytest.mark.parametrize("order", ["as trained", "shuffled"])
def test_coordinates_lie_along_the_principal_axes(order):
    weights = population(12, 900, seed=9, apart=1e-4)
    weights = np.random.default_rng(0).permutation(weights) if order == "shuffled" else weights
    found = span(weights).members
    products = found.T @ found
    np.testing.assert_allclose(products, np.diag(np.diag(products)), atol=1e-12 * products.max())
    assert (np.diff(np.diag(products)) <= 0).all()
    assert np.abs(found.mean(axis=0)).max() < 1e-12


def test_parts_are_members_and_short_differences_and_make_up_every_network():
    weights = population(12, 900, seed=3, apart=1e-6)
    space = span(weights)
    assert len(space.kinship.children) == 2
    whole = space.parts(slice(0, 900))
    np.testing.assert_array_equal(np.stack([space.part(row) for row in range(12)]), whole)
    np.testing.assert_array_equal(space.kinship.paths @ whole.astype(np.float64), weights.astype(np.float64))
    np.testing.assert_allclose(space.mixing.sum(axis=1), 0, atol=1e-6)
    assert np.array_equal(span(population(12, 900, seed=3, apart=1e-2)).parents, np.arange(12))


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
    monkeypatch.setattr("globscope.isometry.column_blocks", lambda width, rows: pieces)
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
