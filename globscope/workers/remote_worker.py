"""A worker in another process, as the process that started it sees it."""

from collections.abc import Sequence
from typing import Any, Protocol

from globscope.workers.messages import Message
from globscope.workers.sent_item import SentItem


class RemoteWorker(Protocol):
    """A worker, as the process that started it sees it.

    Attributes:
        task: The item at which it is.
    """

    task: SentItem | None

    @property
    def is_ready(self) -> bool:
        """Whether it has started."""
        ...

    def take(self, job: Any, task: SentItem) -> None:
        """Send it an item, and the job if it is other than before."""
        ...

    def news(self) -> Sequence[Message] | None:
        """Return its next messages, without waiting if it was among those with news; None where it has died."""
        ...

    def end(self) -> str:
        """End it if it has not ended, and return how it ended."""
        ...
