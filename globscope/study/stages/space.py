"""The space stage: the isometry between the population's span and a small matrix of coordinates."""

from pathlib import Path

import numpy as np

from globscope.isometry import span
from globscope.store import key, read_arrays, write_arrays
from globscope.study.stage_keys import Stage
from globscope.study.workshop import Workshop
from globscope.values.chart import Progress
from globscope.values.members import Population
from globscope.values.space import AffineSpace, FullSpace, Space, SpanSpace

STORED = ("mean", "parents", "coefficients", "members")  # of a span
SPACE = "space.safetensors"


def space(workshop: Workshop, population: Population, kind: str) -> tuple[Space, np.ndarray]:
    """Return the population's span (or weight space itself, or nothing) and the members' coordinates in it."""
    if kind == "none":
        nothing = AffineSpace(origin=population.weights[0], basis=np.empty((0, population.layout.size)))
        return nothing, np.empty((len(population.members), 0))
    if kind == "full":
        full = FullSpace(mean=population.weights.mean(axis=0, dtype=np.float64))
        return full, full.coordinates(population.weights)[0]
    stage_key = key(Stage.SPACE, population.key)

    def work(folder: Path, _: Progress) -> None:
        found = span(population.weights)
        write_arrays(folder / SPACE, {name: getattr(found, name) for name in STORED})

    folder = workshop.stage(Stage.SPACE, stage_key, work, "weight space")
    stored = SpanSpace(weights=population.weights, **read_arrays(folder / SPACE))
    return stored, stored.members
