"""A study at work: where its components, stored stages and workers are, and the one way to compute a stage."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from attrs import define, field

from globscope.boundary import component_errors
from globscope.pipeline.built_task import BuiltTask, StudyTask
from globscope.pipeline.extent import WHOLE, Extent, OpenStage, PausedError
from globscope.pipeline.ledger import Entry, Ledger
from globscope.pipeline.meter import measure
from globscope.pipeline.observer import Observer
from globscope.pipeline.stage_keys import Stage, component_key
from globscope.pipeline.worker_files import workers_on_files
from globscope.registry import Registry
from globscope.roles import Workers
from globscope.spec.study_spec import Spec
from globscope.store import Store, read_json, write_json
from globscope.torch_settings import precise, same_threads
from globscope.values.chart import Progress
from globscope.values.cost import Cost
from globscope.workers import ThisProcess

Item = TypeVar("Item")
# In the folder of a finished stage: what `Entry` has beside kind, key and label.
COMPUTED = "computed.json"
# Fills the folder of a stage, and returns more about its computation for the manifest.
Work = Callable[[Path, Progress], Mapping[str, Any] | None]


@define(frozen=True, kw_only=True)
class Workshop:
    """A study at work.

    Attributes:
        spec: What is wanted.
        registry: Where its components come from.
        store: Where its stages are stored.
        tasks: Its task, built.
        observer: Hears of progress.
        ledger: The stages that it has used.
        workers: Where its work runs.
        extent: How much of it this process computes.
        aligners: Those that were used, by name, with what they learned.
    """

    spec: Spec
    registry: Registry
    store: Store
    tasks: StudyTask
    observer: Observer = field(factory=Observer)
    ledger: Ledger = field(factory=Ledger)
    workers: Workers = field(factory=ThisProcess)
    extent: Extent = WHOLE
    aligners: dict[str, Any] = field(factory=dict)

    @property
    def workers_on_files(self) -> Workers:
        """The workers that write into folders of the store."""
        return workers_on_files(self.spec, self.workers)

    @property
    def task(self) -> BuiltTask:
        """The task by what of its weights is flattened."""
        return self.tasks.flattened

    def key_of(self, component: Any) -> str:
        """Return the key of a component and its options."""
        return component_key(self.registry, component)

    def label_of(self, component: Any) -> str:
        """Return a component's name with its distribution, for messages."""
        return self.registry.of(component).label

    def errors_of(self, component: Any) -> AbstractContextManager[None]:
        """Turn what a stranger's component raises into an error that names its distribution."""
        return component_errors(self.registry, component)

    def computes(self, stage: Stage) -> bool:
        """Whether this process computes stages of a kind as a whole: those that another needs are part of that one."""
        return self.ledger.computes_whole or (self.extent.reaches(stage) and not self.ledger.divides)

    def pause(self, stage: Stage, labels: Mapping[str, str], parts: int = 0) -> None:
        """Leave the stages that are not finished, by key, to others; shards can compute each in a number of parts.

        Raises:
            PausedError: There are any.
        """
        unfinished = [key for key in labels if not self.store.is_finished(stage, key)]
        if unfinished:
            found = (
                OpenStage(stage=stage, key=one, label=labels[one], parts=parts, missing=parts) for one in unfinished
            )
            raise PausedError(*found)

    def stage(
        self, stage: Stage, key: str, work: Work, label: str, *, quiet: bool = False, pauses: bool = False
    ) -> Path:
        """Return a finished stage's folder, computing it if needed.

        Args:
            stage: Its kind.
            key: Of all that it depends on.
            work: Computes it.
            label: As the observer hears of it, unless it is `quiet`.
            quiet: Whether the observer hears nothing.
            pauses: Whether the work itself leaves to others what this process does not compute.

        Raises:
            PausedError: The stage is not finished, and left to others.
        """
        if not (pauses or self.computes(stage)):
            if self.extent.divides(stage) and not self.store.is_finished(stage, key):
                self._divide(work)
            self.pause(stage, {key: label})
        observer = Observer() if quiet or (stage, key) in self.ledger else self.observer
        if self.store.is_finished(stage, key):
            observer.reuse(label)
        folder = self.store.stage(
            stage, key, lambda part: self._compute(part, work, observer.stage(label)), lambda: observer.waiting(label)
        )
        self.ledger.add(Entry.from_record(stage, key, label, read_json(folder / COMPUTED)))
        return folder

    def _compute(self, part: Path, work: Work, progress: Progress) -> None:
        # On the number of threads depend a result's last bits; fewer bits than float32's are for those who ask for it.
        with measure() as meter, self.ledger.inside() as inside, same_threads(), precise("float32", "cpu"):
            how = work(part, progress)
        _record(part, meter.cost, how=how or {}, inside=inside)

    def _divide(self, work: Work) -> None:
        """Do the work of a stage without keeping its result, for what of it can be divided.

        Raises:
            PausedError: Some of what the stage needs is not there.
        """
        inside = self.ledger.inside(whole=False)
        with TemporaryDirectory() as folder, inside, same_threads(), precise("float32", "cpu"):
            work(Path(folder), Progress())

    @contextmanager
    def share(self, stage: Stage, labels: Mapping[str, str], items: Sequence[Item]) -> Iterator[Sequence[Item]]:
        """Yield those of several items that this process computes, and leave the others afterwards.

        Args:
            stage: The kind of stages that the items are.
            labels: By key, what each stage is of.
            items: All of them, in an order that is the same for all processes.

        Raises:
            PausedError: Some are not finished, and left to others.
        """
        if self.computes(stage) or not labels:
            yield items
            return
        if self.extent.shard is None:
            self.pause(stage, labels, parts=1)
        yield self.extent.share(items, next(iter(labels)))
        self.pause(stage, labels, parts=1)

    def stages(
        self,
        stage: Stage,
        labels: Mapping[str, str],
        work: Callable[[Mapping[str, Path], Progress], Iterator[tuple[str, Cost]]],
        verb: str = "",
    ) -> None:
        """Compute those of several stages that are not finished, all at once.

        Args:
            stage: Their kind.
            labels: By key, what each of them is of.
            work: Yields the key of each as soon as it is finished, with its cost; nothing for one that failed and may.
            verb: What is done to each of them, with a space.
        """
        missing = [key for key in labels if not self.store.is_finished(stage, key)]
        for key in (key for key in labels if key not in missing):
            self.observer.reuse(f"{verb}{labels[key]}")

        def compute(parts: Mapping[str, Path]) -> Iterator[str]:
            progress = self.observer.stage(f"{verb}{several([labels[key] for key in parts])}")
            return _record_each(parts, work(parts, progress))

        waiting = f"{verb}{several([labels[key] for key in missing])}"
        self.store.stages(stage, missing, compute, lambda: self.observer.waiting(waiting))
        for key in (key for key in labels if self.store.place(stage, key).is_dir()):
            computed = read_json(self.store.place(stage, key) / COMPUTED)
            self.ledger.add(Entry.from_record(stage, key, f"{verb}{labels[key]}", computed))


def _record(part: Path, cost: Cost, **more: Any) -> None:
    write_json(part / COMPUTED, cost.record | more)


def _record_each(parts: Mapping[str, Path], finished: Iterator[tuple[str, Cost]]) -> Iterator[str]:
    """Yield the key of what is finished, once its cost is written."""
    with same_threads(), precise("float32", "cpu"):
        for key, cost in finished:
            _record(parts[key], cost)
            yield key


def several(names: Sequence[str]) -> str:
    """Return in a few words what is computed at once."""
    if len(names) < 2:
        return "".join(names)
    listed = [*names[:2], "…", names[-1]] if len(names) > 4 else names
    return f"{', '.join(listed)} ({len(names)} at once)"
