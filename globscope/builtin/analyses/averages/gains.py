"""How much better the averages of runs are than the runs' last networks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import Atlas, Field, Table, finite_or_none
from globscope.builtin.analyses.averages.windows import Window

# Number of draws of runs for an interval, and the share of the draws in it.
DRAWS, MIDDLE = 2000, 0.95
RUNS = (
    "The mean of each run's checkpoints at its end. average: which checkpoints, the last k or all since a step; "
    "networks: how many; last, best: {field} of the run's last network, and of its best checkpoint in hindsight; gain: "
    "how much better the average is than the last network, below 0 where it is worse. Other columns: the average's "
    "fields. BatchNorm statistics are as the evaluator determines them; by default they are re-estimated."
)
SUMMARY = (
    "The averages over all runs. gain: mean over the runs of how much better the average is than the last network, in "
    "{field}; low, high: 95 % interval from drawing runs ({draws:,} draws), empty for fewer than three runs; better: "
    "in how many runs it is better; beats_best: in how many it is better than the run's best checkpoint too."
)
Row = dict[str, Any]


@define(frozen=True, kw_only=True)
class Average:
    """The averages of one run by one window.

    Attributes:
        run: Name of the run.
        window: Which checkpoints are averaged.
        rows: Rows of the averages in the population, by rising step.
        checkpoints: Rows of the run's own checkpoints.
        networks: How many checkpoints the last average is of.
    """

    run: str
    window: Window
    rows: tuple[int, ...] = field(repr=False)
    checkpoints: tuple[int, ...] = field(repr=False)
    networks: int

    def gain(self, by: Field, values: np.ndarray) -> float:
        """Return how much better its last average is than the run's last network, given all members' values."""
        with np.errstate(invalid="ignore"):
            return float(by.cost(values[self.checkpoints[-1]]) - by.cost(values[self.rows[-1]]))

    def gain_over_best(self, by: Field, values: np.ndarray) -> float:
        """Return how much better its last average is than the run's best checkpoint."""
        with np.errstate(invalid="ignore"):
            return float(np.nanmin(by.cost(values[list(self.checkpoints)])) - by.cost(values[self.rows[-1]]))


def averages_of(atlas: Atlas, windows: Sequence[Window]) -> list[Average]:
    """Return the averages that an analysis derived, run by run."""
    population, rows = atlas.population, dict[str, list[int]]()
    for row in atlas.own:
        rows.setdefault(population.members[row].variant, []).append(row)
    return [
        Average(
            run=run,
            window=window,
            rows=tuple(own),
            checkpoints=tuple(population.of(run)),
            networks=len(population.members[own[-1]].parents),
        )
        for run in population.variants
        for window in windows
        if (own := rows.get(window.variant(run)))
    ]


def run_table(found: Sequence[Average], atlas: Atlas, by: Field) -> Table:
    """Return the table with a row for every run and window."""
    rows = tuple(_run_row(one, atlas.truth, by) for one in found)
    return Table(name="averages", caption=RUNS.format(field=by.name), columns=tuple(rows[0]), rows=rows)


def _run_row(one: Average, truth: Mapping[str, np.ndarray], by: Field) -> Row:
    own = truth[by.key][list(one.checkpoints)]
    return {
        "run": one.run,
        "average": one.window.label,
        "networks": one.networks,
        "last": finite_or_none(own[-1]),
        "best": finite_or_none(np.nanmax(own) if by.higher_is_better else np.nanmin(own)),
        "gain": finite_or_none(one.gain(by, truth[by.key])),
        **{name: finite_or_none(values[one.rows[-1]]) for name, values in truth.items()},
    }


def summary_rows(found: Sequence[Average], atlas: Atlas, by: Field, rng: np.random.Generator) -> list[Row]:
    """Return a row for every window; the generator draws runs."""
    windows, values = list(dict.fromkeys(one.window for one in found)), atlas.truth[by.key]
    groups = [[one for one in found if one.window == window] for window in windows]
    return [_summary_row(own, by, values, rng) for own in groups]


def summary_table(rows: Sequence[Row], by: Field) -> Table:
    """Return the table of the windows."""
    caption = SUMMARY.format(field=by.name, draws=DRAWS)
    return Table(name="summary", caption=caption, columns=tuple(rows[0]), rows=tuple(rows))


def _summary_row(own: Sequence[Average], by: Field, values: np.ndarray, rng: np.random.Generator) -> Row:
    gains = np.array([one.gain(by, values) for one in own])
    over_best = np.array([one.gain_over_best(by, values) for one in own])
    low, high = mean_interval(gains, rng)
    return {
        "average": own[0].window.label,
        "runs": len(own),
        "gain": finite_or_none(gains.mean()),
        "low": finite_or_none(low),
        "high": finite_or_none(high),
        "better": int((gains > 0).sum()),
        "beats_best": int((over_best > 0).sum()),
    }


def mean_interval(values: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    """Return the interval of a mean from a bootstrap; NaN of fewer than three values, or of one that is not finite."""
    if len(values) < 3 or not np.isfinite(values).all():
        return float("nan"), float("nan")
    means = values[rng.integers(len(values), size=(DRAWS, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [(1 - MIDDLE) / 2, (1 + MIDDLE) / 2])
    return float(low), float(high)


def warnings(rows: Sequence[Row], by: Field) -> Iterator[str]:
    """Yield a warning for every window whose averages are worse than the last networks in most runs."""
    for row in rows:
        if row["better"] * 2 < row["runs"]:
            yield (
                f"averages of the {row['average']}: better than the last network in {row['better']} of {row['runs']} "
                f"runs only, in {by.name}; the checkpoints need not lie in one basin"
            )
