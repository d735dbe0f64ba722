"""What scores networks, and what it may refuse."""

from typing import Protocol

from attrs import define

from globscope.roles.probe import Probe
from globscope.roles.task import Task
from globscope.values.chart import Progress
from globscope.values.evaluation import Journal, Networks


class Evaluator(Protocol):
    """Scores networks on a task, each with its own buffers (`NetworkBuffers` is the rule).

    Where `networks.seed` is set, scoring draws: each batch is scored with generators seeded from it, the split and the
    batch (`seeded`, `seed_of`), the same for all networks.
    """

    def evaluate(self, networks: Networks, task: Task, journal: Journal, progress: Progress) -> None:
        """Record every pending unit's fields in the journal.

        Values are recorded as they come, non-finite ones too. Independent of the order of units.

        Raises:
            EvaluationError: A unit of one network does not fit into memory.
        """
        ...


@define(frozen=True, kw_only=True)
class EvaluatorTraits:
    """What an evaluator may have, with what holds where it is absent.

    Attributes:
        device: Where it scores, such as `cuda`.
    """

    device: str | None = None


class ChecksTask(Protocol):
    """An evaluator or aligner that does not work with all tasks."""

    def check(self, probe: Probe) -> None:
        """Raise a GlobscopeError for what cannot work with this task, before anything long."""
        ...
