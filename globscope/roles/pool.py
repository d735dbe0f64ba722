"""Where work runs: in this process, in others, on a cluster."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Workers(Protocol):
    """What a pool has started."""

    @property
    def count(self) -> int:
        """How many work side by side."""
        ...

    def map(
        self, prepare: Callable[[Shared], Callable[[Item], Result]], shared: Shared, items: Iterable[Item]
    ) -> Iterator[tuple[Item, Result]]:
        """Yield every item with what the prepared function returns for it, in the order in which they are finished.

        `prepare(shared)` is called once by every worker that takes an item, and what it returns with one item after
        another. Function, shared value, items and results are pickled on their way to other processes. An item whose
        worker died is done again.

        Raises:
            PoolError: Workers cannot be started, or an item has ended three of them.
            Exception: What the function raises, as it is.
        """
        ...


class Pool(Protocol):
    """Lends workers; neither the pool nor its options are part of any key."""

    def open(self) -> AbstractContextManager[Workers]:
        """Return workers, which end with the context; those that nobody uses need not start."""
        ...
