"""A worker process, as the process that started it sees it."""

import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from globscope.api import Ready, SentItem
from globscope.builtin.pools.serve import serve


class Worker:
    """A process, the pipe to it, and what it is at.

    Attributes:
        number: Which of the workers it is; on a machine with several GPUs they take turns by it.
    """

    def __init__(self, number: int, threads: int, module: str) -> None:
        """Start a process, which imports the module first."""
        self.number = number
        context = _context(module)
        self.pipe, other = context.Pipe()
        self.is_ready, self._job = False, b""
        self.task: SentItem | None = None
        self._process = context.Process(target=serve, args=(other, number, threads, dict(os.environ), str(Path.cwd())))
        with _interrupts_held():
            self._process.start()
        other.close()

    def take(self, job: bytes, task: SentItem) -> None:
        """Send an item, and the work if it is other than before."""
        self.task = task
        try:
            self.pipe.send((b"" if job is self._job else job, task.content))
        except OSError:
            return  # it has died, which the next look at its news tells
        self._job = job

    def news(self) -> list[Any] | None:
        """Return its next message; None where it has died.

        Raises:
            Exception: Whatever a result raises that cannot be unpickled here.
        """
        try:
            content = self.pipe.recv_bytes()
        except (EOFError, OSError):
            return None
        said = pickle.loads(content)  # noqa: S301 - of a process of ours
        self.is_ready = self.is_ready or isinstance(said, Ready)
        return [said]

    def end(self) -> str:
        """End the process, and return how it ended."""
        self._process.kill()
        self._process.join()
        self.pipe.close()
        code = self._process.exitcode or 0
        self._process.close()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _context(module: str) -> Any:
    """Return how processes start: from a server that has torch loaded already, on systems where that is safe."""
    if not sys.platform.startswith("linux"):
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", module])
    return context


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C from processes that are started meanwhile: it reaches all, and only the first is to act on it."""
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # which lets it through again once it runs
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
