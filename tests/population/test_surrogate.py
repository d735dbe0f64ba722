"""Surrogates: the Gram matrix of every tensor stays, and nothing else does."""

import numpy as np
import pytest
from support.study import MAP, TWO_RUNS, study_in, values

from globscope.population.surrogate import gaussian_surrogates
from globscope.values.members import Layout, Member, Population

LAYOUT = Layout(names=("wide", "one", "narrow"), shapes=((40, 5), (1,), (3,)))


def members(count=6, near=1.0):
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(1, LAYOUT.size)) + near * rng.normal(size=(count, LAYOUT.size))
    named = tuple(Member(variant="AB"[row % 2], step=row) for row in range(count))
    return Population(members=named, weights=weights.astype(np.float32), layout=LAYOUT)


def surrogates(population, seed=0):
    drawn = np.full(population.weights.shape, np.nan, np.float32)
    for columns, block in gaussian_surrogates(population, seed):
        drawn[:, columns] = block
    return drawn


def products(weights):
    """The Gram matrix of every tensor, in float64."""
    named = LAYOUT.unflatten(np.asarray(weights, np.float64))
    return {name: (flat := tensor.reshape(len(weights), -1)) @ flat.T for name, tensor in named.items()}


def test_every_tensor_keeps_its_gram_matrix_to_the_rounding_of_float32():
    population = members()
    before, after = products(population.weights), products(surrogates(population))
    for name in LAYOUT.names:
        # Rounding each weight by at most 6e-8 of itself moves an inner product by less than twice that of the norms'.
        norms = np.sqrt(np.outer(np.diag(before[name]), np.diag(before[name])))
        assert np.abs(after[name] - before[name]).max() <= 2.0**-23 * norms.max()


def test_more_members_than_weights_of_a_tensor_are_no_obstacle():
    population = members(count=60)
    before, after = products(population.weights), products(surrogates(population))
    for name in LAYOUT.names:
        assert after[name] == pytest.approx(before[name], abs=2.0**-22 * np.diag(before[name]).max())


def test_near_members_stay_near_each_other():
    population = members(near=1e-3)
    drawn = surrogates(population).astype(np.float64)
    wanted = np.linalg.norm(np.diff(population.weights.astype(np.float64), axis=0), axis=1)
    found = np.linalg.norm(np.diff(drawn, axis=0), axis=1)
    assert found == pytest.approx(wanted, rel=1e-4)  # float32 rounds weights of size 1 by 6e-8: 6e-5 of 1e-3


def test_surrogates_point_elsewhere():
    population = members()
    drawn = surrogates(population)
    cosine = (drawn * population.weights).sum(axis=1) / np.linalg.norm(drawn, axis=1) ** 2
    # Of a direction drawn uniformly in 204 dimensions the cosine has a standard deviation of 0.07.
    assert np.abs(cosine).max() < 0.5


def test_equal_seeds_give_equal_surrogates_and_others_do_not():
    population = members()
    assert (surrogates(population, 3) == surrogates(population, 3)).all()
    assert (surrogates(population, 3) != surrogates(population, 4)).any()


def test_a_tensor_that_is_zero_stays_zero():
    population = members()
    weights = population.weights.copy()
    weights[:, :200] = 0
    made = Population(members=population.members, weights=weights, layout=LAYOUT)
    assert not surrogates(made)[:, :200].any()


SMALL = f"""
[task]
use = "classification"
hidden = [2]
{TWO_RUNS.strip()}
[evaluator]
examples = 16
{MAP}
"""


def test_a_study_of_surrogates_has_the_distances_of_the_networks_and_says_what_it_is_of(tmp_path):
    real = values(study_in(tmp_path, SMALL))
    null = values(study_in(tmp_path, SMALL, "population.null=gaussian", run="null"))
    (one, other) = (found.atlas.maps[0].coordinates for found in (real, null))
    distances = [np.linalg.norm(found[:, None] - found, axis=2) for found in (one, other)]
    assert distances[1] == pytest.approx(distances[0], abs=1e-5 * distances[0].max())
    assert [member.label for member in null.atlas.population.members] == [
        member.label for member in real.atlas.population.members
    ]
    assert null.record["warnings"][0].startswith("These are no trained networks, but random surrogates")
    assert real.record["null"] is None
    # Two hidden units hardly tell ten digits apart; but the surrogates have seen none.
    assert null.atlas.truth["train_loss"].mean() > real.atlas.truth["train_loss"].mean()
