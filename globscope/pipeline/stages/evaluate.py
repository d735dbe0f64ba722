"""The evaluate stage: the fields of networks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve

from globscope.pipeline.disk.journal import FIELDS, DiskJournal
from globscope.pipeline.disk.shard_journal import take_units
from globscope.pipeline.extent import OpenStage, PausedError
from globscope.pipeline.meter import count_elsewhere
from globscope.pipeline.score_share import score_share
from globscope.pipeline.score_units import Evaluation, score_units
from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.workshop import Workshop
from globscope.store import key, read_arrays
from globscope.values.chart import Progress
from globscope.values.evaluation import Networks, UnitPullback


def evaluate(
    workshop: Workshop, networks: Networks, networks_key: str, label: str, pullback: UnitPullback | None = None
) -> tuple[dict[str, np.ndarray], float]:
    """Return the fields of networks, (n,) each, and the seconds they took; units already done are kept.

    Where scoring draws, all networks of a study draw the same numbers, unless these have a seed of their own.

    Args:
        workshop: Of the study.
        networks: To score; where they name a `gradient`, its rows are returned under the name `GRADIENT`.
        networks_key: Key of the networks.
        label: As the observer hears of it.
        pullback: Turns the (n, r) gradients of a unit into those that are stored and returned.

    Raises:
        PausedError: Units are left to others; their plan is recorded if the study stops before evaluations.
    """
    store = workshop.store
    networks = evolve(networks, seed=draw_seed(workshop)) if networks.seed is None else networks
    stage_key = evaluation_key(workshop, networks_key, networks.gradient)
    whole = workshop.computes(Stage.EVALUATE)

    def work(folder: Path, progress: Progress) -> Mapping[str, Any]:
        journal = journal_of(workshop, networks, folder, pullback)
        evaluation = planned_evaluation(workshop, networks, journal)
        for shard in store.shard_folders(Stage.EVALUATE, stage_key):
            taken = take_units(shard, folder, f"{Stage.EVALUATE}/{stage_key}")
            for problem in taken.problems:
                workshop.observer.warning(problem)
        if not whole and (missing := len(journal.pending())):
            units = len(evaluation.plan.units)
            raise PausedError(OpenStage(stage=Stage.EVALUATE, key=stage_key, label=label, parts=units, missing=missing))
        _score(workshop, evaluation, journal, progress)
        return journal.used

    if workshop.extent.shard is not None and not store.is_finished(Stage.EVALUATE, stage_key):
        raise PausedError(score_share(workshop, networks, stage_key, label, pullback))
    pauses = workshop.extent.until is Stage.EVALUATE
    folder = workshop.stage(Stage.EVALUATE, stage_key, work, label, pauses=pauses)
    store.discard_shards(Stage.EVALUATE, stage_key)
    return read_arrays(folder / FIELDS), DiskJournal(folder, len(networks)).seconds


def record_fields(workshop: Workshop, networks: Networks, journal: DiskJournal, progress: Progress) -> None:
    """Let the workers score networks into a journal."""
    _score(workshop, planned_evaluation(workshop, networks, journal), journal, progress)


def journal_of(workshop: Workshop, networks: Networks, folder: Path, pullback: UnitPullback | None) -> DiskJournal:
    """Return the journal of networks that are to be scored."""
    component, rank = workshop.label_of(workshop.spec.evaluator.component), networks.gradient_rank
    return DiskJournal(folder, len(networks), component=component, rank=rank, pullback=pullback)


def _score(workshop: Workshop, evaluation: Evaluation, journal: DiskJournal, progress: Progress) -> None:
    recorded = score_units(evaluation, journal, workshop.workers, progress)
    journal.finish()
    count_elsewhere(journal.cost(recorded))


def planned_evaluation(workshop: Workshop, networks: Networks, journal: DiskJournal) -> Evaluation:
    """Return what workers are handed to score networks, with the plan, which is recorded."""
    evaluator, task = workshop.spec.evaluator.component, workshop.task
    with workshop.errors_of(evaluator):
        plan = journal.plan(evaluator.plan(networks, task))
    return Evaluation(registry=workshop.registry, evaluator=evaluator, networks=networks, task=task, plan=plan)


def evaluation_key(workshop: Workshop, networks_key: str, gradient: str | None = None) -> str:
    """Return the key of the losses of networks with this key, and of the gradient of a field."""
    more = [one for one in (draw_seed(workshop), gradient) if one is not None]
    evaluator = workshop.key_of(workshop.spec.evaluator.component)
    return key(Stage.EVALUATE, evaluator, workshop.task.key, networks_key, *more)


def draw_seed(workshop: Workshop) -> int | None:
    """Return the seed of what scoring draws, the study's; None where the task's loss draws nothing."""
    with workshop.errors_of(workshop.spec.task.component):
        return workshop.spec.seed if workshop.task.draws else None
