"""The evaluate stage: the fields of networks."""

from pathlib import Path

import numpy as np
from attrs import evolve

from globscope.store import key, read_arrays
from globscope.study.context import Context
from globscope.study.disk.journal import FIELDS, DiskJournal
from globscope.study.units import Evaluation, score_units
from globscope.values.chart import Progress
from globscope.values.evaluation import Networks

SAMPLES, ASKED = "samples.npz", "asked.json"


def evaluate(context: Context, networks: Networks, identity: str, label: str) -> tuple[dict[str, np.ndarray], float]:
    """Return the fields of networks, (n,) each, and the seconds they took; units already done are kept.

    Where scoring draws, all networks of a study draw the same numbers, unless these have a seed of their own.
    """
    evaluator = context.spec.evaluator.component
    networks = evolve(networks, seed=draw_seed(context)) if networks.seed is None else networks
    whole = evaluation_key(context, identity)

    def work(folder: Path, progress: Progress) -> None:
        record_fields(context, networks, DiskJournal(folder, len(networks), component=context.who(evaluator)), progress)

    folder = context.stage("evaluate", whole, work, label)
    journal = DiskJournal(folder, len(networks))
    context.used[f"evaluate/{whole}"] |= journal.used
    return read_arrays(folder / FIELDS), journal.seconds


def record_fields(context: Context, networks: Networks, journal: DiskJournal, progress: Progress) -> None:
    """Let the workers score networks into a journal."""
    evaluator, task = context.spec.evaluator.component, context.task
    with context.blaming(evaluator):
        plan = journal.plan(evaluator.plan(networks, task))
    evaluation = Evaluation(registry=context.registry, evaluator=evaluator, networks=networks, task=task, plan=plan)
    score_units(evaluation, journal, context.workers, progress)
    journal.finish()


def evaluation_key(context: Context, identity: str) -> str:
    """Return the key of the losses of networks with this key."""
    drawn = [] if draw_seed(context) is None else [draw_seed(context)]
    return key("evaluate", context.identity(context.spec.evaluator.component), context.task_key, identity, *drawn)


def draw_seed(context: Context) -> int | None:
    """Return the seed of what scoring draws, the study's; None where the task's loss draws nothing."""
    with context.blaming(context.spec.task.component):
        return context.spec.seed if context.task.draws else None
