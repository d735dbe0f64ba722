"""Scores the rounds of a search into its journal."""

from functools import partial

from attrs import define, evolve, field

from globscope.pipeline.decoded_samples import DecodedSamples
from globscope.pipeline.disk.journal import check_plan, cost_of
from globscope.pipeline.disk.search_journal import RoundJournal, SearchJournal
from globscope.pipeline.score_rounds import SearchScoring, score_round
from globscope.pipeline.score_units import record_units
from globscope.pipeline.workshop import Workshop
from globscope.values.chart import Progress
from globscope.values.cost import NO_COST, Cost
from globscope.values.evaluation import Networks, Plan
from globscope.values.findings import Map
from globscope.values.landscape import Landscape, Samples


@define(kw_only=True)
class RoundScores:
    """Scores the rounds of a search.

    Attributes:
        workshop: The workshop of the study.
        fitted: The map on which the samples lie.
        journal: Records rounds and scores in the folder of the stage.
        scoring: What workers are handed once.
        cost_before: Cost of the units that an earlier process has scored.
    """

    workshop: Workshop
    fitted: Map
    journal: SearchJournal
    scoring: SearchScoring
    cost_before: Cost = NO_COST
    # The plan for the most networks so far, by the gradient that they want.
    _plans: dict[str | None, Plan] = field(factory=dict, init=False)

    @classmethod
    def of(cls, workshop: Workshop, fitted: Map, journal: SearchJournal, seed: int | None) -> "RoundScores":
        """Return what scores the rounds on a map, with the seed of what scoring draws."""
        scoring = SearchScoring(
            registry=workshop.registry,
            evaluator=workshop.spec.evaluator.component,
            task=workshop.task,
            space=fitted.chart.space,
            buffers=fitted.population.buffers,
            seed=seed,
        )
        return cls(workshop=workshop, fitted=fitted, journal=journal, scoring=scoring)

    def landscape(self, number: int, samples: Samples, decoded: DecodedSamples | None = None) -> Landscape:
        """Return the landscape of a round, decoded and scored unless it was recorded before."""
        recorded = self.journal.read_round(number)
        if recorded is None or len(recorded[0].samples.points) != len(samples.points):
            decoded = decoded or DecodedSamples.of(self.fitted, samples)
            recorded = decoded, self._plan(decoded.to_score(self.fitted))
            self.journal.record(number, *recorded)
        return self._score(number, *recorded)

    def _score(self, number: int, decoded: DecodedSamples, plan: Plan) -> Landscape:
        networks = evolve(decoded.to_score(self.fitted), seed=self.scoring.seed)
        self._remember(networks, plan)
        units = RoundJournal(
            self.journal.folder,
            len(networks),
            component=self.workshop.label_of(self.scoring.evaluator),
            rank=networks.gradient_rank,
            pullback=decoded.pullback(self.fitted.chart),
            number=number,
            planned=plan,
        )
        if units.pending():
            self.journal.forget_from(number + 1)
        workers = self.workshop.workers
        score = partial(score_round, self.scoring, networks, plan, workers)
        scored = record_units(units, score, Progress(), workers.count)
        where, fields = units.gather()
        self.journal.units += [{"round": number, "method": plan.method, **one} for one in where]
        self.cost_before += cost_of(where, besides=scored)
        return decoded.landscape(self.fitted, fields, cost_of(where).seconds)

    def _plan(self, networks: Networks) -> Plan:
        """Return a plan: that for the most networks so far, cut off, where there are no more of these."""
        known, evaluator = self._plans.get(networks.gradient), self.scoring.evaluator
        if known is None or _size(known) < len(networks):
            with self.workshop.errors_of(evaluator):
                known = evaluator.plan(evolve(networks, seed=self.scoring.seed), self.scoring.task)
            check_plan(self.workshop.label_of(evaluator), known, len(networks))
        kept = [unit for unit in known.units if unit.start < len(networks)]
        return evolve(known, units=tuple(evolve(unit, stop=min(unit.stop, len(networks))) for unit in kept))

    def _remember(self, networks: Networks, plan: Plan) -> None:
        known = self._plans.get(networks.gradient)
        if known is None or _size(known) < _size(plan):
            self._plans[networks.gradient] = plan


def _size(plan: Plan) -> int:
    """Return for how many networks a plan is."""
    return plan.units[-1].stop
