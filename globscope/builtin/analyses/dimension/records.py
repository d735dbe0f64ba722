"""The figures by which maps of several kinds, studies and cells of a sweep are compared."""

import numpy as np

from globscope.api import Figure
from globscope.builtin.analyses.dimension.run_passes import RunPasses, known_figure

COMPARISON = (
    Figure(key="chart_axes", label="Axes", meaning="number of the map's latent axes"),
    Figure(
        key="run_persistence",
        label="Largest persistence between runs",
        meaning="the highest wall of this map between two groups of runs, an upper bound",
        better="low",
        over="chart_axes",
    ),
    Figure(
        key="median_run_persistence",
        label="Median persistence between runs",
        meaning="the median wall of this map where groups of runs meet, an upper bound",
        better="low",
        over="chart_axes",
    ),
)


def record(one: RunPasses) -> dict[str, float | int | None]:
    """Return the figures of one map."""
    persistences = one.persistences
    return {
        "chart_axes": one.axes,
        "run_persistence": known_figure(np.max, persistences),
        "median_run_persistence": known_figure(np.median, persistences),
        "highest_run_pass": known_figure(np.max, one.pairs),
        "median_run_pass": known_figure(np.median, one.pairs),
    }
