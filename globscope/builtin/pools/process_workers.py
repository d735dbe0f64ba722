"""Worker processes, which take items and come back with results, or die."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import wait
from typing import Any

from attrs import define

from globscope.api import PoolError, Progress, silent
from globscope.builtin.pools.messages import Done, Failed, Report
from globscope.builtin.pools.worker import SentItem, Worker, pickle_for_process

# How many processes may end at one item, and how many before they are ready.
DEATHS = 3
UNREADY = (
    "{} worker processes in a row ended before they were ready ({}). A Python script that runs a study with worker "
    'processes must do so below `if __name__ == "__main__":`, for every worker imports the script'
)


class ProcessWorkers:
    """Processes that take one item after another, and wait for the next work where there is none left."""

    def __init__(self, count: int, threads: int) -> None:
        """Start nothing yet."""
        self.count, self._threads = count, threads
        self.started: list[Worker] = []
        self._unready = 0

    def map(
        self,
        prepare: Callable[[Any], Callable[[Any, Progress], Any]],
        shared: Any,
        items: Iterable[Any],
        progress_of: Callable[[Any], Progress] = silent,
    ) -> Iterator[tuple[Any, Any]]:
        """Yield every item with its result, in the order in which they are finished."""
        waiting = deque(SentItem(item, pickle_for_process(item, str(item))) for item in items)
        if not waiting:
            return
        work = _Work(self, pickle_for_process((prepare, shared), "the work"), prepare.__module__, waiting, progress_of)
        try:
            yield from work.results()
        finally:
            for worker in self.busy:
                self.started.remove(worker)
                worker.end()

    def end(self) -> None:
        """End all processes, whatever they are at."""
        while self.started:
            self.started.pop().end()

    def start(self, count: int, module: str) -> None:
        """Have at least so many processes, but no more than wanted; new ones import the module."""
        while len(self.started) < min(count, self.count):
            used = {worker.number for worker in self.started}
            number = next(number for number in range(self.count) if number not in used)
            self.started.append(Worker(number, self._threads, module))

    @property
    def busy(self) -> list[Worker]:
        """The workers that are at an item."""
        return [worker for worker in self.started if worker.task]

    def heard(self) -> list[Worker]:
        """Wait until workers have news, and return these."""
        ready: list[Any] = wait([worker.pipe for worker in self.started])
        return [worker for worker in self.started if worker.pipe in ready]

    def bury(self, worker: Worker) -> list[SentItem]:
        """Return what a dead worker was at.

        Raises:
            PoolError: It was one of several that died at the same item, or before they were ready.
        """
        self.started.remove(worker)
        how = worker.end()
        self._unready = 0 if worker.is_ready else self._unready + 1
        if self._unready == DEATHS:
            raise PoolError(UNREADY.format(DEATHS, how))
        if worker.task is None:
            return []
        worker.task.deaths += 1
        if worker.task.deaths == DEATHS:
            raise PoolError(f"{worker.task.item}: {DEATHS} worker processes ended at this, one after another ({how})")
        return [worker.task]


@define
class _Work:
    """One map on its way."""

    workers: ProcessWorkers
    job: bytes
    module: str
    waiting: deque[SentItem]
    progress_of: Callable[[Any], Progress]

    def results(self) -> Iterator[tuple[Any, Any]]:
        self.workers.start(len(self.waiting), self.module)
        for worker in self.workers.started:
            self._hand_out(worker)
        while self.waiting or self.workers.busy:
            for worker in self.workers.heard():
                yield from self._listen(worker)

    def _hand_out(self, worker: Worker) -> None:
        if self.waiting and worker.is_ready:
            task = self.waiting.popleft()
            task.progress = task.progress or self.progress_of(task.item)
            worker.take(self.job, task)

    def _listen(self, worker: Worker) -> Iterator[tuple[Any, Any]]:
        news, task = worker.news(), worker.task
        if news is None:
            self.waiting.extendleft(self.workers.bury(worker))
            self.workers.start(len(self.workers.started) + len(self.waiting), self.module)
        elif isinstance(news, Report):
            if task and task.progress:
                task.progress(news.done, news.total, **news.figures)
        else:
            worker.task = None
            self._hand_out(worker)  # before the result is looked at, so that no worker waits for that
            yield from _result(task, news)


def _result(task: SentItem | None, news: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(news, Failed):
        raise news.error
    if task and isinstance(news, Done):
        yield task.item, news.result
