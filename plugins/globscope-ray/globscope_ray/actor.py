"""What a worker on a cluster does: one item after another, until Ray ends it."""

import os
import pickle
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Condition
from typing import Any

import ray

from globscope.api import Done, Failed, Progress, Report, pickle_outcome, with_threads
from globscope_ray.payload import unpack
from globscope_ray.versions import versions


class Actor:
    """A worker. Its work is done in one thread."""

    def __init__(self, threads: int, folder: str | None, path: Sequence[str]) -> None:
        """Get ready, in the folder of the process that wants the work and with its import path."""
        if folder is not None and os.path.isdir(folder):  # noqa: PTH112 - a string
            os.chdir(folder)
            sys.path += [place for place in path if place not in sys.path]
        self._threads = threads
        self._thread = ThreadPoolExecutor(1)
        self._work: Callable[[Any, Progress], Any] | None = None
        self._reports, self._finished, self._news = list[Report](), 0, Condition()

    def ready(self) -> dict[str, str]:
        """Return the versions of packages, once work can begin."""
        return self._thread.submit(versions).result()

    def do(self, number: int, job: Sequence[Any] | None, item: bytes) -> bytes:
        """Do an item, and return its pickled outcome.

        Args:
            number: How many items it will then have taken.
            job: The reference of the work, if it is other than before.
            item: The pickled item.
        """
        try:
            return self._thread.submit(self._outcome, job, item).result()
        finally:
            with self._news:
                self._finished = number
                self._news.notify_all()

    @ray.method(concurrency_group="reports")
    def reports(self, number: int) -> list[Report]:
        """Wait until an item has news or is finished, and return the news."""
        with self._news:
            self._news.wait_for(lambda: self._reports or self._finished >= number)
            reports, self._reports = self._reports, []
            return reports

    def report(self, report: Report) -> None:
        """Keep news until they are fetched."""
        with self._news:
            self._reports.append(report)
            self._news.notify_all()

    def _outcome(self, job: Sequence[Any] | None, item: bytes) -> bytes:
        try:
            if job:
                self._work = None  # before the next is made, for both might not fit into memory
                with with_threads(self._threads):
                    prepare, shared = unpack(ray.get(job[0]))
                    self._work = prepare(shared)
            assert self._work is not None
            with with_threads(self._threads):  # also of libraries that were imported with the work
                result = self._work(pickle.loads(item), _Reports(self))  # noqa: S301 - of a process of ours
            return pickle_outcome(Done(result))
        except ray.exceptions.RayError:
            raise  # the job was lost on its way here
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where the work came from
            return pickle_outcome(Failed(error))


class _Reports(Progress):
    """Keeps progress until it is fetched."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor

    def __call__(self, done: int, total: int, **figures: float) -> None:
        self._actor.report(Report(done, total, figures))
