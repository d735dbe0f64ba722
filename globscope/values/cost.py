"""What a computation cost: time, processor time and memory."""

from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import Any

from attrs import define, evolve


@define(frozen=True, kw_only=True)
class Cost:
    """What a computation cost; None where it is unknown, or no device was used.

    Attributes:
        seconds: Time that passed.
        cpu_seconds: Processor time, user and system, of all threads and of all processes that took part.
        peak_memory_bytes: The most resident memory of a process meanwhile, with what it held before, such as libraries;
            of several processes the largest.
        peak_device_bytes: The most memory of a CUDA device that torch's tensors took; of several devices the largest.
        peak_is_bound: Whether the memory is only an upper bound: the peak of the process since its start.
    """

    seconds: float = 0.0
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    peak_device_bytes: int | None = None
    peak_is_bound: bool = False

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Cost":
        """Return a cost from its JSON values; earlier versions stored the seconds alone."""
        return cls(**{name: record[name] for name in cls.__slots__ if name in record})

    @property
    def record(self) -> dict[str, Any]:
        """Its JSON values by name, without those that are unknown."""
        times = {"seconds": self.seconds, "cpu_seconds": self.cpu_seconds}
        rounded = {name: round(value, 3) for name, value in times.items() if value is not None}
        peaks = {"peak_memory_bytes": self.peak_memory_bytes, "peak_device_bytes": self.peak_device_bytes}
        known = {name: value for name, value in peaks.items() if value is not None}
        return rounded | known | ({"peak_is_bound": True} if self.peak_is_bound else {})

    def __add__(self, other: "Cost") -> "Cost":
        """Return the cost of both: times add up, and of peaks the larger counts."""
        known = None not in (self.cpu_seconds, other.cpu_seconds)
        larger = max(self, other, key=_by_peak)
        return Cost(
            seconds=self.seconds + other.seconds,
            cpu_seconds=(self.cpu_seconds or 0) + (other.cpu_seconds or 0) if known else None,
            peak_memory_bytes=larger.peak_memory_bytes,
            peak_device_bytes=max_known(self.peak_device_bytes, other.peak_device_bytes),
            peak_is_bound=larger.peak_is_bound,
        )

    def divide(self, count: int) -> "Cost":
        """Return an equal share of the times; the peak is that of all."""
        cpu = None if self.cpu_seconds is None else self.cpu_seconds / count
        return evolve(self, seconds=self.seconds / count, cpu_seconds=cpu)


def _by_peak(cost: Cost) -> tuple[int, bool]:
    """Return what sorts by the peak: an unknown one first, and a bound before what is known."""
    return -1 if cost.peak_memory_bytes is None else cost.peak_memory_bytes, not cost.peak_is_bound


NO_COST = Cost(cpu_seconds=0.0)


def total(*costs: Cost) -> Cost:
    """Return the cost of all together."""
    return reduce(add, costs, NO_COST)


def max_known(*values: int | None) -> int | None:
    """Return the largest of the values that are known; None where none is."""
    return max((value for value in values if value is not None), default=None)
