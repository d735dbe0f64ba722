"""Tensors that differ by few ranks from one they have in common: read, combined and compared as if they were formed."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy.spatial.distance import pdist

from globscope.api import Factored, Means, Networks, Unit, span
from globscope.values.low_rank import LowRank, low_rank_columns
from globscope.values.rows import Rows

# Two matrices, and a vector between them that has no ranks.
SHAPES = {"one": (7, 5), "bias": (6,), "two": (4, 9)}


def low_rank(origin, shape, rank, source, scale=1.0):
    up, down = source.normal(size=(shape[0], rank)), source.normal(size=(rank, shape[1]))
    return LowRank(origin=origin, up=up.astype(np.float32), down=down.astype(np.float32), scale=scale)


def adapted(ranks, seed=0, change=0.1):
    """Return rows of members with adapters of these ranks, as they are held and as a dense float64 matrix."""
    source = np.random.default_rng(seed)
    base = {name: source.normal(size=np.prod(shape)).astype(np.float32) for name, shape in SHAPES.items()}
    parts = []
    for number, rank in enumerate(ranks):
        bias = base["bias"] + change * source.normal(size=6)
        one, two = (low_rank(base[n], SHAPES[n], rank, source, change / (1 + number)) for n in ("one", "two"))
        parts.append([one, bias.astype(np.float32), two])
    return Rows(parts, names=tuple(SHAPES)), np.stack([np.concatenate([formed(part) for part in row]) for row in parts])


def formed(part):
    if isinstance(part, np.ndarray):
        return part.astype(np.float64)
    product = part.up.astype(np.float64) @ part.down.astype(np.float64)
    return part.origin.astype(np.float64) + part.scale * product.reshape(-1)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(0, 80), st.integers(0, 80))
def test_every_slice_of_adapted_rows_is_that_of_the_formed_ones(ranks, start, stop):
    held, dense = adapted(ranks)
    # Rounding of float32 numbers below 8, and of sums of three products.
    np.testing.assert_allclose(held[:, start:stop], dense[:, start:stop], atol=1e-6)
    assert held.shape == dense.shape
    assert held[:, start:stop].dtype == np.float32


def test_the_gram_matrix_of_differences_follows_from_the_factors():
    held, dense = adapted([1, 3, 2, 0, 3])
    origin = np.concatenate([part.origin for part in (held.parts[0][0], held.parts[0][2])]).astype(np.float64)
    matrices = np.delete(dense, np.arange(35, 41), axis=1) - origin
    gram = sum(tensor.gram() for tensor in low_rank_columns(held))
    np.testing.assert_allclose(gram, matrices @ matrices.T, rtol=0, atol=1e-12 * np.abs(gram).max())


@settings(deadline=None)  # the first span imports scipy
@given(st.lists(st.integers(1, 3), min_size=2, max_size=6), st.integers(0, 99))
def test_distances_of_adapted_networks_are_those_of_the_formed_ones(ranks, seed):
    held, dense = adapted(ranks, seed)
    # The vector is read in float32, and the matrices exactly.
    np.testing.assert_allclose(pdist(span(held).members), pdist(dense), rtol=1e-6)


def test_a_network_of_other_factors_lies_at_distance_0_from_itself():
    held, _ = adapted([3, 2, 3])
    turn = np.random.default_rng(5).normal(size=(3, 3))
    row = [
        part if isinstance(part, np.ndarray)
        else LowRank(
            origin=part.origin,
            up=(part.up @ np.linalg.inv(turn)).astype(np.float32),
            down=(turn @ part.down).astype(np.float32),
            scale=part.scale,
        )
        for part in held.parts[0]
    ]  # fmt: skip
    members = span(Rows([*held.parts, row])).members
    distances = np.linalg.norm(members[0] - members[1:], axis=1)
    assert distances[-1] < 1e-6 * distances[:-1].min()


@pytest.mark.parametrize("near", [False, True], ids=["members apart", "two nearly the same"])
def test_lifting_from_factors_is_lifting_from_the_formed_weights(near):
    held, dense = adapted([1, 3, 2])
    if near:  # a part of its own: the difference of two members
        row = [part if isinstance(part, np.ndarray) else _moved(part, 1e-5) for part in held.parts[1]]
        held = Rows([*held.parts, row], names=held.names)
        dense = np.concatenate([dense, dense[1:2]])
    space = span(held)
    assert len(space.kinship.children) == near
    coordinates = 1.2 * space.members  # in no direction far beyond the members: two differ by 1e-6 only
    shares = space.shares(coordinates).astype(np.float64)
    wanted = shares @ np.asarray(space.parts(slice(None)), np.float64)
    np.testing.assert_allclose(space.lift(coordinates), wanted, atol=2e-6)
    np.testing.assert_allclose(space.lift(space.members), dense, atol=2e-5 if near else 2e-6)
    factors = space.factors("one")
    formed_one = np.stack([factors.form(own) for own in space.shares(coordinates)])
    np.testing.assert_allclose(formed_one.reshape(len(held), -1), wanted[:, :35], atol=2e-6)
    assert space.factors("bias") is None
    assert space.factors("three") is None
    assert isinstance(space, Factored)


def _moved(part, by):
    moved = (part.up * np.float32(1 + by)).astype(np.float32)
    return LowRank(origin=part.origin, up=moved, down=part.down, scale=part.scale)


def test_means_of_adapted_networks_and_the_networks_themselves_are_those_of_the_formed_ones():
    held, dense = adapted([1, 3, 2])
    shares = np.array([[1.0, 0, 0], [0, 0, 1], [0.25, 0.25, 0.5], [2, -1, 0]])
    space = Means(weights=held)
    np.testing.assert_allclose(space.lift(shares), shares @ dense, atol=2e-6)
    assert space.factors("two").rank == 6
    itself = Networks.of(held)
    np.testing.assert_allclose(itself.weights(Unit(start=1, stop=3)), dense[1:3], atol=1e-6)
    assert Means(weights=held[:]).factors("two") is None  # an array's


def test_rows_about_different_origins_are_read_as_any_others():
    held, dense = adapted([2, 2])
    elsewhere = [part if isinstance(part, np.ndarray) else _with_own_origin(part) for part in held.parts[0]]
    mixed = Rows([*held.parts, elsewhere], names=held.names)
    assert low_rank_columns(mixed) == []
    assert span(mixed).factors("one") is None
    np.testing.assert_allclose(pdist(span(mixed).members)[0], pdist(dense)[0], rtol=1e-5)


def _with_own_origin(part):
    return LowRank(origin=part.origin + 1, up=part.up, down=part.down, scale=part.scale)
