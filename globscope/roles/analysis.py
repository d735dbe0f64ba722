"""What answers a question on finished maps, and what it may do before."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from attrs import define

from globscope.roles.bench import Bench
from globscope.roles.task import Task
from globscope.values.findings import Atlas, Finding
from globscope.values.members import Population
from globscope.values.merged_network import MergedNetwork


class Analysis(Protocol):
    """Answers a question on finished maps.

    In which basins a map's runs end, and which it does not show, `last_networks(map, landscape, topology)` returns; the
    sample nearest to a member may be of another network.
    """

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return what was found."""
        ...


@define(frozen=True, kw_only=True)
class AnalysisTraits:
    """What a study knows of an analysis: its class variable or property `traits`.

    Attributes:
        field: Name of the field that it looks at, such as `train_loss`; a name that the task does not measure is
            refused. None where it looks at none, or at all.
        fields: Names of the fields, if it looks at several; one that the task does not measure is refused.
        reducers: Names of the maps that it looks at, all where it is empty: names are checked, maps without an inverse
            refused, and plans count no others.
        aligners: Names of the aligners that it uses, in the spec or built-in ones; unknown names are refused.
        figures: Whether it looks at the figures that tables have of members. Others are shown none, so that a change of
            a table computes no other analysis again.
    """

    field: str | None = None
    fields: tuple[str, ...] = ()
    reducers: tuple[str, ...] = ()
    aligners: tuple[str, ...] = ()
    figures: bool = False


class Derives(Protocol):
    """An analysis that adds members before the maps are fitted: curve points, re-based networks."""

    def derive(self, task: Task, population: Population, bench: Bench, rng: np.random.Generator) -> Population:
        """Return the members to add, made from those that were trained or read.

        Those with `in_fit=False` are evaluated and left out of the fits. What takes long belongs into `bench.stage`.
        """
        ...


class Plans(Protocol):
    """An analysis with a line in a study's plan."""

    def plan(self, maps: int, variants: int) -> str:
        """Return in a few words what it will do on so many maps with an inverse."""
        ...


class Evaluates(Protocol):
    """An analysis that scores networks."""

    def evaluations(self, lattices: Sequence[tuple[int, ...]], maps: int, variants: int) -> int | None:
        """Return how many networks it scores at most; None where only a run can tell, which the plan then says.

        Args:
            lattices: The shape (samples per axis) of every lattice that the maps will be sampled on.
            maps: How many maps with an inverse it looks at.
            variants: How many variants the population has.
        """
        ...


class Refits(Protocol):
    """An analysis that fits maps again."""

    def refits(self) -> int:
        """Return how often it fits every map again and has its landscape."""
        ...


class Merges(Protocol):
    """An analysis that merges networks, of which any can be taken."""

    def merged_network(self, recipe: str, members: tuple[str, ...], atlas: Atlas, bench: Bench) -> MergedNetwork:
        """Return what a recipe makes of members of these names, or the best of all that it merged where none is named.

        What it measured on the bench is not measured again. The recipe `best` takes the best of all recipes.

        Raises:
            GlobscopeError: There is no such recipe, or none for these networks.
        """
        ...


class FindsCurves(Protocol):
    """An analysis that finds curves between runs, of which any point can be taken as a network."""

    def curve_point(
        self, runs: tuple[str, str], t: float, task: Task, population: Population, bench: Bench
    ) -> np.ndarray | None:
        """Return the (D,) weights at t in [0, 1] of its curve from one run's final network to another's; else None.

        What `derive` has stored on the bench is not computed again.
        """
        ...
