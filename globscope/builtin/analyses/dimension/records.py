"""The figures by which maps of several kinds, studies and cells of a sweep are compared."""

import numpy as np

from globscope.api import Figure
from globscope.builtin.analyses.dimension.run_passes import RunPasses, largest
from globscope.builtin.analyses.formatting import finite_median

COMPARISON = (
    Figure(key="chart_axes", label="axes"),
    Figure(
        key="run_persistence",
        label="largest persistence between runs",
        meaning="the highest wall of this map between two groups of runs, an upper bound",
        better="low",
    ),
    Figure(
        key="median_run_persistence",
        label="median persistence between runs",
        meaning="the median wall of this map where groups of runs meet, an upper bound",
        better="low",
    ),
    Figure(
        key="run_basins",
        label="basins of runs",
        meaning="the number of basins, at the topology's threshold, in which runs end",
    ),
)


def record(one: RunPasses) -> dict[str, float | int | None]:
    """Return the figures of one map."""
    persistences = one.persistences
    return {
        "chart_axes": one.axes,
        "run_persistence": largest(persistences),
        "median_run_persistence": finite_median(persistences),
        "run_basins": len({basin for basin in one.basins if basin >= 0}),
        "highest_run_pass": largest(one.pairs),
        "median_run_pass": finite_median(np.sort(one.pairs)),
    }
