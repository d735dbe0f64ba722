"""Pools of this machine: this process alone, or several."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from attrs import define, field
from attrs.validators import and_, ge, optional

from globscope.api import PROCESSES, PoolTraits, ThisProcess, Workers
from globscope.builtin.pools.process_workers import ProcessWorkers


@define(frozen=True, kw_only=True)
class Here:
    """Do all work in this process, one part after another.

    Attributes:
        threads: Threads of the libraries that compute; if unset, as many as they start by themselves.
    """

    threads: int | None = field(default=None, validator=optional(and_(ge(1), PROCESSES)))

    @classmethod
    def quick_examples(cls) -> "tuple[Here, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(threads=1),
        )

    def open(self) -> AbstractContextManager[Workers]:
        """Return this process."""
        return nullcontext(ThisProcess(threads=self.threads))

    @property
    def traits(self) -> PoolTraits:
        """One worker."""
        return PoolTraits(workers=1, threads=self.threads)


@define(frozen=True, kw_only=True)
class Processes:
    """Do work side by side in processes of this machine.

    Results are those of `here` with as many threads, to the last bit. A process that dies costs the part at which it
    was, which is done again.

    Attributes:
        workers: Number of processes; if unset, one for each GPU, or as many as keep all cores busy where there is none.
            Where a device is `auto` or `cuda`, the processes take turns on the GPUs.
        threads: Threads of the libraries that compute, in every process.
    """

    workers: int | None = field(default=None, validator=optional(and_(ge(1), PROCESSES)))
    threads: int = field(default=1, validator=and_(ge(1), PROCESSES))

    @classmethod
    def quick_examples(cls) -> "tuple[Processes, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(workers=2),)

    @contextmanager
    def open(self) -> Iterator[Workers]:
        """Yield workers, which start when there is work for them and end with the context."""
        workers = ProcessWorkers(self._count, self.threads)
        try:
            yield workers
        finally:
            workers.end()

    @property
    def traits(self) -> PoolTraits:
        """How many processes there will be."""
        return PoolTraits(workers=self._count, threads=self.threads)

    @property
    def _count(self) -> int:
        return self.workers or _cards() or max(1, _cores() // self.threads)


def _cards() -> int:
    """Return how many GPUs torch can use."""
    import torch

    return torch.cuda.device_count()


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
