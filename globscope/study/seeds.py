"""Generators: each stage gets its own, spawned from a seed by the stage's name."""

import numpy as np


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return the generator of the stage with these names; other stages' draws never move it."""
    return np.random.default_rng([seed, *"/".join(map(str, names)).encode()])


def number(seed: int, *names: str | int) -> int:
    """Return one seed for a library that takes an integer."""
    return int(generator(seed, *names).integers(2**32))
