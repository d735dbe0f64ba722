"""Scores the units of an evaluation, wherever a pool's workers are; the journal keeps what each of them gave."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from attrs import define

from globscope.errors import EvaluationError
from globscope.memory import is_out_of_memory
from globscope.pipeline.disk.journal import DiskJournal
from globscope.pipeline.meter import measure_items, with_costs
from globscope.pipeline.pool import as_in_a_study
from globscope.registry import Registry
from globscope.roles import Evaluator, Task, UnitScorer, Workers
from globscope.values.chart import Progress
from globscope.values.cost import Cost
from globscope.values.evaluation import Networks, Plan, Unit


@define(frozen=True, kw_only=True)
class Evaluation:
    """What a worker is handed once, to score units.

    Attributes:
        registry: The registry of all components, for the labels in errors.
        evaluator: The evaluator of the spec.
        networks: All networks that the units are parts of.
        task: The task of the networks.
        plan: The plan that was recorded.
    """

    registry: Registry
    evaluator: Evaluator
    networks: Networks
    task: Task
    plan: Plan


@define(frozen=True, kw_only=True)
class ScoredUnit:
    """The fields of a unit, (stop − start,) each, with where they were computed."""

    fields: dict[str, np.ndarray]
    device: str
    threads: int


@define(frozen=True)
class TooLarge:
    """A unit that does not fit into memory, with what the allocator says."""

    reason: str


Scored = Iterator[tuple[Unit, ScoredUnit | TooLarge, Cost]]


def score_units(evaluation: Evaluation, journal: DiskJournal, workers: Workers, progress: Progress) -> set[Unit]:
    """Record all pending units, and return those that were.

    Raises:
        EvaluationError: A unit of one network does not fit into memory.
    """

    def score(units: Iterable[Unit]) -> Scored:
        return with_costs(workers.map(unit_scorer, evaluation, units))

    return record_units(journal, score, progress, workers.count)


def record_units(
    journal: DiskJournal, score: Callable[[Iterable[Unit]], Scored], progress: Progress, workers: int
) -> set[Unit]:
    """Record all pending units of a journal, and return those that were.

    Args:
        journal: Of the units.
        score: Yields units as they are scored, with their scores and cost.
        progress: Hears of the networks that are scored.
        workers: How many units are scored side by side.

    Raises:
        EvaluationError: A unit of one network does not fit into memory.
    """
    count, recorded = journal.size, set[Unit]()
    side_by_side = {"workers": workers} if workers > 1 else {}
    while pending := journal.pending():  # again where units were split
        done = count - sum(len(unit) for unit in pending)
        progress(done, count, **side_by_side)
        # Not those that other processes have scored meanwhile, as far as the pool takes one after another.
        lacking = filter(journal.lacks, pending)
        for unit, scored, cost in score(lacking):
            if isinstance(scored, TooLarge):
                _split(journal, unit, scored)
            else:
                journal.record(unit, scored.fields, device=scored.device, threads=scored.threads, cost=cost)
                recorded.add(unit)
                done += len(unit)
                progress(done, count, **side_by_side)
    progress(count, count)
    return recorded


@measure_items
def unit_scorer(evaluation: Evaluation) -> Callable[[Unit, Progress], ScoredUnit | TooLarge]:
    """Return what scores one unit after another in this process."""
    with as_in_a_study(evaluation.registry, evaluation.evaluator):
        scorer = evaluation.evaluator.scorer(evaluation.networks, evaluation.task, evaluation.plan)

    def score(unit: Unit, _: Progress) -> ScoredUnit | TooLarge:
        with as_in_a_study(evaluation.registry, evaluation.evaluator):
            return score_unit(scorer, unit)

    return score


def score_unit(scorer: UnitScorer, unit: Unit) -> ScoredUnit | TooLarge:
    """Return the scores of a unit, or that it does not fit into memory."""
    import torch

    try:
        fields = dict(scorer.score(unit))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return TooLarge(str(error))
    return ScoredUnit(fields=fields, device=scorer.device, threads=torch.get_num_threads())


def _split(journal: DiskJournal, unit: Unit, scored: TooLarge) -> None:
    if len(unit) == 1:
        raise EvaluationError(f"network {unit.start} alone does not fit into memory: {scored.reason}")
    journal.split(unit)
