"""A tiny population, its coordinates, and a chart of it: what reducers and samplers are handed."""

import numpy as np

from globscope.api import AffineSpace, Chart, Member, Population, ReducerInputs, span
from globscope.testing.tiny.task import LAYOUT, tiny_task

VARIANTS = ("A", "B", "C")
STEPS = 4
# The chart's largest latent value: inside the square on which `bowls` lie.
REACH = 1.5


def tiny_population(seed: int = 0) -> Population:
    """Return 12 members: 3 variants that leave distinct starts for distinct ends, in 4 steps each."""
    rng = np.random.default_rng(seed)
    starts, ends = rng.normal(size=(2, len(VARIANTS), 1, LAYOUT.size))
    share = np.linspace(0, 1, STEPS)[:, None]
    walks = starts * (1 - share) + ends * share + 0.1 * rng.normal(size=(len(VARIANTS), STEPS, LAYOUT.size))
    members = tuple(Member(variant=variant, step=step) for variant in VARIANTS for step in range(STEPS))
    return Population(members=members, weights=walks.reshape(-1, LAYOUT.size).astype(np.float32), layout=LAYOUT)


def tiny_inputs(seed: int = 0) -> ReducerInputs:
    """Return what a reducer is handed: 12 members in the span's coordinates, read-only as in a study."""
    return inputs_of(tiny_population(seed))


def inputs_of(population: Population) -> ReducerInputs:
    """Return a reducer's inputs for the members of a population."""
    space = span(population.weights)
    coordinates = space.members.copy()
    coordinates.flags.writeable = False
    return ReducerInputs(coordinates=coordinates, population=population, space=space, task=tiny_task)


def spaceless_inputs() -> ReducerInputs:
    """Return what a reducer with a space of its own is handed: the members, and no coordinates."""
    population = tiny_population()
    space = AffineSpace(origin=population.weights[0], basis=np.empty((0, LAYOUT.size)))
    return ReducerInputs(
        coordinates=np.empty((len(population.members), 0)), population=population, space=space, task=tiny_task
    )


def tiny_chart() -> Chart:
    """Return a linear chart of the tiny population along its two principal axes."""
    return principal(tiny_inputs())


def principal(inputs: ReducerInputs) -> Chart:
    """Return the chart along the members' two principal axes, scaled to fit around the origin."""
    _, _, axes = np.linalg.svd(inputs.coordinates, full_matrices=False)
    axes = axes[:2]
    scale = REACH / np.abs(inputs.coordinates @ axes.T).max()
    return Chart(
        space=inputs.space,
        latents=inputs.coordinates @ axes.T * scale,
        encode=lambda coordinates: coordinates @ axes.T * scale,
        decode=lambda points: points @ axes / scale,
        pullback=lambda _, gradients: gradients @ axes.T / scale,
        pointwise=True,
        members=inputs.members,
        layout=inputs.population.layout,
    )
