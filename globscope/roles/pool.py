"""Where work runs: in this process, in others, on a cluster."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from attrs import define

from globscope.values.chart import Progress

Shared = TypeVar("Shared")
Item = TypeVar("Item")
Result = TypeVar("Result")


def silent(item: Any) -> Progress:
    """Return the progress of an item of which nobody wants to hear."""
    del item
    return Progress()


class Workers(Protocol):
    """What a pool has started."""

    @property
    def count(self) -> int:
        """How many work side by side."""
        ...

    def map(
        self,
        prepare: Callable[[Shared], Callable[[Item, Progress], Result]],
        shared: Shared,
        items: Iterable[Item],
        progress_of: Callable[[Item], Progress] = silent,
    ) -> Iterator[tuple[Item, Result]]:
        """Yield every item with its result, in the order in which they are finished.

        `prepare(shared)` is called once by every worker that takes an item, and returns a function of an item and its
        progress. Function, shared value, items and results are pickled on their way to other processes; an item whose
        worker died is done again. Where function and shared value are the very objects of the call before, as for the
        rounds of a search, a worker may go on with what it has prepared, and the value need not be sent again.

        Args:
            prepare: A function of a module, so that it can be pickled.
            shared: What all items need.
            items: At least one to start a worker.
            progress_of: Called when an item is begun; what it returns hears of the item as far as the pool can tell.

        Raises:
            PoolError: Something cannot be pickled, or an item has ended several workers.
            Exception: What the function raises, as it is.
        """
        ...


@define(frozen=True, kw_only=True)
class PoolTraits:
    """What is known of a pool before it is opened: its class variable or property `traits`.

    Attributes:
        workers: How many will work side by side; None where only the open pool can tell.
        threads: Threads of the libraries that compute, in every worker; None where they are not set.
        shares_files: Whether workers read and write the files of this process. Where they do not, they score networks
            only, and this process does the work that leaves files: trainings, alignments, the parts of analyses, and
            the cells of a sweep one after another.
    """

    workers: int | None = None
    threads: int | None = None
    shares_files: bool = True


class Pool(Protocol):
    """Lends workers. Neither the pool nor its options are part of any key.

    A spec may write `pool = "NAME://REST"` for a pool with an option `address`, which is then `NAME://REST`.
    """

    def open(self) -> AbstractContextManager[Workers]:
        """Return workers, which end with the context; those that nobody uses need not start."""
        ...
