"""Members on curved trajectories, and reducers of them."""

import numpy as np

from globscope.api import Layout, Member, Population, Progress, ReducerInputs, span

MEMBERS, SIZE = 24, 60


class Reports(Progress):
    """Remembers every report."""

    def __init__(self):
        self.reports = []

    def __call__(self, done, total, **figures):
        self.reports.append((done, total, figures))


def inputs(seed=0, per_variant=8, size=SIZE):
    """Three variants that leave one start in curved trajectories."""
    rng = np.random.default_rng(seed)
    weights, members = [], []
    for name, (start, drift, bend) in zip("ABC", rng.normal(size=(3, 3, size)), strict=True):
        for step, t in enumerate(np.linspace(0.1, 1, per_variant)):
            weights.append(0.3 * start + t * drift + t * t * bend + 0.01 * rng.normal(size=size))
            members.append(Member(variant=name, step=step))
    population = Population(
        members=tuple(members),
        weights=np.array(weights, np.float32),
        layout=Layout(names=("w",), shapes=((size,),)),
    )
    space = span(population.weights)
    return ReducerInputs(coordinates=space.members, population=population, space=space, progress=Reports())


def reduce(reducer, given, seed=0):
    return reducer.reduce(given, np.random.default_rng(seed))
