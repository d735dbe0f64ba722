"""The aligned population: every run in the order of units that fits the reference best."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve

from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.stages.align.pairs import AlignerStage
from globscope.pipeline.stages.align.sets import align_among
from globscope.pipeline.workshop import Workshop
from globscope.population import files
from globscope.store import key
from globscope.symmetry.search import symmetry
from globscope.symmetry.symmetry import Symmetry
from globscope.values.chart import Progress
from globscope.values.members import Member, Population


def align_population(workshop: Workshop, population: Population) -> Population:
    """Return the members that maps are made of: aligned if the spec says so, else as they are."""
    choice = workshop.spec.population
    if choice.align is None:
        return population
    reference = choice.reference or population.variants[0]
    aligner = AlignerStage.by(workshop, choice.align)
    stage_key = key(Stage.ALIGNED, aligner.key, workshop.task.key, population.key, reference)

    def work(folder: Path, _: Progress) -> None:
        files.save_matrix(folder, population.layout, len(population.members), _members(workshop, population, reference))

    folder = workshop.stage(Stage.ALIGNED, stage_key, work, f"align to {reference}")
    return files.load_population(folder, stage_key).with_figures(member.figures for member in population.members)


def toward(
    workshop: Workshop, members: Population, weights: np.ndarray, buffers: Sequence[Mapping[str, np.ndarray]]
) -> np.ndarray:
    """Return (n, D) further networks as the spec's own are: aligned to the reference, or as they are."""
    choice = workshop.spec.population
    if choice.align is None:
        return weights
    found = symmetry(workshop.task.build("cpu"))
    goal = members.tensors(members.of(choice.reference or members.variants[0])[-1])
    own = [{**members.layout.unflatten(row), **more} for row, more in zip(weights, buffers, strict=True)]
    pairs = [(goal, one, f"network {at} to the reference") for at, one in enumerate(own)]
    orders = AlignerStage.by(workshop, choice.align).align_pairs(pairs)
    return np.stack([members.layout.flatten(found.permute(*pair)) for pair in zip(own, orders, strict=True)])


def _members(workshop: Workshop, population: Population, reference: str) -> Iterator[tuple[Member, np.ndarray]]:
    """Yield every member with its units in the order of its run; members keep their order."""
    found = symmetry(workshop.task.build("cpu"))
    goal = population.tensors(population.of(reference)[-1])
    orders = _orders(workshop, population, reference, goal)
    for row, member in enumerate(population.members):
        yield _permute(found, population, row, orders[member.variant])


def _orders(workshop: Workshop, population: Population, reference: str, goal: Any) -> dict[str, dict[str, np.ndarray]]:
    """Return the permutations of every run; the reference keeps its own order."""
    assert workshop.spec.population.align is not None
    others = [variant for variant in population.variants if variant != reference]
    networks = {reference: goal} | {one: population.tensors(population.of(one)[-1]) for one in others}
    aligner = AlignerStage.by(workshop, workshop.spec.population.align)
    found = align_among(aligner, networks, [(reference, one) for one in others])
    return {reference: {}} | {one: dict(order) for one, order in zip(others, found, strict=True)}


def _permute(
    found: Symmetry, population: Population, row: int, order: dict[str, np.ndarray]
) -> tuple[Member, np.ndarray]:
    tensors, member = found.permute(population.tensors(row), order), population.members[row]
    return evolve(member, buffers={name: tensors[name] for name in member.buffers}), population.layout.flatten(tensors)
