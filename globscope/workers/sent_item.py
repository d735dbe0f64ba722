"""An item on its way to a worker."""

from typing import Any

from attrs import define

from globscope.errors import PoolError
from globscope.values.chart import Progress

# How many workers may end at one item, and how many before they are ready.
DEATHS = 3


@define
class SentItem:
    """An item on its way.

    Attributes:
        item: The item, as it was passed in.
        content: The pickled item.
        progress: Hears of it.
        deaths: How many workers died at it.
    """

    item: Any
    content: bytes
    progress: Progress | None = None
    deaths: int = 0

    def count_death(self, how: str) -> None:
        """Note that a worker died at it.

        Raises:
            PoolError: It was one of several.
        """
        self.deaths += 1
        if self.deaths == DEATHS:
            raise PoolError(f"{self.item}: {DEATHS} worker processes ended at this, one after another ({how})")
