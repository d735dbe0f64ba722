"""Scores the rounds of a search: what all of them need is handed to a worker once, and what it prepares is kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from attrs import define, evolve, field

from globscope.pipeline.meter import measure_items, with_costs
from globscope.pipeline.pool import as_in_a_study
from globscope.pipeline.score_units import Scored, ScoredUnit, TooLarge, score_unit
from globscope.registry import Registry
from globscope.roles import Evaluator, Renews, Task, UnitScorer, Workers, capability
from globscope.values.chart import Progress
from globscope.values.evaluation import Networks, Plan, Unit
from globscope.values.space import Lifting


@define(frozen=True, kw_only=True, eq=False, slots=False)
class SearchScoring:
    """What a worker is handed once for all rounds: the same object for each, so that a pool sends it once.

    Attributes:
        registry: The registry of all components, for the labels in errors.
        evaluator: The evaluator of the spec.
        task: The task of the networks.
        space: Turns coordinates into weights.
        buffers: The members' buffers.
        seed: Of what scoring draws; None where it draws nothing.
    """

    registry: Registry
    evaluator: Evaluator
    task: Task
    space: Lifting
    buffers: Sequence[Mapping[str, np.ndarray]] = field(repr=False)
    seed: int | None

    @cached_property
    def scorers(self) -> dict[Any, UnitScorer]:
        """The scorers of this process, by the gradient and the way for which they were made."""
        return {}

    def scorer(self, item: "RoundUnit") -> UnitScorer:
        """Return what scores a unit, made from an earlier one where the evaluator can do that."""
        networks = self.networks(item.coordinates, item.nearest, item.gradient)
        plan = evolve(item.way, units=(Unit(start=0, stop=len(networks)),))
        way = (item.gradient, item.way)
        known = self.scorers.get(way)
        renewing = None if known is None else capability(known, Renews)
        made = self.evaluator.scorer(networks, self.task, plan) if renewing is None else renewing.renew(networks, plan)
        self.scorers[way] = made
        return made

    def networks(self, coordinates: Any, nearest: Any, gradient: str | None) -> Networks:
        """Return networks of the search."""
        return Networks(
            space=self.space,
            coordinates=coordinates,
            buffers=self.buffers,
            nearest=nearest,
            seed=self.seed,
            gradient=gradient,
        )

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what it is made of: every process has scorers of its own."""
        return {name: value for name, value in self.__dict__.items() if name != "scorers"}


@define(frozen=True, kw_only=True)
class RoundUnit:
    """A unit of a round on its way to a worker.

    Attributes:
        unit: Its place in the round.
        coordinates: (n, r) coordinates of its networks.
        nearest: (n,) row of the member nearest to each.
        gradient: Name of the field whose gradient is wanted; None where none is.
        way: The round's plan, without units.
    """

    unit: Unit
    coordinates: np.ndarray = field(eq=False, repr=False)
    nearest: np.ndarray = field(eq=False, repr=False)
    gradient: str | None
    way: Plan

    def __str__(self) -> str:
        """For messages."""
        return str(self.unit)


def score_round(
    scoring: SearchScoring, networks: Networks, plan: Plan, workers: Workers, units: Iterable[Unit]
) -> Scored:
    """Yield units of a round as workers score them, with scores and cost."""
    assert networks.nearest is not None
    items = [
        RoundUnit(
            unit=unit,
            coordinates=np.ascontiguousarray(networks.coordinates[unit.start : unit.stop]),
            nearest=networks.nearest[unit.start : unit.stop],
            gradient=networks.gradient,
            way=evolve(plan, units=()),
        )
        for unit in units
    ]
    for item, scored, cost in with_costs(workers.map(round_scorer, scoring, items)):
        yield item.unit, scored, cost


@measure_items
def round_scorer(scoring: SearchScoring) -> Callable[[RoundUnit, Progress], ScoredUnit | TooLarge]:
    """Return what scores units of any round in this process."""

    def score(item: RoundUnit, _: Progress) -> ScoredUnit | TooLarge:
        with as_in_a_study(scoring.registry, scoring.evaluator):
            return score_unit(scoring.scorer(item), Unit(start=0, stop=len(item.unit)))

    return score
