"""What holds for pools."""

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from attrs import define

from globscope.api import PoolTraits, Progress, traits
from globscope.testing.check import covers
from globscope.testing.checks.work import Suite
from globscope.testing.claims import require, require_same

# What a worker is to raise, and what it writes.
FAILURE, WRITTEN = "made to fail", "written by a worker"


@define(frozen=True, kw_only=True)
class Record:
    """What the workers of an open pool gave.

    Attributes:
        count: How many there are.
        sums: Items and results of two maps over seven items.
        nothing: What came of no items.
        preparations: What tells one preparation from another.
        failures: What was raised where a function raises, twice.
        after_failure: Items and results of a map after that.
        after_leaving: Items and results of a map after one whose results nobody has read.
        products: Products of matrices, by item.
        threads: Torch's threads in a worker.
        shared: Whether a file that a worker wrote is there.
    """

    count: int
    sums: list[Any]
    nothing: list[Any]
    preparations: set[Any]
    failures: list[str]
    after_failure: list[Any]
    after_leaving: list[Any]
    products: dict[int, np.ndarray]
    threads: set[int]
    shared: bool


class PoolChecks(Suite):
    """Checks of one pool, on numbers and small matrices; it is opened twice."""

    _first: Record

    def gives_every_item_its_result(self) -> None:
        """Every item comes back once with its result, in whatever order, in every map.

        A study would score networks twice, or wait for ever.
        """
        wanted = Counter(2 * [(n, n + 10) for n in range(7)])
        require(Counter(self._first.sums) == wanted, f"0 … 6 plus 10, twice, came back as {self._first.sums}")

    def needs_nothing_for_nothing(self) -> None:
        """Without items there are no results, and no error.

        A study that is continued may have nothing left to do.
        """
        require(not self._first.nothing, f"gives {self._first.nothing} for no items")

    def prepares_once_in_a_worker(self) -> None:
        """Every worker prepares once.

        What is slow to prepare is a task with its data.
        """
        found, count = len(self._first.preparations), self._first.count
        require(count >= 1, f"has {count} workers")
        require(found <= count, f"prepares {found} times for {count} workers")

    def passes_errors_on(self) -> None:
        """What the function raises is raised where the results are read, as it is.

        Messages are the same wherever a study runs.
        """
        odd = [text for text in self._first.failures if FAILURE not in text]
        require(not odd, f"does not pass on what the function raises: {odd}")

    def works_on_after_an_error(self) -> None:
        """After an error, the workers do other work.

        Some parts of an analysis may fail without harm to the others.
        """
        require(self._first.after_failure == [(1, 2)], f"1 plus 1 after an error is {self._first.after_failure}")

    def can_be_left_early(self) -> None:
        """After results that nobody reads any more, the workers do other work.

        A study stops reading at the first error.
        """
        require(self._first.after_leaving == [(1, 3)], f"1 plus 2 after a map was left is {self._first.after_leaving}")

    def computes_what_this_process_computes(self) -> None:
        """Products of small matrices, on which one thread works, are the same to the last bit.

        No result may depend on where the work is done.
        """
        matrices = _matrices()
        for number, matrix in enumerate(matrices):
            text = "a matrix product differs from that of this process"
            require_same(self._first.products[number], matrix @ matrices[0], text)

    @covers("workers", "threads")
    def announces_its_workers(self) -> None:
        """Where its traits say how many workers and threads there are, there are that many.

        Estimates of time and memory rest on these numbers.
        """
        known, found = traits(self.component, PoolTraits), self._first
        require(known.workers in (None, found.count), f"has {found.count} workers, its traits say {known.workers}")
        fits = known.threads is None or found.threads == {known.threads}
        require(fits, f"workers compute with {sorted(found.threads)} threads, its traits say {known.threads}")

    @covers("shares_files")
    def announces_shared_files(self) -> None:
        """Where its traits say `shares_files`, a file that a worker writes is there for this process.

        Trainings are then left to workers, and their checkpoints are read here.
        """
        known = traits(self.component, PoolTraits).shares_files
        require(self._first.shared or not known, "its traits say shares_files, but what a worker writes is not here")

    def _work(self) -> Record:
        with self.component.open() as workers, TemporaryDirectory() as folder:
            return _record(workers, Path(folder, "note"))


def _record(workers: Any, note: Path) -> Record:
    """Return what workers give, in one order of maps."""
    count = int(workers.count)
    sums = [pair for _ in range(2) for pair in workers.map(add, 10, range(7))]
    nothing = list(workers.map(add, 10, []))
    preparations = {result for _, result in workers.map(preparation, None, range(6))}
    failures = [_failure(workers) for _ in range(2)]
    after_failure = list(workers.map(add, 1, [1]))
    for _ in workers.map(add, 1, range(5)):
        break
    after_leaving = list(workers.map(add, 2, [1]))
    products = dict(workers.map(product_with, _matrices(), range(4)))
    threads = {result for _, result in workers.map(threads_of, str(note), range(1))}
    return Record(
        count=count,
        sums=sums,
        nothing=nothing,
        preparations=preparations,
        failures=failures,
        after_failure=after_failure,
        after_leaving=after_leaving,
        products=products,
        threads=threads,
        shared=note.is_file() and note.read_text("utf-8") == WRITTEN,
    )


def _failure(workers: Any) -> str:
    """Return what comes of work that raises a ValueError."""
    try:
        return f"{list(workers.map(fail, FAILURE, range(3)))} came back"
    except ValueError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - of whatever kind: it is none of the right one
        return f"{type(error).__name__} in place of a ValueError"


def _matrices() -> list[np.ndarray]:
    return [np.random.default_rng(seed).normal(size=(20, 20)).astype(np.float32) for seed in range(4)]


def add(shared: int) -> Callable[[int, Progress], int]:
    """Return a function that adds a number."""
    return lambda item, _: item + shared


def fail(text: str) -> Callable[[int, Progress], int]:
    """Return a function that raises."""

    def work(item: int, _: Progress) -> int:
        raise ValueError(f"{item} was {text}")

    return work


def preparation(_: None) -> Callable[[int, Progress], tuple[int, bytes]]:
    """Return a function that names its own preparation."""
    own = (os.getpid(), os.urandom(8))
    return lambda *_: own


def product_with(matrices: list[np.ndarray]) -> Callable[[int, Progress], np.ndarray]:
    """Return a function that multiplies one of the matrices with the first."""
    return lambda item, _: matrices[item] @ matrices[0]


def threads_of(note: str) -> Callable[[int, Progress], int]:
    """Return a function that writes a file where it can, and tells torch's number of threads."""

    def work(_: int, __: Progress) -> int:
        import torch

        if Path(note).parent.is_dir():
            Path(note).write_text(WRITTEN, "utf-8")
        return torch.get_num_threads()

    return work
