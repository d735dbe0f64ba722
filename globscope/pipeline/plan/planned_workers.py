"""The workers that a run will have, and the time that work takes on them."""

from collections.abc import Sequence
from heapq import heapify, heapreplace

from attrs import define

from globscope.device import available
from globscope.roles import PoolTraits, traits
from globscope.spec.study_spec import Spec


@define(frozen=True, kw_only=True)
class PlannedWorkers:
    """What of a pool is known before it is opened.

    Attributes:
        count: How many work side by side; 1 where only the open pool can tell.
        threads: Threads of each, as in this process where None.
        is_known: Whether the count is known.
    """

    count: int = 1
    threads: int | None = None
    is_known: bool = True

    @classmethod
    def of(cls, spec: Spec) -> "PlannedWorkers":
        """Return the workers of a spec's pool."""
        if spec.run is None:
            return cls()
        known = traits(spec.run.component, PoolTraits)
        return cls(count=known.workers or 1, threads=known.threads, is_known=known.workers is not None)

    def at_once(self, device: str) -> int:
        """Return how many work at once on a device: on GPUs as many as there are."""
        if device == "cpu":
            return self.count
        cards = [name for name in available() if name.startswith("cuda:")] if device == "cuda" else [device]
        return min(self.count, max(1, len(cards)))

    def makespan(self, seconds: Sequence[float], device: str) -> float:
        """Return when the last of several independent computations is finished, begun in this order."""
        ends = [0.0] * self.at_once(device)
        heapify(ends)
        for one in seconds:
            heapreplace(ends, ends[0] + one)
        return max(ends)
