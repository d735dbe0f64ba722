"""What chooses the points of a chart, and what it may announce."""

from collections.abc import Generator, Sequence
from typing import Protocol

import numpy as np
from attrs import define

from globscope.values.chart import Chart
from globscope.values.findings import Finding
from globscope.values.landscape import Landscape, Samples


class Sampler(Protocol):
    """Chooses the points of a chart that are evaluated, in one round or several."""

    def ask(self, chart: Chart, landscape: Landscape | None, rng: np.random.Generator) -> Samples | None:
        """Return the next round's samples, or None when there is nothing left to ask.

        A pure function: `landscape` holds all samples asked before (None at first), `rng` is the
        round's own. A round has one point at least. A sampler of many rounds is easily written as a
        `Search`, and is quicker if it says so (`Searches`).
        """
        ...


@define(frozen=True, kw_only=True)
class SamplerTraits:
    """What a study knows of a sampler: its class variable or property `traits`.

    Attributes:
        variants: Names of the training runs whose networks it needs; a name that the population lacks is refused.
        budget: The most forward passes that a search takes on each map, where only a run can tell its `count`; a sample
            with a gradient takes as many as `Chart.gradient_cost`. None where there is no limit.
        gradient: Name of the field whose gradient its samples ask for; None where they ask for none. A field that the
            task does not measure, or that the evaluator cannot differentiate, is refused before anything long.
        measures_paths: Whether the two samples of each of its edges that carries a pass are so near to each other that
            a path along the edges is measured as a whole. A pass on samples of no lattice counts as a known path
            between runs only then; an edge that leaps over what nobody measured bounds nothing.
    """

    variants: tuple[str, ...] = ()
    budget: int | None = None
    gradient: str | None = None
    measures_paths: bool = False


class Searches(Protocol):
    """A sampler of many rounds that a study runs once, instead of asking it again after each round."""

    def search(self, chart: Chart, rng: np.random.Generator) -> Generator[Samples, Landscape, None]:
        """Return a search of the rounds for which `ask` asks; `rng` is the first round's.

        `ask` returns `next_round(self.search(chart, rng), landscape)`, and uses `rng` in the first round only.
        """
        ...


class BuildsOn(Protocol):
    """A sampler that uses what other samplers measured on the same map: those that the spec names before it."""

    def build_on(self, earlier: Sequence[Landscape]) -> Sampler:
        """Return the sampler that is asked on this map, in place of this one; a pure function.

        It searches and explains too, where this one does. The earlier landscapes, none where no sampler comes before,
        belong to the key of what it measures.
        """
        ...


class Counts(Protocol):
    """A sampler that announces its samples, so that a study can be estimated before it runs."""

    def count(self, dimension: int) -> int | None:
        """Return how many samples it asks for on a chart of so many axes; None where only a run can tell."""
        ...


class Explains(Protocol):
    """A sampler that says what it found: the minima and passes of a search, with how far to believe them."""

    def explain(self, chart: Chart, landscape: Landscape) -> Finding:
        """Return tables, pictures and warnings for the report, from all samples; a pure function.

        It has no records. An `Overlay` that names no map (`map=""`) lies over the one that is explained.
        """
        ...


class FillsLattice(Protocol):
    """A sampler of a lattice of all axes."""

    def shape(self, dimension: int) -> tuple[int, ...]:
        """Return the samples per axis."""
        ...
