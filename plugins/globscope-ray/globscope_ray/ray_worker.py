"""A worker on a cluster, as the process that started it sees it."""

import pickle
from typing import Any

from globscope.api import Progress, Ready, SentItem
from globscope_ray.versions import require_same_versions

LONGEST = 200


class RayWorker:
    """An actor, and what is expected of it."""

    def __init__(self, ray: Any, actor: Any) -> None:
        """Wait for nothing yet."""
        self.task: SentItem | None = None
        self.is_ready = False
        self._ray, self._actor, self._job, self._number, self._how = ray, actor, None, 0, "ended"
        self._ready: Any = actor.ready.remote()
        self._outcome: Any = None
        self._reports: Any = None

    @property
    def pending(self) -> list[Any]:
        """The references of what it will answer."""
        return [ref for ref in (self._ready, self._outcome, self._reports) if ref is not None]

    def take(self, job: Any, task: SentItem) -> None:
        """Send an item, and the job if it is other than before."""
        self.task = task
        self._number += 1
        self._outcome = self._actor.do.remote(self._number, None if job is self._job else [job], task.content)
        self._job = job
        if type(task.progress) is not Progress:
            self._reports = self._actor.reports.remote(self._number)

    def news(self) -> list[Any] | None:
        """Return its messages that have arrived; None where it or its machine has died."""
        try:
            return [message for ref in self._arrived() for message in self._messages(ref)]
        except self._ray.exceptions.RayError as error:
            self._how = _last_line(error)
            return None

    def end(self) -> str:
        """End it, and return how it ended."""
        self._ray.kill(self._actor)
        return self._how

    def _arrived(self) -> list[Any]:
        # The outcome last, for it ends the item.
        arrived, _ = self._ray.wait(self.pending, num_returns=len(self.pending), timeout=0)
        return sorted(arrived, key=lambda ref: ref == self._outcome)

    def _messages(self, ref: Any) -> list[Any]:
        if ref == self._ready:
            self._ready, self.is_ready = None, True
            require_same_versions(self._ray.get(ref))
            return [Ready()]
        if ref == self._outcome:
            last = [] if self._reports is None else self._ray.get(self._reports)
            outcome = pickle.loads(self._ray.get(ref))  # noqa: S301 - of a process of ours
            self._outcome = self._reports = None
            return [*last, outcome]
        reports: list[Any] = self._ray.get(ref)
        self._reports = self._actor.reports.remote(self._number)
        return reports


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[-1] if len(lines[-1]) <= LONGEST else f"{lines[-1][: LONGEST - 1]}…"
