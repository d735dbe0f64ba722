"""One cell of a sweep, in a worker of its pool."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.errors import GlobscopeError
from globscope.pipeline.built_task import TaskCache
from globscope.pipeline.observer import Observer
from globscope.pipeline.worker_files import require_folder
from globscope.session.study import Study
from globscope.spec.describe import plain
from globscope.store import is_as_written, lock_unless_held, read_written, write_json
from globscope.values.chart import Progress
from globscope.workers import ThisProcess

# A file of a finished cell's run folder: the key of its results' inputs.
DONE = "cell.json"


@define(frozen=True, kw_only=True)
class CellJob:
    """A cell to run.

    Attributes:
        name: Name of the cell.
        number: Its place among all.
        study: The cell's study.
        key: Of everything that its results depend on.
        values: Its value of each swept key.
        lock: The file of its lock.
    """

    name: str
    number: int
    study: Study
    key: str
    values: dict[str, Any]
    lock: Path

    def __str__(self) -> str:
        """For messages."""
        return f"cell {self.name}"

    @property
    def is_finished(self) -> bool:
        """Whether its results are there, as they were written."""
        try:
            stored = read_written(self.study.folder, DONE)["key"]
        except GlobscopeError:
            return False
        return bool(stored == self.key) and is_as_written(self.study.folder)

    def run(self, observer: Observer, cache: TaskCache, workers: Any) -> str:
        """Run the cell, and return why it failed; nothing where it has results."""
        (self.study.folder / DONE).unlink(missing_ok=True)
        try:
            self.study.finish(self.study.workshop(observer, cache, workers))
        except GlobscopeError as error:
            observer.warning(f"cell {self.name} failed: {error}")
            return str(error)
        write_json(self.study.folder / DONE, {"key": self.key, "values": plain(self.values)})
        return ""


@define(frozen=True, kw_only=True)
class CellEnd:
    """What became of a cell: why it failed, and what its run warned of."""

    failed: str
    warnings: tuple[str, ...]


@define
class _Warnings(Observer):
    """Keeps warnings."""

    texts: list[str] = field(factory=list)

    def warning(self, text: str) -> None:
        self.texts.append(text)


def cell_runner(_: None) -> Callable[[CellJob, Progress], CellEnd | None]:
    """Return what runs one cell after another in this process; nothing comes of one on which another process works."""
    cache = TaskCache()

    def run(job: CellJob, progress: Progress) -> CellEnd | None:
        del progress
        heard = _Warnings()
        require_folder(job.lock.parent)
        with lock_unless_held(job.lock) as is_held:
            if not is_held:
                return None
            failed = "" if job.is_finished else job.run(heard, cache, ThisProcess())
        return CellEnd(failed=failed, warnings=tuple(heard.texts))

    return run
