"""Which checkpoints of a run are averaged, and the averages as members of the population."""

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import define

from globscope.api import Member, Population, Rows, Weights


@define(frozen=True, kw_only=True)
class Window:
    """A choice of checkpoints up to one of a run.

    Attributes:
        last: How many there are, the last ones; 0 where `since` chooses.
        since: The step from which all are taken.
    """

    last: int = 0
    since: int = 0

    @property
    def label(self) -> str:
        """Its name in tables and pictures."""
        return f"last {self.last}" if self.last else f"since {self.since}"

    def variant(self, run: str) -> str:
        """Return the variant of a run's averages."""
        return f"{run}, {self.label}"

    def rows(self, members: Sequence[Member], rows: Sequence[int], at: int) -> list[int]:
        """Return which of a run's rows are averaged up to number `at`; none where they are fewer than two."""
        first = max(0, at + 1 - self.last) if self.last else 0
        chosen = [row for row in rows[first : at + 1] if members[row].step >= self.since]
        return chosen if len(chosen) >= max(2, self.last) else []


@define(frozen=True)
class Mean:
    """The mean of some networks, of which only the weights that are read are formed.

    Attributes:
        weights: (k, D) networks.
    """

    weights: Weights

    def __len__(self) -> int:
        """Count the weights."""
        return int(self.weights.shape[1])

    def __getitem__(self, inside: slice) -> np.ndarray:
        """Return some consecutive weights of the mean, summed in float64."""
        mean: np.ndarray = np.asarray(self.weights[:, inside]).mean(axis=0, dtype=np.float64)
        return mean.astype(np.float32)


def averages(population: Population, windows: Sequence[Window], *, along: bool, in_fit: bool) -> Population:
    """Return the averages of every run, window by window: at its end, or `along` it at every checkpoint."""
    made = [one for run in population.variants for window in windows for one in _of_run(population, run, window, along)]
    members = tuple(_member(population, window.variant(run), rows, in_fit) for run, window, rows in made)
    weights = Rows([[Mean(population.take(rows).weights)] for _, _, rows in made]) if made else population.weights[:0]
    return Population(members=members, weights=weights, layout=population.layout)


def _of_run(population: Population, run: str, window: Window, along: bool) -> Iterator[tuple[str, Window, list[int]]]:
    rows = population.of(run)
    for at in range(len(rows)) if along else [len(rows) - 1]:
        chosen = window.rows(population.members, rows, at)
        if chosen:
            yield run, window, chosen


def _member(population: Population, variant: str, rows: Sequence[int], in_fit: bool) -> Member:
    last = population.members[rows[-1]]
    return Member(
        variant=variant,
        step=last.step,
        kind="average",
        parents=tuple(population.members[row].label for row in rows),
        in_fit=in_fit,
        buffers=last.buffers,
    )
