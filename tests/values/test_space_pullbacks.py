"""Spaces turn gradients with respect to weights into those with respect to coordinates: products with their basis."""

import numpy as np
import pytest

from globscope.api import AffineSpace, Differentiable, FullSpace, Mixtures, PrincipalSpace, span

RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(6, 40)).astype(np.float32)
NEAR = WEIGHTS + 1e-5 * RNG.normal(size=WEIGHTS.shape).astype(np.float32)
SPACES = {
    "span": span(WEIGHTS),
    "span of networks that are near to each other": span(np.concatenate([WEIGHTS, NEAR])),
    "span of more networks than weights": span(RNG.normal(size=(30, 8)).astype(np.float32)),
    "affine": AffineSpace(origin=WEIGHTS[0], basis=np.linalg.qr(RNG.normal(size=(40, 3)))[0].T),
    "mixtures": Mixtures(weights=WEIGHTS),
}


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_gradients_are_pulled_back_by_the_transpose_of_the_lift(name, kind):
    space = SPACES[name]
    assert isinstance(space, Differentiable)
    gradients = RNG.normal(size=(4, space.lift(np.zeros((1, space.rank))).shape[1])).astype(kind)
    before = gradients.copy()
    # It is affine, so one long step is exact but for the rounding of float32 weights.
    step = 1e3
    forwards, back = (space.lift(sign * step * np.eye(space.rank)).astype(float) for sign in (1, -1))
    found = space.pullback(gradients)
    assert found.dtype == np.float64
    wanted = gradients @ ((forwards - back) / (2 * step)).T
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * np.abs(wanted).max())
    np.testing.assert_array_equal(gradients, before)


def test_blocks_of_columns_add_up(monkeypatch):
    space, gradients = SPACES["span of networks that are near to each other"], RNG.normal(size=(4, 40))
    whole = space.pullback(gradients)
    monkeypatch.setattr("globscope.values.space.column_blocks", lambda width, _: [slice(0, 7), slice(7, width)])
    np.testing.assert_allclose(space.pullback(gradients), whole, rtol=1e-12)


def test_the_span_of_more_networks_than_weights_is_a_principal_space_and_weight_space_has_no_pullback():
    assert isinstance(SPACES["span of more networks than weights"], PrincipalSpace)
    assert not isinstance(FullSpace(mean=np.zeros(3)), Differentiable)
