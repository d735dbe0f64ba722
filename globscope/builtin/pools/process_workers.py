"""Worker processes of this machine."""

from collections.abc import Callable
from multiprocessing.connection import wait
from typing import Any

from globscope.api import RemoteWorkers, pickle_for_worker
from globscope.builtin.pools.worker import Worker


class ProcessWorkers(RemoteWorkers[Worker]):
    """Processes that take one item after another."""

    unready = (
        "{} worker processes in a row ended before they were ready ({}). A Python script that runs a study with worker "
        'processes must do so below `if __name__ == "__main__":`, for every worker imports the script'
    )

    def __init__(self, count: int, threads: int) -> None:
        """Start nothing yet."""
        super().__init__(count)
        self._threads = threads

    def new_worker(self, module: str) -> Worker:
        """Start a process, which imports the module."""
        used = {worker.number for worker in self.started}
        number = next(number for number in range(self.count) if number not in used)
        return Worker(number, self._threads, module)

    def with_news(self) -> list[Worker]:
        """Wait until workers have news, and return these."""
        ready: list[Any] = wait([worker.pipe for worker in self.started])
        return [worker for worker in self.started if worker.pipe in ready]

    def job(self, prepare: Callable[[Any], Any], shared: Any) -> bytes:
        """Return function and shared value as bytes."""
        return pickle_for_worker((prepare, shared), "the work")

    def item(self, item: Any) -> bytes:
        """Return an item as bytes."""
        return pickle_for_worker(item, str(item))
