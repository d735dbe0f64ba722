"""Computes a shard's share of a prepared run, which needs no spec: the run folder has it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import define

from globscope.errors import GlobscopeError, RunError
from globscope.pipeline.built_task import TaskCache
from globscope.pipeline.extent import DIVISIBLE, Extent, OpenStage, Shard
from globscope.pipeline.observer import Observer
from globscope.pipeline.pool import workers_of
from globscope.pipeline.preparation import Preparation, input_keys
from globscope.session.prepared_parts import prepared_folders
from globscope.session.run_folder import SPEC
from globscope.session.study import Study, load
from globscope.store import written_file

HOW = "`globscope study SPEC --until evaluate`"


@define(frozen=True, kw_only=True)
class ShardWork:
    """What a shard has done.

    Attributes:
        folder: The run folder.
        shard: The share that was computed.
        stages: What is not finished, every stage once.
        failed: Why cells of a sweep could not be worked on, by cell.
    """

    folder: Path
    shard: Shard
    stages: Sequence[OpenStage]
    failed: Mapping[str, str]

    @property
    def done(self) -> int:
        """How many units of evaluations it has scored now."""
        return sum(one.done for one in self.stages)


def work(
    folder: Path,
    shard: Shard,
    overrides: Sequence[str] = (),
    observer: Observer | None = None,
    disable: Sequence[str] = (),
) -> ShardWork:
    """Compute a shard's share of all that is prepared in a run folder, or in the cells of a sweep.

    Only folders of this shard are written in the run folder, and those of networks that it trains.

    Args:
        folder: The run folder.
        shard: Which share.
        overrides: `key=value` for the spec of the run: where files lie here, and where work is done.
        observer: Hears of progress.
        disable: Names of installed distributions of which nothing is imported, besides those of the run's spec.

    Raises:
        RunError: Nothing is prepared there, or the spec or a file that it names has changed since.
        GlobscopeError: The study cannot run; the message says what to change.
    """
    observer, cache, stages = observer or Observer(), TaskCache(), dict[str, OpenStage]()
    failed = dict[str, str]()
    prepared = _preparations(folder)
    studies = [load(written_file(one, SPEC), overrides, one, disable=disable) for one in prepared]
    with workers_of(studies[0].spec, studies[0].registry, observer) as workers:
        for study in studies:
            workshop = study.workshop(observer, cache, workers)
            _require_unchanged(study, prepared[study.folder].differences(input_keys(workshop)))
            try:
                stages |= {one.key: one for one in study.advance(workshop, Extent(shard=shard))}
            except GlobscopeError as error:
                if study.folder == folder:
                    raise
                observer.warning(f"cell {study.folder.name} failed: {error}")
                failed[study.folder.name] = str(error)
    return ShardWork(folder=folder, shard=shard, stages=tuple(stages.values()), failed=failed)


def _preparations(folder: Path) -> Mapping[Path, Preparation]:
    """Return what is prepared, by the folder of the run or of each cell.

    Raises:
        RunError: Nothing is prepared that shards can divide.
    """
    found = {one: prepared for one in prepared_folders(folder) if (prepared := Preparation.read(one)) is not None}
    if not found:
        raise RunError(f"{folder}: nothing is prepared for shards here; {HOW} prepares it")
    for one, prepared in found.items():
        if prepared.until not in DIVISIBLE:
            raise RunError(
                f"{one}: was prepared until {prepared.until}, which shards cannot divide; they divide "
                f"{', '.join(DIVISIBLE)}"
            )
    return found


def _require_unchanged(study: Study, differences: Sequence[str]) -> None:
    if differences:
        tables = ", ".join(differences)
        raise RunError(
            f"{study.folder}: {tables}: the spec, or a file that it names, is not as it was when the run was prepared; "
            "the same `globscope study` command prepares it again"
        )
