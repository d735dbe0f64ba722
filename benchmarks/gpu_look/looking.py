"""How a part looks: its figures, its device, its clocks."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from globscope.pipeline.meter import measure


class Notes:
    """What a part found: written at every figure, so that a part that is stopped leaves what it had."""

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, list[list[str]]()

    def __call__(self, what: str, figure: str) -> None:
        """Take a figure down."""
        self.rows.append([what, figure])
        self.path.write_text(json.dumps(self.rows, indent=1, ensure_ascii=False), "utf-8")
        print(f"{what}: {figure}", flush=True)


class Look:
    """How a part looks: on which device, how large, for how long."""

    def __init__(self, *, tiny: bool, seconds: float, folder: Path, note: Notes) -> None:
        self.tiny, self.seconds, self.folder, self.note = tiny, seconds, folder, note
        self.device = "cpu" if tiny else "cuda"

    def require_device(self) -> None:
        """Stop where there is no GPU to look at."""
        import torch

        if self.device == "cuda" and not torch.cuda.is_available():
            raise SystemExit("this machine has no CUDA device; --tiny checks the script on a CPU")

    def wait(self) -> None:
        """Let the device finish."""
        import torch

        if self.device == "cuda":
            torch.cuda.synchronize()

    @contextmanager
    def peak(self, name: str) -> Iterator[None]:
        """Note the most memory of the device, or of this process on a CPU, while the work in this context runs."""
        import torch

        if self.device == "cuda":
            torch.cuda.empty_cache()
        with measure() as meter:  # which counts anew, and so do those of the work within
            yield
        cost = meter.cost
        most = cost.peak_device_bytes if self.device == "cuda" else cost.peak_memory_bytes
        self.note(f"{name}, peak memory", "unknown" if most is None else f"{most / 2**20:,.0f} MiB")

    def timed(self, work: Callable[[], object], repeats: int = 3) -> float:
        """Return the median seconds after a first time that warms up."""
        times = []
        for _ in range(repeats + 1):
            self.wait()
            start = time.perf_counter()
            work()
            self.wait()
            times.append(time.perf_counter() - start)
        return median(times[1:])

    def profiler(self) -> Any:
        """Return what takes down when the device computes."""
        from torch.profiler import ProfilerActivity, profile

        return profile(activities=[ProfilerActivity.CUDA if self.device == "cuda" else ProfilerActivity.CPU])

    def busy(self, profile: Any) -> float:
        """Return the seconds in which the device computed, whatever ran at once; of a CPU, in torch's operations."""
        from torch.autograd import DeviceType

        kind = DeviceType.CUDA if self.device == "cuda" else DeviceType.CPU
        events = list(profile.events())
        # Ranges that the host has marked stand on the device's line too.
        marked = {event.name for event in events if event.device_type != kind}
        own = [event for event in events if event.device_type == kind and event.name not in marked]
        return covered((event.time_range.start, event.time_range.end) for event in own) / 1e6


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """Return the length that spans cover together."""
    total, reached = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


class Clock:
    """A progress that takes the seconds of every epoch, and a profile of one."""

    def __init__(self, look: Look, profiled: int) -> None:
        self._look, self._profiled, self._times = look, profiled, list[float]()
        self.profile = look.profiler()

    def __call__(self, done: int, total: int, **figures: float) -> None:
        """Take the time between two epochs."""
        del total, figures
        self._look.wait()
        if done == self._profiled + 1:
            self.profile.__exit__(None, None, None)
        self._times.append(time.perf_counter())
        if done == self._profiled:
            self.profile.__enter__()

    @property
    def epochs(self) -> list[float]:
        """The seconds of every epoch."""
        return [later - one for one, later in zip(self._times, self._times[1:], strict=False)]


class Built:
    """A task that is built once, as in a study."""

    def __init__(self, task: Any, device: str) -> None:
        self._probe = task.build(device)

    def build(self, device: str) -> Any:
        """Return the task on its device."""
        del device
        return self._probe
