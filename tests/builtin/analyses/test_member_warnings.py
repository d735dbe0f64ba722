"""Warnings about scores that are worse than the files record: as far as the sample of the examples allows one."""

import numpy as np
import pytest
from attrs import evolve

from globscope.builtin.analyses.fidelity.member_warnings import record_warnings
from globscope.testing import tiny_atlas

FIELD = "test_accuracy"


def warnings(recorded, measured, examples):
    """Return the warnings about networks that all score `measured`, of so many examples, and record another share."""
    atlas = tiny_atlas()
    members = tuple(evolve(member, recorded={FIELD: recorded}) for member in atlas.population.members)
    population = evolve(atlas.population, members=members)
    counts = {} if examples is None else {FIELD: examples}
    truth = {FIELD: np.full(len(members), measured)}
    return list(record_warnings(evolve(atlas, population=population, truth=truth, examples=counts)))


@pytest.mark.parametrize(
    ("recorded", "measured", "examples", "warns"),
    [
        (0.35, 14 / 64, 64, False),  # 2.2 standard errors of 0.06
        (0.35, 14 / 64, 10_000, True),
        (0.35, 14 / 64, None, True),
        (0.35, 7 / 64, 64, True),  # 4.03 standard errors
        (0.35, 0.26, 10_000, False),  # 18 standard errors, but within what another precision may change
        (0.99, 0.9, 1000, False),
        (0.99, 0.88, 1000, True),
        (0.35, np.nan, 64, True),
        (1.0, 0.89, 64, True),  # a share of 1 has no spread
        (1.2, 1.15, 64, False),  # a measure that is no share has an unknown one
    ],
)
def test_a_share_is_far_worse_if_neither_precision_nor_the_sample_explains_it(recorded, measured, examples, warns):
    assert bool(warnings(recorded, measured, examples)) is warns
