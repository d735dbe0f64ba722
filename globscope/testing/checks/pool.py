"""What holds for pools."""

import os
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from globscope.api import Progress
from globscope.testing.checks.options import OptionChecks
from globscope.testing.claims import require, require_same


class PoolChecks(OptionChecks):
    """Checks of one pool, on numbers and small matrices."""

    def gives_every_item_its_result(self) -> None:
        """Once each, in whatever order."""
        with self.component.open() as workers:
            found = [pair for _ in range(2) for pair in workers.map(add, 10, range(7))]
        require(sorted(found) == sorted(2 * [(n, n + 10) for n in range(7)]), f"1 … 7 plus 10 came back as {found}")

    def needs_nothing_for_nothing(self) -> None:
        """Without items there are no results, and no error."""
        with self.component.open() as workers:
            found = list(workers.map(add, 10, []))
        require(not found, f"gives {found} for no items")

    def prepares_once_in_a_worker(self) -> None:
        """What is slow to prepare, such as a task with its data, is prepared once by every worker."""
        with self.component.open() as workers:
            found = {result for _, result in workers.map(preparation, None, range(6))}
            require(workers.count >= 1, f"has {workers.count} workers")
        require(len(found) <= workers.count, f"prepares {len(found)} times for {workers.count} workers")

    def passes_errors_on(self) -> None:
        """What the function raises is raised where the results are read; the workers work on."""
        with self.component.open() as workers:
            text = ""
            with suppress(ValueError):
                list(workers.map(fail, "made to fail", range(3)))
            try:
                list(workers.map(fail, "made to fail", range(3)))
            except ValueError as error:
                text = str(error)
            require("made to fail" in text, "does not pass on what the function raises")
            require(dict(workers.map(add, 1, [1])) == {1: 2}, "does no work after an error")

    def can_be_left_early(self) -> None:
        """Results that nobody reads any more keep nobody waiting."""
        with self.component.open() as workers:
            for _ in workers.map(add, 1, range(5)):
                break
            require(dict(workers.map(add, 2, [1])) == {1: 3}, "does no other work after results that were not read")

    def computes_what_this_process_computes(self) -> None:
        """Products of small matrices, on which one thread works, are the same to the last bit."""
        matrices = [np.random.default_rng(seed).normal(size=(20, 20)).astype(np.float32) for seed in range(4)]
        with self.component.open() as workers:
            found = dict(workers.map(product_with, matrices, range(4)))
        for number, matrix in enumerate(matrices):
            require_same(found[number], matrix @ matrices[0], "a matrix product differs from that of this process")


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
