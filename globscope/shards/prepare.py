"""Computes what comes before a stage, and prepares that stage for shards."""

from collections.abc import Sequence
from pathlib import Path

import tomli_w
from attrs import define

from globscope.errors import GlobscopeError
from globscope.pipeline.built_task import TaskCache
from globscope.pipeline.extent import Extent, OpenStage
from globscope.pipeline.observer import Observer
from globscope.pipeline.pool import workers_of
from globscope.pipeline.preparation import Preparation, input_keys
from globscope.pipeline.stage_keys import Stage
from globscope.roles import Workers
from globscope.session.run_folder import SWEEP
from globscope.session.study import Study
from globscope.session.write_results import write_spec
from globscope.spec.describe import plain
from globscope.store import claim, write_bytes
from globscope.sweep import Sweep


@define(frozen=True, kw_only=True)
class Prepared:
    """A run that stopped before a stage.

    Attributes:
        folder: The run folder.
        until: The stage before which it stopped.
        stages: What is left, every stage once.
        failed: Why cells of a sweep could not be prepared, by cell.
    """

    folder: Path
    until: Stage
    stages: Sequence[OpenStage]
    failed: dict[str, str]


def prepare(job: Study | Sweep, until: Stage, observer: Observer | None = None) -> Prepared:
    """Compute all stages before one, and record how shards divide it, where they can.

    Shards can divide `train`, into runs that are trained at once, and `evaluate`, into units of networks.

    Raises:
        GlobscopeError: The study cannot run; the message says what to change.
    """
    observer = observer or Observer()
    job.begin(observer)
    if isinstance(job, Sweep):
        return _prepare_sweep(job, until, observer)
    with workers_of(job.spec, job.registry, observer) as workers:
        stages = _prepare_study(job, until, observer, workers, TaskCache())
    return Prepared(folder=job.folder, until=until, stages=stages, failed={})


def _prepare_sweep(sweep: Sweep, until: Stage, observer: Observer) -> Prepared:
    """Prepare the cells one after another; what several share is computed once."""
    write_bytes(sweep.folder / SWEEP, tomli_w.dumps(plain(sweep.spec.document)).encode())
    cache, failed, stages = TaskCache(), dict[str, str](), dict[str, OpenStage]()
    sweep.cell_keys(cache)  # all problems of all cells at once
    with workers_of(sweep.spec.cells[0].spec, sweep.registry, observer) as workers:
        for number, cell in enumerate(sweep.spec.cells, 1):
            observer.cell(cell.name, number, len(sweep.spec.cells))
            try:
                found = _prepare_study(sweep.study(cell), until, observer, workers, cache)
                stages |= {one.key: one for one in found}
            except GlobscopeError as error:
                observer.warning(f"cell {cell.name} failed: {error}")
                failed[cell.name] = str(error)
    return Prepared(folder=sweep.folder, until=until, stages=tuple(stages.values()), failed=failed)


def _prepare_study(
    study: Study, until: Stage, observer: Observer, workers: Workers, cache: TaskCache
) -> tuple[OpenStage, ...]:
    claim(study.folder, "study")
    write_spec(study.folder, study.spec)
    workshop = study.workshop(observer, cache, workers)
    stages = study.advance(workshop, Extent(until=until))
    Preparation(until=until, inputs=input_keys(workshop), stages=stages).write(study.folder)
    return stages
