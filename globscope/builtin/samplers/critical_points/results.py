"""What a search found, as tables."""

from collections.abc import Iterator, Sequence

import numpy as np

from globscope.api import Chart, Finding, Landscape, Table, finite_or_none
from globscope.builtin.samplers.critical_points.pairs import Pair
from globscope.builtin.samplers.critical_points.paths import Path
from globscope.builtin.samplers.critical_points.search import CriticalPointSearch
from globscope.builtin.samplers.critical_points.warnings import warnings
from globscope.builtin.samplers.members import end_rows, nearest_run

MINIMA = (
    "Minima of {field}, by descent; a straight segment from one to another rises by more than {tolerance:g} between "
    "them. name: the training runs whose last networks lead down to it. nearest_run and distance: the run whose last "
    "network lies nearest on the map, and how far away, in latent units. trusted: whether the map is trusted there. "
    "sample: its number among the samples."
)
PASSES = (
    "Paths between minima. upper_bound: the highest {field} of the samples along the path. The lowest pass between the "
    "two is at most as high, except for what may lie between two samples, which are at most largest_step apart (in "
    "latent units). through_others: the same where a path may lead through other minima in this table. persistence: "
    "height above the higher of the two lowest minima that the pass joins, for passes of the merge tree. found_by: a "
    "string, or a straight segment where the evaluations sufficed for no string. gradient: its "
    "norm across the path at the top, per latent unit; 0 at a pass. negative: how many curvatures at the top are "
    "negative, of those looked at in so many directions; a pass has one. converged: whether the string ended because "
    "it sank no further. untrusted: share of the samples where the map extrapolates. samples: "
    "the path's samples in their order."
)
STRING, SEGMENT = "string", "straight segment"
MINIMUM_COLUMNS = ("name", "value", "nearest_run", "distance", "trusted", "sample")
PASS_COLUMNS = (
    "one", "two", "upper_bound", "through_others", "persistence", "found_by", "largest_step", "gradient",
    "negative", "directions", "converged", "untrusted", "samples",
)  # fmt: skip


def finding(search: CriticalPointSearch, chart: Chart, landscape: Landscape, starts: Sequence[int]) -> Finding:
    """Return the tables of minima and passes of a finished search, and its warnings.

    Args:
        search: The search, replayed to its end.
        chart: The map.
        landscape: All samples.
        starts: Rows of the members from which the first descents started.
    """
    names = minimum_names(search, chart, starts)
    words = {"field": search.record.name, "tolerance": search.tolerance}
    minima = Table(
        name="minima",
        caption=MINIMA.format(**words),
        columns=MINIMUM_COLUMNS,
        rows=tuple(_minimum_rows(search, chart, landscape, names)),
    )
    passes = Table(
        name="passes",
        caption=PASSES.format(**words),
        columns=PASS_COLUMNS,
        rows=tuple(_pass_row(search, pair, landscape, names) for pair in search.wanted if pair in search.finished),
    )
    return Finding(tables=(minima, passes), warnings=tuple(warnings(search, landscape, names)))


def minimum_names(search: CriticalPointSearch, chart: Chart, starts: Sequence[int]) -> list[str]:
    """Return what each minimum is called: the runs that end in it, or its sample."""
    ends = {row: variant for variant, row in end_rows(chart).items()}
    names: list[str] = []
    for number, sample in enumerate(search.minima.rows):
        led = zip(starts, search.minima.of_start[: search.started], strict=False)
        here = [ends[row] for row, minimum in led if minimum == number and row in ends]
        names.append(", ".join(here) or f"sample {sample}")
    return names


def _minimum_rows(
    search: CriticalPointSearch, chart: Chart, landscape: Landscape, names: Sequence[str]
) -> Iterator[dict[str, str | float | None]]:
    for name, sample, value in zip(names, search.minima.rows, search.minima.values, strict=True):
        nearest, distance = nearest_run(chart, landscape.samples.points[sample])
        yield {
            "name": name,
            "value": float(value),
            "nearest_run": nearest,
            "distance": distance,
            "trusted": "yes" if landscape.trusted[sample] else "no",
            "sample": int(sample),
        }


def _pass_row(
    search: CriticalPointSearch, pair: Pair, landscape: Landscape, names: Sequence[str]
) -> dict[str, str | float | None]:
    path, top, unit = search.paths[pair], search.tops.get(pair), search.record.unit
    lowest = float(search.lowest[pair])
    return {
        "one": names[pair[0]],
        "two": names[pair[1]],
        "upper_bound": finite_or_none(path.top),
        "through_others": finite_or_none(lowest),
        "persistence": search.persistences.get(pair),
        "found_by": SEGMENT if pair in search.segments else STRING,
        "largest_step": float(path.steps.max()) * unit,
        "gradient": None if top is None else top.across / unit,
        "negative": None if top is None else top.negative,
        "directions": None if top is None else top.directions,
        "converged": "yes" if path.is_converged else "no",
        "untrusted": float(1 - landscape.trusted[path.rows].mean()),
        "samples": _ranges(path),
    }


def _ranges(path: Path) -> str:
    """Return the numbers of a path's samples, with runs of consecutive ones as `first-last`."""
    rows = path.rows
    starts = np.flatnonzero(np.diff(rows, prepend=rows[0] - 2) != 1)
    runs = [(int(run[0]), int(run[-1])) for run in np.split(rows, starts[1:])]
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
