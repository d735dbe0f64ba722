"""Compressed networks, against explicit computations."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from globscope.population.compression import compression
from globscope.spec.population import Compress
from globscope.values.members import Layout, Member, Population

LAYOUT = Layout(names=("conv", "bias", "head"), shapes=((4, 2, 3), (5,), (3, 6)))
# Half a unit in the last place of float32, at weights of a few units.
ROUNDING = 3e-7


def population(seed=0, count=6, layout=LAYOUT):
    weights = np.random.default_rng(seed).normal(size=(count, layout.size)).astype(np.float32)
    members = tuple(Member(variant=f"r{row}", step=0) for row in range(count))
    return Population(members=members, weights=weights, layout=layout)


def compressed(networks, **options):
    blocks = [*compression(networks, Compress(**options)).blocks(networks.weights)]
    edges = [columns.stop for columns, _ in blocks]
    assert edges[-1] == networks.layout.size
    return np.concatenate([values for _, values in blocks], axis=1)


@pytest.mark.parametrize(
    "options",
    [{"keep": 1.0}, {"keep": 1.0, "by": "variance"}, {"rank": 4}, {"rank": 99, "of": "matrix"}],
)
def test_all_weights_and_the_full_rank_are_the_networks_themselves(options):
    networks = population()
    assert np.array_equal(compressed(networks, **options), networks.weights)


@given(st.integers(0, 1000), st.floats(0.01, 1.0))
@settings(max_examples=20)
def test_the_weights_of_largest_mean_magnitude_are_kept_and_all_others_are_zero(seed, keep):
    networks = population(seed)
    found = compressed(networks, keep=keep)
    count = int(np.ceil(keep * LAYOUT.size))
    order = np.argsort(-np.abs(networks.weights.astype(float)).mean(axis=0))
    kept = np.isin(np.arange(LAYOUT.size), order[:count])
    assert np.array_equal(found, np.where(kept, networks.weights, 0))


def test_the_weights_that_differ_most_are_kept_and_all_others_are_the_mean():
    networks = population()
    found = compressed(networks, keep=0.25, by="variance")
    order = np.argsort(-networks.weights.astype(float).var(axis=0))[: int(np.ceil(0.25 * LAYOUT.size))]
    rest = np.setdiff1d(np.arange(LAYOUT.size), order)
    assert np.array_equal(found[:, order], networks.weights[:, order])
    assert np.array_equal(
        found[:, rest], np.tile(networks.weights.astype(float).mean(axis=0)[rest].astype("f4"), (6, 1))
    )


def test_of_equal_weights_exactly_as_many_are_kept_as_wanted():
    networks = population()
    equal = Population(members=networks.members, weights=np.ones_like(networks.weights), layout=LAYOUT)
    assert (compressed(equal, keep=0.1) == 1).sum(axis=1).tolist() == [int(np.ceil(0.1 * LAYOUT.size))] * 6


@pytest.mark.parametrize("of", ["matrix", "difference"])
@pytest.mark.parametrize("rank", [1, 2])
def test_matrices_have_the_rank_and_the_least_error_of_it(of, rank):
    networks = population()
    found = compressed(networks, rank=rank, of=of)
    mean = networks.weights.astype(float).mean(axis=0) if of == "difference" else 0 * networks.weights[0]
    own, low = (LAYOUT.unflatten(values - mean) for values in (networks.weights, found))
    for name, shape in zip(LAYOUT.names, LAYOUT.shapes, strict=True):
        for row in range(6):
            matrix, cut = (one[name][row].reshape(shape[0], -1) for one in (own, low))
            if name == "bias":
                assert np.abs(matrix - cut).max() == 0
                continue
            spreads = np.linalg.svd(matrix.astype(float), compute_uv=False)
            assert np.linalg.matrix_rank(cut, tol=1e-5) == rank
            assert np.linalg.norm(matrix - cut) == pytest.approx(np.sqrt((spreads[rank:] ** 2).sum()), abs=1e-5)


def test_a_compression_is_described_by_so_many_numbers():
    networks = population()
    assert compression(networks, Compress(keep=0.1)).numbers == int(np.ceil(0.1 * LAYOUT.size))
    assert compression(networks, Compress(rank=1)).numbers == (4 + 6) + 5 + (3 + 6)
    assert compression(networks, Compress(rank=3)).numbers == 3 * (4 + 6) + 5 + 18  # the head has the rank 3


def test_masks_and_means_of_blocks_are_those_of_the_whole(monkeypatch):
    """A population of large networks is read in blocks of columns."""
    networks, whole = population(), {}
    for options in ({"keep": 0.3}, {"keep": 0.3, "by": "variance"}, {"rank": 1}):
        whole[str(options)] = compressed(networks, **options)
        with monkeypatch.context() as patched:
            blocks = [slice(at, at + 5) for at in range(0, LAYOUT.size, 5)]
            patched.setattr("globscope.population.compression.column_blocks", lambda *_, found=blocks: found)
            found = compression(networks, Compress(**options))
            assert np.abs(np.concatenate([v for _, v in found.blocks(networks.weights)], axis=1)
                          - whole[str(options)]).max() <= ROUNDING  # fmt: skip
