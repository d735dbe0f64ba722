"""Tiny networks that can be merged, and what the analysis `merging` finds of them."""

import numpy as np
from attrs import evolve

from globscope.api import Member, Networks, Population
from globscope.builtin.analyses.merging.analysis import Merging
from globscope.testing import tiny_atlas, tiny_bench, tiny_task
from globscope.testing.tiny.task import LAYOUT


def network(seed):
    return LAYOUT.flatten(tiny_task().build("cpu").initialise(seed)[0])


def atlas_of(*weights, steps=None):
    """Return the finished values of networks, one a run, or so many steps of one each."""
    each = steps or 1
    members = tuple(Member(variant="ABCDEFGH"[at // each], step=at % each) for at in range(len(weights)))
    population = Population(members=members, weights=np.stack(weights), layout=LAYOUT)
    return evolve(
        tiny_atlas(), population=population, truth=tiny_bench().measure(Networks.of(population.weights)), maps=()
    )


def children(count=3, size=0.3):
    """Return an atlas of runs of two checkpoints that begin at one network."""
    rng, start = np.random.default_rng(0), network(0)
    ends = [start + size * rng.normal(size=start.shape).astype(np.float32) for _ in range(count)]
    return atlas_of(*(one for end in ends for one in (start, end)), steps=2)


def analysed(atlas, **options):
    found = Merging(device="cpu", **options).analyse(atlas, tiny_bench(), np.random.default_rng(0))
    return found, {table.name: table.rows for table in found.tables}
