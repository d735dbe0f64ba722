"""Workers in other processes, which take items and come back with results, or die."""

import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from attrs import define

from globscope.errors import PoolError
from globscope.roles.pool import silent
from globscope.values.chart import Progress
from globscope.workers.messages import Done, Failed, Ready, Report
from globscope.workers.remote_worker import RemoteWorker
from globscope.workers.sent_item import DEATHS, SentItem

Outcomes = list[tuple[SentItem | None, Done | Failed]]
Remote = TypeVar("Remote", bound=RemoteWorker)


class RemoteWorkers(ABC, Generic[Remote]):
    """Workers that take one item after another, and wait for the next work where there is none left.

    What a pool adds is how a worker starts, how a job gets to it, and how to wait for news. An item whose worker died
    is done again.

    Attributes:
        count: How many work side by side.
        started: Those that have been started.
        unready: The message where several in a row end before they are ready, with places for their number and for
            how they ended.
    """

    unready = "{} workers in a row ended before they were ready ({})"

    def __init__(self, count: int) -> None:
        """Start nothing yet."""
        self.count = count
        self.started: list[Remote] = []
        self._ended_unready = 0
        self._last: _Job | None = None

    @abstractmethod
    def new_worker(self, module: str) -> Remote:
        """Start a worker, for work that a module does."""

    @abstractmethod
    def with_news(self) -> Sequence[Remote]:
        """Wait until workers have news, and return these."""

    @abstractmethod
    def job(self, prepare: Callable[[Any], Any], shared: Any) -> Any:
        """Return function and shared value as workers take them.

        Raises:
            PoolError: They cannot be pickled.
        """

    @abstractmethod
    def item(self, item: Any) -> bytes:
        """Return an item as bytes.

        Raises:
            PoolError: It cannot be pickled.
        """

    def map(
        self,
        prepare: Callable[[Any], Callable[[Any, Progress], Any]],
        shared: Any,
        items: Iterable[Any],
        progress_of: Callable[[Any], Progress] = silent,
    ) -> Iterator[tuple[Any, Any]]:
        """Yield every item with its result, in the order in which they are finished."""
        waiting = deque(SentItem(item, self.item(item)) for item in items)
        if not waiting:
            return
        self._ended_unready = 0  # those of earlier work, such as on a machine that was lost
        work = _Work(self, self._job(prepare, shared), prepare.__module__, waiting, progress_of)
        try:
            yield from work.results()
        except BaseException:
            self._last = None  # a worker that could not prepare it has nothing to go on with
            raise
        finally:
            for worker in self.busy:
                self.started.remove(worker)
                worker.end()

    def _job(self, prepare: Callable[[Any], Any], shared: Any) -> Any:
        """Return the job of function and shared value: the last one, which workers have, where both are the same."""
        if self._last is None or self._last.prepare is not prepare or self._last.shared() is not shared:
            self._last = _Job(prepare, _reference(shared), self.job(prepare, shared))
        return self._last.job

    def end(self) -> None:
        """End all workers, whatever they are at."""
        while self.started:
            self.started.pop().end()

    def start(self, count: int, module: str) -> None:
        """Have at least so many workers, but no more than wanted, nor another after several have ended unready."""
        while self._ended_unready < DEATHS and len(self.started) < min(count, self.count):
            self.started.append(self.new_worker(module))

    @property
    def busy(self) -> list[Remote]:
        """The workers that are at an item."""
        return [worker for worker in self.started if worker.task]

    @property
    def idle(self) -> list[Remote]:
        """The workers that are at none."""
        return [worker for worker in self.started if not worker.task]

    def note_ready(self) -> None:
        """Note that a worker has started: those that ended before were not the last of a row."""
        self._ended_unready = 0

    def bury(self, worker: Remote) -> list[SentItem]:
        """Return what a dead worker was at.

        Raises:
            PoolError: It was one of several that died at the same item; or one of several that ended before they were
                ready, and none is left.
        """
        self.started.remove(worker)
        how = worker.end()
        self._ended_unready = 0 if worker.is_ready else self._ended_unready + 1
        if self._ended_unready >= DEATHS and not self.started:
            raise PoolError(self.unready.format(self._ended_unready, how))
        if worker.task is None:
            return []
        worker.task.count_death(how)
        return [worker.task]


@define(frozen=True)
class _Job:
    """What was handed to workers last, with a reference to the shared value, which it does not keep alive."""

    prepare: Callable[[Any], Any]
    shared: Callable[[], Any]
    job: Any


def _reference(shared: Any) -> Callable[[], Any]:
    """Return what returns a value while it is alive; never a value that cannot be referred to."""
    try:
        return weakref.ref(shared)
    except TypeError:
        return object


@define
class _Work:
    """One map on its way."""

    workers: RemoteWorkers[Any]
    job: Any
    module: str
    waiting: deque[SentItem]
    progress_of: Callable[[Any], Progress]

    def results(self) -> Iterator[tuple[Any, Any]]:
        self.workers.start(len(self.waiting), self.module)
        for worker in self.workers.idle:
            self._hand_out(worker)
        while self.waiting or self.workers.busy:
            # All workers get their next items before a result is looked at, so that none of them waits for that.
            outcomes = [pair for worker in self.workers.with_news() for pair in self._listen(worker)]
            yield from ((task.item, said.result) for task, said in outcomes if task and isinstance(said, Done))
            for _, said in outcomes:
                if isinstance(said, Failed):
                    raise said.error

    def _hand_out(self, worker: RemoteWorker) -> None:
        if self.waiting and worker.is_ready:
            task = self.waiting.popleft()
            task.progress = task.progress or self.progress_of(task.item)
            worker.take(self.job, task)

    def _listen(self, worker: RemoteWorker) -> Outcomes:
        """Return the outcome of the item at which a worker was, if there is one, and hand the next one out."""
        news, task = worker.news(), worker.task
        if news is None:
            return self._replace(worker)
        for said in news:
            if isinstance(said, Ready):
                self.workers.note_ready()
            if isinstance(said, Report) and task and task.progress:
                task.progress(said.done, said.total, **said.figures)
        outcomes: Outcomes = [(task, said) for said in news if task and isinstance(said, Done | Failed)]
        if outcomes:
            worker.task = None
        if worker.task is None:
            self._hand_out(worker)
        return outcomes

    def _replace(self, worker: RemoteWorker) -> Outcomes:
        """Have the item of a dead worker done by another; return a failure if several have died."""
        try:
            self.waiting.extendleft(self.workers.bury(worker))
        except PoolError as error:
            return [(worker.task, Failed(error))]
        for idle in self.workers.idle:  # the new worker may never start, such as where a machine was lost
            self._hand_out(idle)
        self.workers.start(len(self.workers.started) + len(self.waiting), self.module)
        return []
