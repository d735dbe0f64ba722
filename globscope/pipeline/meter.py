"""Measures what work costs: time, processor time, and the peak of memory while it runs.

Work inside other work is measured on its own and counts in the outer measurement too. What other processes did is
counted where their results arrive, in `with_costs`.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from attrs import define, evolve, field

from globscope.roles.pool import Item, Shared
from globscope.values.chart import Progress
from globscope.values.cost import NO_COST, Cost, max_known

# Linux's own count of the process, and what sets its peak back to what is resident now.
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"


@define(eq=False)
class Meter:
    """A measurement.

    Attributes:
        cost: What the work cost; complete when it has ended.
        process: Number of the process that measures.
        peak: The most bytes of resident memory so far.
        device_peak: The most bytes of a device so far.
        start_peak: The peak of the process before the work, where it could not be reset.
        elsewhere: What other processes did for it.
    """

    cost: Cost = NO_COST
    process: int = field(factory=os.getpid)
    peak: int | None = None
    device_peak: int | None = None
    start_peak: int | None = None
    elsewhere: Cost = NO_COST

    def note_peaks(self) -> None:
        """Look at the peaks since they were last reset."""
        self.peak = max_known(self.peak, _host_peak())
        self.device_peak = max_known(self.device_peak, _device_peak())

    def finish(self, seconds: float, cpu_seconds: float) -> None:
        """Set the cost."""
        own = Cost(
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            peak_memory_bytes=self.peak,
            peak_device_bytes=self.device_peak,
            peak_is_bound=self.peak is not None and self.peak == self.start_peak,
        )
        self.cost = own + self.elsewhere


_OPEN: list[Meter] = []


@contextmanager
def measure() -> Iterator[Meter]:
    """Yield a meter, which has the cost of the work in this context when that has ended."""
    for outer in _OPEN:
        outer.note_peaks()
    meter = Meter(start_peak=None if _reset_peaks() else _host_peak())
    _OPEN.append(meter)
    start, cpu_start = perf_counter(), process_time()
    try:
        yield meter
    finally:
        seconds, cpu_seconds = perf_counter() - start, process_time() - cpu_start
        for one in _OPEN:
            one.note_peaks()
        _OPEN.remove(meter)
        meter.finish(seconds, cpu_seconds)


def count_elsewhere(cost: Cost) -> None:
    """Count processor time and memory of other processes in every measurement under way; time passes only once."""
    for meter in _OPEN:
        meter.elsewhere += evolve(cost, seconds=0.0)


@define(frozen=True)
class Measured:
    """A result and its cost; `is_counted` if a measurement of the process that worked includes it."""

    result: Any
    cost: Cost
    is_counted: bool


def measure_items(
    prepare: Callable[[Shared], Callable[[Item, Progress], Any]],
) -> Callable[[Shared], Callable[[Item, Progress], Measured]]:
    """Let what a pool's worker prepares measure every item; the effort of preparing counts with its first one."""

    @wraps(prepare)
    def prepare_measured(shared: Shared) -> Callable[[Item, Progress], Measured]:
        with measure() as preparing:
            work = prepare(shared)
        before = [evolve(preparing.cost, seconds=0.0)]  # what an item takes does not depend on who was first

        def do(item: Item, progress: Progress) -> Measured:
            is_counted = any(meter.process == os.getpid() for meter in _OPEN)
            with measure() as meter:
                result = work(item, progress)
            return Measured(result, meter.cost + (before.pop() if before else NO_COST), is_counted)

        return do

    return prepare_measured


def with_costs(finished: Iterable[tuple[Item, Measured]]) -> Iterator[tuple[Item, Any, Cost]]:
    """Yield items, results and costs as workers finish them; those of other processes count here too."""
    for item, one in finished:
        if not one.is_counted:
            count_elsewhere(one.cost)
        yield item, one.result, one.cost


def _reset_peaks() -> bool:
    """Let the peaks begin anew, and return whether the host's does: not all systems can do that."""
    if (cuda := _cuda()) is not None:
        for number in range(cuda.device_count()):
            cuda.reset_peak_memory_stats(number)
    try:
        CLEAR.write_text(RESET_PEAK)
    except OSError:
        return False
    return True


def _host_peak() -> int | None:
    """Return the peak of resident bytes since the reset or, where there is none, since the process started."""
    try:
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration):
        return _peak_since_start()


def _peak_since_start() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _device_peak() -> int | None:
    """Return the most that tensors took of one device since the reset; None where no device is in use."""
    cuda = _cuda()
    return None if cuda is None else max(cuda.max_memory_allocated(n) for n in range(cuda.device_count()))


def _cuda() -> Any:
    """Return `torch.cuda` where the process uses a device; a look at it starts none."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_initialized() else None
