"""This process as a pool of one."""

from contextlib import AbstractContextManager, nullcontext

from attrs import define, field
from attrs.validators import and_, ge, optional

from globscope.api import PROCESSES, ThisProcess, Workers


@define(frozen=True, kw_only=True)
class Here:
    """Do all work in this process, one part after another.

    Attributes:
        threads: Threads of the libraries that compute; if unset, as many as they start by themselves.
    """

    threads: int | None = field(default=None, validator=optional(and_(ge(1), PROCESSES)))

    def open(self) -> AbstractContextManager[Workers]:
        """Return this process."""
        return nullcontext(ThisProcess(threads=self.threads))
