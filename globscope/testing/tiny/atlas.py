"""Finished maps of the tiny population."""

from typing import Any

import numpy as np
from attrs import evolve

from globscope.api import Atlas, Map, Networks, Population
from globscope.testing.tiny.bench import TinyBench
from globscope.testing.tiny.landscapes import landscape, lattice, no_topology
from globscope.testing.tiny.population import tiny_population

# What the analysis that looks at the tiny atlas is called.
ASKING = "asking"


def tiny_atlas(derived: Population | None = None) -> Atlas:
    """Return finished values of the tiny population, and of members derived from it, with three maps.

    `linear` has a landscape and a merge tree; `scatter` has no inverse; `barren` decodes to networks
    whose losses are all NaN, so its topology is empty.
    """
    bench, members = TinyBench(), tiny_population()
    if derived is not None:
        own = tuple(evolve(member, origin=ASKING) for member in derived.members)
        members = members.concatenate(evolve(derived, members=own))
    linear = bench.landscape(bench.fit("linear", members))
    truth = bench.measure(Networks.of(members.weights))
    return Atlas(population=members, truth=truth, maps=(linear, _scatter(linear), _barren(linear)), asking=ASKING)


def _scatter(one: Map) -> Map:
    why = "This map places networks, but has no way back."
    chart = evolve(one.chart, encode=None, decode=None, why_no_inverse=why)
    empty: dict[str, Any] = {"reconstruction": None, "decoded": {}, "landscapes": {}, "topologies": {}}
    return evolve(one, name="scatter", chart=chart, hidden=why, **empty)


def _barren(one: Map) -> Map:
    samples = lattice()
    count = len(samples.points)
    decoded = {name: np.full(len(values), np.nan) for name, values in one.decoded.items()}
    return evolve(
        one,
        name="barren",
        decoded=decoded,
        landscapes={"grid": landscape(np.full(count, np.nan), samples, "train_loss")},
        topologies={"grid": {"gudhi": no_topology(count)}},
    )
