"""Weighted means of networks, with the statistics of their hidden units repaired (REPAIR)."""

import hashlib
from collections.abc import Mapping

import numpy as np
from attrs import define, field

from globscope.api import (
    Bench,
    CheckFacts,
    Draft,
    Mixtures,
    Networks,
    Part,
    Population,
    Progress,
    SpecError,
    SymmetryError,
    Task,
    affine_layers,
    device,
    repair_corrections,
)

ON_LINES = (
    " repaired: the same line after REPAIR (Jordan et al., 2023). On {examples} training examples, every hidden unit "
    "of a network on it gets the mean and standard deviation, before its nonlinearity, that lie between the ends'."
)


@define(frozen=True, kw_only=True)
class Repair:
    """How mixtures are repaired.

    Attributes:
        examples: Number of training examples on which statistics are measured.
        device: The device on which networks run.
    """

    examples: int
    device: str

    def mixtures(self, networks: Population, shares: np.ndarray, bench: Bench) -> Networks:
        """Return the (m, k) mixtures of k networks as plain networks; other buffers are those of the largest share."""
        nearest = np.abs(shares).argmax(axis=1)
        buffers = [networks.members[row].buffers for row in nearest]
        return Networks.of(self.weights(networks, shares, bench), buffers if any(buffers) else ())

    def weights(self, networks: Population, shares: np.ndarray, bench: Bench) -> np.ndarray:
        """Return the (m, D) float32 weights of repaired mixtures."""
        work = CorrectionsOfMixtures(task=bench.task, networks=networks, shares=shares, repair=self)
        [corrections] = bench.stages([work.part])
        layers = affine_layers(bench.task.build("cpu")).values()
        weights, layout = Mixtures(weights=networks.weights).lift(shares), networks.layout
        for number, row in enumerate(weights):
            tensors = layout.unflatten(row)
            for layer in layers:
                tensors = layer.rescale(tensors, *corrections[layer.weight][number])
            weights[number] = layout.flatten(tensors)
        return weights


@define(frozen=True, kw_only=True)
class CorrectionsOfMixtures:
    """The work of finding what repairs mixtures.

    Attributes:
        task: The study's task.
        networks: The k networks, their units aligned.
        shares: (m, k) shares of the networks in every mixture.
        repair: How they are repaired.
    """

    task: Task
    networks: Population = field(repr=False)
    shares: np.ndarray = field(repr=False)
    repair: Repair

    def __call__(self, draft: Draft, progress: Progress) -> Mapping[str, np.ndarray]:
        """Return the (m, 2, units) corrections by layer."""
        del draft, progress
        probe = self.task.build(self.repair.device)
        tensors = [self.networks.tensors(row) for row in range(len(self.networks.members))]
        return repair_corrections(probe, tensors, self.shares, self.repair.examples)

    @property
    def part(self) -> Part:
        """The computation as a part of an analysis."""
        weights = [hashlib.blake2b(np.ascontiguousarray(row).data).hexdigest() for row in self.networks.weights]
        buffers = [dict(member.buffers) for member in self.networks.members]
        inputs = ["repair", weights, buffers, self.shares, self.repair.examples]
        return Part(label=f"repair {len(self.shares)} mixtures", inputs=inputs, work=self)


def repair_of(asked: bool, examples: int, device_: str, analysis: str) -> Repair | None:
    """Return how mixtures are repaired where an analysis is asked to; None where not."""
    return Repair(examples=examples, device=device(device_, f"{analysis}.device")) if asked else None


def require_repairable(analysis: str, facts: CheckFacts) -> None:
    """Refuse networks that cannot be repaired.

    Raises:
        SpecError: With the reason.
    """
    try:
        affine_layers(facts.probe)
    except SymmetryError as error:
        raise SpecError([f"{analysis}.repair: {error}"]) from error
