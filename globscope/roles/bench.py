"""What analyses work at: a study's stages, and the draft of a long one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from attrs import define

from globscope.errors import GlobscopeError
from globscope.roles.probe import Tensors
from globscope.roles.task import Task
from globscope.values.chart import Progress
from globscope.values.evaluation import Networks
from globscope.values.findings import Map
from globscope.values.landscape import Landscape, Samples
from globscope.values.members import Population
from globscope.values.topology import Topology


class Draft(Protocol):
    """What a long computation has so far, kept on disk, so that it continues there after a kill."""

    def read(self) -> dict[str, np.ndarray]:
        """Return the arrays that were written last, as they were; nothing at the start."""
        ...

    def write(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays of any shape, atomically, in place of those before."""
        ...


Pair = tuple[Tensors, Tensors, str]
"""Two networks, with a label for whoever watches."""
Work = Callable[[Draft, Progress], Mapping[str, np.ndarray]]


@define(frozen=True, kw_only=True)
class Part:
    """A computation of an analysis that does not need the others.

    Attributes:
        label: What is computed, for whoever watches.
        inputs: All that the result follows from beside the task and the study's seed: options, components, arrays
            (hashed by their bytes).
        work: Computes it. Another process may do that, so it is picklable, such as an attrs class with `__call__`.
    """

    label: str
    inputs: Sequence[Any]
    work: Work


@define(frozen=True, kw_only=True)
class FitRequest:
    """A fit of a reducer of the spec.

    Attributes:
        reducer: Name of the reducer in the spec.
        population: The members; those in the fit are fitted.
        seed: Seed of the fit; that of the spec if None.
    """

    reducer: str
    population: Population
    seed: int | None = None


class Bench(Protocol):
    """A study's stages, for analyses: everything is stored under its key, so nothing runs twice."""

    @property
    def seed(self) -> int:
        """The study's seed."""
        ...

    @property
    def task(self) -> Task:
        """The study's task, by what of its weights is flattened."""
        ...

    def stage(self, label: str, parts: Sequence[Any], work: Work) -> Mapping[str, np.ndarray]:
        """Return the arrays, of any shape, that `work` makes, from the store where they were made before.

        `parts` is all that they follow from beside the task and the study's seed: options, components, arrays
        (hashed by their bytes). The label tells whoever watches what is being done.
        """
        ...

    def stages(self, parts: Iterable[Part]) -> list[Mapping[str, np.ndarray]]:
        """Return the arrays of several parts by name, in their order; the pool's workers compute them side by side."""
        ...

    def attempts(self, parts: Iterable[Part]) -> list[Mapping[str, np.ndarray] | GlobscopeError]:
        """Return the arrays of several parts, or the error of each that failed, in their order.

        As `stages`, for parts of which some may fail without harm to the others. An error of a plugin or of the user's
        own code is raised.
        """
        ...

    def fit(self, reducer: str, population: Population, seed: int | None = None) -> Map:
        """Return the chart of a reducer of the spec, fitted to `population`'s members in the fit."""
        ...

    def fits(self, requests: Iterable[FitRequest]) -> Iterator[Map]:
        """Yield the charts of several fits, in their order; the pool's workers fit side by side.

        Several requests are read ahead, so that no worker waits; not all, since each may hold the weights of a
        population.
        """
        ...

    def landscape(self, fitted: Map) -> Map:
        """Return the map with its samplers' landscapes and their topologies."""
        ...

    def measure(self, networks: Networks) -> Mapping[str, np.ndarray]:
        """Return the fields of given networks, (n,) each.

        Those without buffers are scored with the buffers that all members have in common; where members differ in one
        that is no statistic, that is an error.
        """
        ...

    def align(self, aligner: str, a: Tensors, b: Tensors, label: str) -> Mapping[str, np.ndarray]:
        """Return what an aligner finds for two networks, by its name in the spec, or with its defaults by its own.

        The permutations are as `Aligner.align` returns them; the label tells whoever watches what is aligned.
        """
        ...

    def align_pairs(self, aligner: str, pairs: Sequence[Pair]) -> list[Mapping[str, np.ndarray]]:
        """Return for each pair with its label the (units,) permutations by group; workers align pairs side by side."""
        ...

    def align_among(
        self, aligner: str, networks: Mapping[str, Tensors], pairs: Sequence[tuple[str, str]]
    ) -> list[Mapping[str, np.ndarray]]:
        """Return for each pair of names the permutations of the second network that fit the first.

        An aligner that `AlignsSets` aligns all the networks to one another once, and every pair follows from that; any
        other aligns each pair by itself, as `align_pairs` does.
        """
        ...

    def sample(self, fitted: Map, samples: Samples) -> Landscape:
        """Return the landscape at given points of a map with an inverse, decoded as one batch."""
        ...

    def topology(self, name: str, landscape: Landscape) -> Topology:
        """Return what the topology of this name in the spec makes of a landscape."""
        ...
