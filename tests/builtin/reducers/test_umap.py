"""UMAP, alone in a file: a process that fits it first compiles it for half a minute."""

import re

import numpy as np
import pytest
from support.reduction import MEMBERS, inputs, reduce

from globscope.api import PopulationError
from globscope.builtin.reducers import Umap
from globscope.testing import parametrize_contract


@parametrize_contract([Umap(n_epochs=10)])
def test_it_keeps_the_contract_of_reducers(check):
    check()


@pytest.fixture(scope="module")
def flat_umap():
    """One fit in two dimensions, and what it decodes; numba compiles here."""
    given = inputs()
    chart = reduce(Umap(n_epochs=60), given)
    between = (chart.latents[:-1] + chart.latents[1:]) / 2
    return given, chart, between, chart.decode(between)


def test_umap_agrees_with_itself_bit_for_bit(flat_umap):
    given, chart, between, decoded = flat_umap
    again = reduce(Umap(n_epochs=60), given)
    assert np.array_equal(again.latents, chart.latents)
    assert np.array_equal(again.decode(between), decoded)
    assert not np.array_equal(reduce(Umap(n_epochs=60), given, seed=1).latents, chart.latents)


def test_umap_maps_both_ways_near_the_members(flat_umap):
    given, chart, _, decoded = flat_umap
    assert (chart.latents.shape, chart.latents.dtype) == ((MEMBERS, 2), np.float64)
    assert decoded.dtype == np.float64
    # Between neighbours on a trajectory, the decoded network is nearer to one of the two than the
    # members are to their mean, for most of them.
    same = [i for i in range(MEMBERS - 1) if given.members[i].variant == given.members[i + 1].variant]
    off = np.linalg.norm(decoded[same] - given.coordinates[same], axis=1)
    assert np.median(off) < np.linalg.norm(given.coordinates, axis=1).mean()
    unseen = (given.coordinates[:1] + given.coordinates[1:2]) / 2
    assert np.isfinite(chart.encode(unseen)).all()


def test_umap_decodes_in_three_dimensions_and_takes_all_the_others_as_neighbours_at_most():
    chart = reduce(Umap(latent_dim=3, n_neighbors=50, n_epochs=30), inputs())
    assert chart.notes["n_neighbors"] == MEMBERS - 1
    assert np.isfinite(chart.decode(chart.latents[:3])).all()


def test_umap_says_how_many_members_it_needs():
    expected = "reducer 'umap' with latent_dim = 2 needs at least 4 members, there are 3 in the fit"
    with pytest.raises(PopulationError, match=f"^{re.escape(expected)}$"):
        reduce(Umap(), inputs(per_variant=1))


@pytest.mark.parametrize("wrong", [{"latent_dim": 0}, {"n_neighbors": 1}, {"min_dist": -0.1}, {"latent_dim": 8}])
def test_umap_refuses_impossible_options(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Umap(**wrong)
