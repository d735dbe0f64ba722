"""What a worker process does: one item after another, until the process that started it is gone."""

import os
import pickle
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from threading import Thread
from typing import Any

from globscope.api import Done, Failed, Progress, Ready, Report, pickle_outcome, with_threads


def serve(pipe: Connection, number: int, threads: int, environment: Mapping[str, str], folder: str) -> None:
    """Do what comes through the pipe, in the environment of the process that started this one."""
    with suppress(EOFError, ConnectionError):  # that one is gone, and nobody is left to hear of an error
        _serve(pipe, number, threads, environment, folder)


def _serve(pipe: Connection, number: int, threads: int, environment: Mapping[str, str], folder: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    use_card(number)
    with with_threads(threads):
        pipe.send(Ready())
        work: Callable[[Any, Progress], Any] | None = None
        while True:
            job, item = pipe.recv()
            if job:
                work = None  # before the next is made, for both might not fit into memory
            try:
                work = work or _prepare(job)
                with with_threads(threads):  # also of libraries that were imported with the work
                    outcome: Done | Failed = Done(work(pickle.loads(item), _Reports(pipe)))  # noqa: S301 - of a process of ours
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where the work came from
                outcome = Failed(error)
            pipe.send_bytes(pickle_outcome(outcome))


def use_card(number: int) -> None:
    """Let `cuda` mean another card in each worker, where the machine has several."""
    import torch

    if torch.cuda.device_count() > 1:
        torch.cuda.set_device(number % torch.cuda.device_count())


def _prepare(job: bytes) -> Callable[[Any, Progress], Any]:
    prepare, shared = pickle.loads(job)  # noqa: S301 - of a process of ours
    work: Callable[[Any, Progress], Any] = prepare(shared)
    return work


class _Reports(Progress):
    """Sends progress home."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def __call__(self, done: int, total: int, **figures: float) -> None:
        self._pipe.send(Report(done, total, figures))


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, whatever it is at."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
