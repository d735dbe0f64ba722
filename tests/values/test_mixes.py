"""Spaces whose networks are sums of parts: shares times parts are the networks that `lift` gives."""

import numpy as np
import pytest

from globscope.api import AffineSpace, Factors, FullSpace, Mixes, Mixtures, span

RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(6, 40)).astype(np.float32)
NEAR = WEIGHTS + 1e-5 * RNG.normal(size=WEIGHTS.shape).astype(np.float32)
SPACES = {
    "span": span(WEIGHTS),
    "span of networks that are near to each other": span(np.concatenate([WEIGHTS, NEAR])),
    "span of more networks than weights": span(RNG.normal(size=(30, 8)).astype(np.float32)),
    "affine": AffineSpace(origin=WEIGHTS[0], basis=np.linalg.qr(RNG.normal(size=(40, 3)))[0].T),
    "affine without directions": AffineSpace(origin=WEIGHTS[0], basis=np.empty((0, 40))),
    "mixtures": Mixtures(weights=WEIGHTS),
}
# Of sums of at most 13 float32 terms of size 10.
ROUNDING = 2e-5


@pytest.mark.parametrize("name", SPACES)
def test_shares_times_parts_are_the_lifted_networks(name):
    space = SPACES[name]
    assert isinstance(space, Mixes)
    coordinates = RNG.normal(size=(4, space.rank))
    lifted, shares = space.lift(coordinates), space.shares(coordinates)
    width = lifted.shape[1]
    parts = np.concatenate([space.parts(slice(0, 3)), space.parts(slice(3, width))], axis=1)
    assert shares.dtype == parts.dtype == np.float32
    np.testing.assert_allclose(shares @ parts, lifted, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("name", SPACES)
def test_gradients_of_shares_are_pulled_back_by_the_transpose_of_the_shares(name):
    space, step = SPACES[name], 1e3
    gradients = RNG.normal(size=(4, space.shares(np.zeros((1, space.rank))).shape[1]))
    forwards, back = (space.shares(sign * step * np.eye(space.rank)).astype(float) for sign in (1, -1))
    found = space.pullback_shares(gradients)
    assert found.dtype == np.float64
    wanted = gradients @ ((forwards - back) / (2 * step)).T
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max(initial=0))


def test_weight_space_itself_is_no_sum_of_parts():
    assert not isinstance(FullSpace(mean=np.zeros(3)), Mixes)


def test_factors_of_parts_of_several_ranks_add_up():
    ups, downs = (
        [RNG.normal(size=shape).astype(np.float32) for shape in shapes]
        for shapes in ([(5, 2), (5, 3)], [(2, 4), (3, 4)])
    )
    origin, shares = RNG.normal(size=(5, 4)).astype(np.float32), np.array([1, 0.5, -2], np.float32)
    factors = Factors(
        origin=origin, up=np.concatenate(ups, axis=1), down=np.concatenate(downs), owners=np.array([1, 1, 2, 2, 2])
    )
    wanted = origin + 0.5 * ups[0] @ downs[0] - 2 * ups[1] @ downs[1]
    np.testing.assert_allclose(factors.form(shares), wanted, rtol=0, atol=ROUNDING)


def test_a_tensor_without_ranks_is_the_origin_in_all_networks():
    bias = np.arange(3, dtype=np.float32)
    factors = Factors(origin=bias, up=np.empty((3, 0)), down=np.empty((0, 1)), owners=np.empty(0, int))
    np.testing.assert_array_equal(factors.form(np.ones(2, np.float32)), bias)
