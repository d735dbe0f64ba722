"""The worker that every process has: itself."""

from collections.abc import Callable, Iterable, Iterator

from attrs import define

from globscope.roles.pool import Item, Result, Shared, silent
from globscope.torch_settings import with_threads
from globscope.values.chart import Progress


@define(frozen=True, kw_only=True)
class ThisProcess:
    """Does one item after another in this process.

    Attributes:
        threads: Of torch, BLAS and OpenMP; as they are set where None.
    """

    threads: int | None = None

    @property
    def count(self) -> int:
        """One."""
        return 1

    def map(
        self,
        prepare: Callable[[Shared], Callable[[Item, Progress], Result]],
        shared: Shared,
        items: Iterable[Item],
        progress_of: Callable[[Item], Progress] = silent,
    ) -> Iterator[tuple[Item, Result]]:
        """Yield every item with its result, in order."""
        with with_threads(self.threads):
            work = prepare(shared)
        for item in items:
            with with_threads(self.threads):
                result = work(item, progress_of(item))
            yield item, result
