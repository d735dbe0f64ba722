"""The trial points of descents: each is a neighbour of where it was tried from, with samples between on a long way."""

import numpy as np
from attrs import define, field

from globscope.builtin.samplers.critical_points.paths import Path, insert, missing_samples
from globscope.builtin.samplers.critical_points.record import Measured, Record, Steps


@define
class Trials:
    """The ways from where descents were to their trial points.

    Attributes:
        step: Largest distance between samples on a way down that matters.
        ways: The ways, of two samples each; their `ends` are the number of the descent.
        lacking: How many samples are to lie between the two of each way, (1,): none where it led no lower.
        between: How many these are in all.
    """

    step: float
    ways: list[Path] = field(factory=list)
    lacking: list[np.ndarray] = field(factory=list)
    between: int = 0

    def add(self, which: np.ndarray, before: Measured, after: Measured) -> None:
        """Add the trials of some descents, from where these were to what was measured."""
        for place, number in enumerate(which.tolist()):
            way = _way(number, place, before, after)
            is_lower = way.values[1] < way.values[0]
            self.ways.append(way)
            self.lacking.append(missing_samples(way, self.step) if is_lower else np.zeros(1, int))
            self.between += int(self.lacking[-1].sum())

    def join(self, record: Record, on_way: np.ndarray) -> Steps[None]:
        """Join both ends of every way; those of descents that matter, (n,) of them, with samples between."""
        counts = [count * on_way[way.ends[0]] for way, count in zip(self.ways, self.lacking, strict=True)]
        for way in (yield from insert(record, self.ways, counts)):
            record.join(way.rows)


def _way(number: int, place: int, before: Measured, after: Measured) -> Path:
    return Path(
        ends=(number, number),
        rows=np.array([before.rows[place], after.rows[place]]),
        points=np.array([before.points[place], after.points[place]]),
        values=np.array([before.values[place], after.values[place]]),
        slopes=np.array([before.slopes[place], after.slopes[place]]),
    )
