"""The stages of a study, what components contribute to their keys, and the generators that they draw from."""

from enum import StrEnum
from typing import Any

import numpy as np

from globscope.distributions import OWN
from globscope.registry import Registry
from globscope.store import key

# In keys, the version of GlobScope's own components: `FORMAT` is raised when they give other results, and a release
# that gives the same ones must not compute them again.
KEYED_VERSION = "0.1.0"


class Stage(StrEnum):
    """A kind of stored result: a module of `globscope.pipeline.stages`, and a folder in a run's `stages/`."""

    TRAIN = "train"
    POPULATION = "population"
    ALIGN = "align"
    LEARN = "learn"
    ALIGNED = "aligned"
    DERIVE = "derive"
    COMPRESSED = "compressed"
    SPACE = "space"
    REDUCE = "reduce"
    SAMPLE = "sample"
    EVALUATE = "evaluate"
    SEARCH = "search"
    EXPLAIN = "explain"
    TOPOLOGY = "topology"
    ANALYSIS = "analysis"
    PART = "part"


def component_key(registry: Registry, component: Any) -> str:
    """Return the key of a component: its origin and options, with the bytes of the files they name."""
    return key(origin_key(registry, component), component)


def origin_key(registry: Registry, component: Any) -> str:
    """Return the key of where a component comes from, with a stranger's version, whatever its options are."""
    entry = registry.of(component)
    version = KEYED_VERSION if entry.distribution == OWN else entry.version
    return key(entry.role, entry.name, entry.distribution, version)


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return the generator of the stage with these names; other stages' draws never move it."""
    return np.random.default_rng([seed, *"/".join(map(str, names)).encode()])


def integer_seed(seed: int, *names: str | int) -> int:
    """Return one seed for a library that takes an integer."""
    return int(generator(seed, *names).integers(2**32))
