"""What matches the units of two networks, and what it may learn or start from."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from attrs import define

from globscope.roles.bench import Draft
from globscope.roles.probe import Tensors
from globscope.roles.task import Task
from globscope.values.chart import Progress
from globscope.values.findings import Finding
from globscope.values.members import Population


class Aligner(Protocol):
    """Matches the units of one network with those of another."""

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return, for every group of `symmetry(task.build(...))`, the permutation of b that fits a.

        Args:
            task: The task of both networks.
            a: Parameters and buffers of the first network by name, numpy arrays.
            b: Parameters and buffers of the second network, with the names and shapes of a's.
            rng: The only source of chance; equal arguments give equal permutations.

        Returns:
            By name of the group, (n,) integers: unit i of a is matched with unit `permutation[i]` of b, so that
            `symmetry.permute(b, permutations)` is b aligned to a.

        Raises:
            SymmetryError: The network's units cannot be exchanged, or not be found.
        """
        ...


@define(frozen=True, kw_only=True)
class AlignerTraits:
    """What a study knows of an aligner: its class variable or property `traits`.

    Attributes:
        learns: Whether it has to learn before it can align; such an aligner `Learns`.
        fewest: The least number of networks that it learns from; a smaller zoo is refused before anything is trained.
        start: Name of the aligner, in the spec or a built-in one, from whose scores it starts: it `StartsFrom` them.
            With `random` it starts from none.
    """

    learns: bool = False
    fewest: int = 1
    start: str = "random"


class Scores(Protocol):
    """An aligner from which others can start."""

    def scores(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return by group the (n, n) numbers, a's units down and b's across, whose best assignment it returns."""
        ...


class AlignsSets(Protocol):
    """An aligner that fits any number of networks to one another at once, such as to their mean.

    Analyses and `population.align` have it align all networks of a set together; other aligners align each network of
    a set to one of them.
    """

    def align_set(
        self, task: Task, networks: Sequence[Tensors], rng: np.random.Generator
    ) -> Sequence[Mapping[str, np.ndarray]]:
        """Return the permutations of every network, in their order, that fit all of them to one another.

        They are as those of `align`; each aligned network is `symmetry.permute(network, permutations)`.
        """
        ...


class StartsFrom(Protocol):
    """An aligner that starts from the scores of another (`start`)."""

    def start_from(self, scores: Mapping[str, np.ndarray]) -> Aligner:
        """Return the aligner that aligns from one pair's (units, units) scores, by the name of a group."""
        ...


class Learns(Protocol):
    """An aligner that learns from many networks (`learns`).

    What is learned is stored under the aligner's options, the task and the networks; arrays called `seconds`, or
    `…/seconds`, are kept apart from it and only handed to `describe`.
    """

    def learn(
        self, task: Task, zoo: Population, draft: Draft, progress: Progress, rng: np.random.Generator
    ) -> Mapping[str, np.ndarray]:
        """Return what was learned of the task's networks, all members of `zoo`, as arrays of any shape by name.

        After a kill it continues from the draft; it reports `progress(done, total, **figures)`.
        """
        ...

    def with_learned(self, arrays: Mapping[str, np.ndarray]) -> Aligner:
        """Return the aligner that aligns by what was learned: the arrays that `learn` returned."""
        ...

    def describe(self, arrays: Mapping[str, np.ndarray]) -> Finding:
        """Return how the learning went, from the arrays that `learn` returned."""
        ...
