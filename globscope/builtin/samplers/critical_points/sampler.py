"""The sampler `critical-points`."""

from collections.abc import Sequence

import numpy as np
from attrs import define

from globscope.api import Chart, CheckFacts, Finding, Landscape, PopulationError, SamplerTraits, Samples, Search
from globscope.builtin.samplers.critical_points.options import CriticalPointOptions
from globscope.builtin.samplers.critical_points.search import least_budget
from globscope.builtin.samplers.critical_points.search_beside_others import SearchBesideOthers


@define(frozen=True, kw_only=True)
class CriticalPoints(CriticalPointOptions):
    """Minima and passes of a field, found by its gradients on a map of any number of axes, without a grid.

    Descents lead from the runs' ends and from quasi-random points to minima. Strings between minima sink until their
    highest point is a pass. The samples are all networks that were looked at; their edges lead along the strings' final
    paths, and from every other sample down to one that is lower, so that a topology whose adjacency is `auto` finds the
    merge tree. Every pass is an upper bound: the highest of the samples of an explicit path. Strings may also start
    along the lowest ways on samples that the map's other samplers took before. Minima to which no string came for want
    of evaluations are joined by straight segments, for which a part of the budget is kept.

    Source: E, Ren, Vanden-Eijnden, "Simplified and improved string method", J. Chem. Phys. 126, 2007; Draxler et al.,
    "Essentially no barriers in neural network energy landscape", ICML 2018, for paths between minima along a tree.

    Attributes:
        field: Name of the field whose critical points are found.
        members: Members from which descents start: each run's last checkpoint (`ends`), `all`, or `none`.
        starts: Number of quasi-random points from which descents start, in the same box as a grid's.
        pairs: Minima that strings join at first: those of a Euclidean minimum spanning tree (`tree`), also each
            minimum's two nearest ones (`neighbours`), or also every two in which runs end (`all`). Further pairs
            follow until no pass becomes lower.
        images: Number of points of a string between its ends.
        tolerance: Barriers, dips and gains below this are neglected; absolute, in the field's unit.
        step: Largest distance between samples along a final path, along a member's way down, and along a segment that
            joins two ends of descents without a barrier; as a share of the box's widest extent.
        budget: Largest number of evaluations. A point with its gradient costs three, or 1 + 2 for each axis on a map
            that is not differentiable.
        margin: Extra extent at both ends of every axis, as a share of the members' extent.
        bounded: Whether descents and strings stay within this box.
    """

    @classmethod
    def quick_examples(cls) -> "tuple[CriticalPoints, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(starts=4, images=3, tolerance=0.1),
            cls(members="none", starts=3, pairs="all", budget=500, bounded=False),
        )

    @property
    def traits(self) -> SamplerTraits:
        """The budget of a search, and the field that it descends."""
        return SamplerTraits(budget=self.budget, gradient=self.field, measures_paths=True)

    def ask(self, chart: Chart, landscape: Landscape | None, rng: np.random.Generator) -> Samples | None:
        """Return the next round's samples; the first depends on the generator, all others on what was measured."""
        return self.build_on(()).ask(chart, landscape, rng)

    def search(self, chart: Chart, rng: np.random.Generator) -> Search:
        """Return the whole search, of which `ask` gives one round; only its first round depends on the generator."""
        return self.build_on(()).search(chart, rng)

    def build_on(self, earlier: Sequence[Landscape]) -> SearchBesideOthers:
        """Return the search whose strings may also start along the lowest ways that earlier samples show."""
        return SearchBesideOthers(options=self, earlier=tuple(earlier))

    def count(self, dimension: int) -> int | None:
        """Return None: how many samples are needed is known at the end."""
        del dimension
        return None

    def check(self, facts: CheckFacts) -> None:
        """Refuse a budget that does not reach a descent from every run, and a string.

        Raises:
            PopulationError: The budget is too small.
        """
        runs = 0 if self.members == "none" else len(facts.variants)
        least = least_budget(max(runs, 1), self.images)
        if self.budget < least:
            starts = f"descents from {runs} runs" if runs > 1 else "a descent"
            raise PopulationError(
                f"budget must be >= {least:,}, got {self.budget:,}: {starts} and a string of {self.images} images take "
                "at least as many evaluations, and of any use are several times as many"
            )

    def explain(self, chart: Chart, landscape: Landscape) -> Finding:
        """Return tables of the minima and passes, and warnings about what is not certain."""
        return self.build_on(()).explain(chart, landscape)
