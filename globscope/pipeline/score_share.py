"""A shard's share of an evaluation that another process has prepared."""

from attrs import evolve

from globscope.errors import FileError
from globscope.pipeline.disk.journal import PLAN, read_plan
from globscope.pipeline.disk.shard_journal import ShardJournal, is_recorded
from globscope.pipeline.extent import OpenStage, Shard
from globscope.pipeline.score_units import Evaluation, score_units
from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.workshop import Workshop
from globscope.roles import Evaluator
from globscope.store import discard
from globscope.store.record import read
from globscope.torch_settings import precise, same_threads
from globscope.values.evaluation import Networks, Plan, UnitPullback


def score_share(
    workshop: Workshop, networks: Networks, key: str, label: str, pullback: UnitPullback | None
) -> OpenStage:
    """Score the units of an evaluation that are this shard's; return what is left then.

    The stage's own folder is only read, since another process may be at work there. Arguments are those of `evaluate`.
    """
    found = OpenStage(stage=Stage.EVALUATE, key=key, label=label)
    try:
        return _score(workshop, networks, found, pullback)
    except (OSError, FileError):
        if not _is_over(workshop, key):
            raise
        return evolve(found, parts=1)  # its folder was renamed, or this shard's removed, in the meantime


def _score(workshop: Workshop, networks: Networks, found: OpenStage, pullback: UnitPullback | None) -> OpenStage:
    key, shard, plan = found.key, workshop.extent.shard, _prepared_plan(workshop, found.key)
    if shard is None or plan is None:
        return found
    journal = evolve(_journal(workshop, networks, key, shard, plan), pullback=pullback)
    if journal.pending():
        evaluator: Evaluator = workshop.spec.evaluator.component
        evaluation = Evaluation(
            registry=workshop.registry, evaluator=evaluator, networks=networks, task=workshop.task, plan=plan
        )
        with same_threads(), precise("float32", "cpu"):
            score_units(evaluation, journal, workshop.workers, workshop.observer.stage(f"{found.label}, shard {shard}"))
    folders = (journal.folder, *journal.others)
    missing = 0 if _is_over(workshop, key) else sum(not is_recorded(unit, folders) for unit in plan.units)
    return evolve(found, parts=len(plan.units), missing=missing, done=journal.done)


def _is_over(workshop: Workshop, key: str) -> bool:
    """Whether another process has finished the evaluation meanwhile."""
    return workshop.store.place(Stage.EVALUATE, key).is_dir()


def _prepared_plan(workshop: Workshop, key: str) -> Plan | None:
    """Return the plan that was recorded for an evaluation; None where there is none, or it is damaged."""
    part = workshop.store.unfinished_place(Stage.EVALUATE, key)
    record = read(part)
    if record is None or not record.is_as_written(part, PLAN):
        # Which was renamed meanwhile if another process has finished the evaluation.
        return read_plan(workshop.store.place(Stage.EVALUATE, key) / PLAN) if _is_over(workshop, key) else None
    return read_plan(part / PLAN)


def _journal(workshop: Workshop, networks: Networks, key: str, shard: Shard, plan: Plan) -> ShardJournal:
    """Return the shard's journal, which continues where an earlier process stopped."""
    store, name = workshop.store, f"{shard.number}-of-{shard.count}"
    folder = store.shard_folder(Stage.EVALUATE, key, name)
    if (folder / PLAN).exists() and read_plan(folder / PLAN) != plan:
        discard(folder)  # of a plan that was damaged and made anew
        folder = store.shard_folder(Stage.EVALUATE, key, name)
    others = (store.unfinished_place(Stage.EVALUATE, key), *store.shard_folders(Stage.EVALUATE, key))
    journal = ShardJournal(
        folder,
        len(networks),
        component=workshop.label_of(workshop.spec.evaluator.component),
        rank=networks.gradient_rank,
        shard=shard,
        key=key,
        place=store.place(Stage.EVALUATE, key),
        others=others,
    )
    journal.plan(plan)
    return journal
