"""Persistence against dimension, and the ways between every two runs."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from globscope.api import Field, HeatMap, Panel, Plot, Series, finite_or_none
from globscope.builtin.analyses.curves.pairs import pair_label
from globscope.builtin.analyses.dimension.known_paths import KnownPaths
from globscope.builtin.analyses.dimension.run_passes import RunPasses, known_figure
from globscope.builtin.analyses.dimension.tables import certain_ways
from globscope.builtin.analyses.formatting import median

Figure = Callable[[np.ndarray], Any]
PLOT = (
    "Persistences between the runs' final networks against the number of a map's axes: the largest, where the last two "
    "groups of runs meet across the highest wall, and the median. A line for each kind of map, through the median of "
    "its maps with the same number of axes. Upper bounds for the networks that the maps decode in the runs' places: a "
    "map may miss lower paths. threshold: below it, the merge "
    "tree has no leaf of its own for a run."
)
MATRIX = (
    "The highest {field} on the straight line between two runs' final networks, on the lowest pass of each kind of "
    "map, and on a trained curve. Each is an upper bound of the lowest pass in weight space. Empty where no map of a "
    "kind decodes both networks and joins them."
)


def persistence_plot(found: Sequence[RunPasses], field: Field) -> Plot:
    """Return the persistences between runs against the number of axes, a line for each kind of map."""
    panels = (
        Panel(title="largest", series=_series(found, np.max)),
        Panel(title="median", series=_series(found, np.median)),
    )
    return Plot(
        name="persistence against dimension",
        title="Persistence between runs against the axes of a map",
        caption=PLOT,
        x="axes of the map",
        y=f"persistence in {field.name}",
        panels=panels,
        log_x=True,
    )


def _series(found: Sequence[RunPasses], figure: Figure) -> tuple[Series, ...]:
    lines = [_line(kind, [one for one in found if one.map.kind == kind], figure) for kind in _kinds(found)]
    axes = [one.axes for one in found]
    threshold = Series.of("threshold", [min(axes), max(axes)], [found[0].topology.threshold] * 2, "dashed")
    return (*lines, threshold)


def _line(kind: str, maps: Sequence[RunPasses], figure: Figure) -> Series:
    axes = sorted({one.axes for one in maps})
    heights = [[known_figure(figure, one.persistences) for one in maps if one.axes == count] for count in axes]
    return Series(label=kind, x=tuple(axes), y=tuple(map(median, heights)))


def _kinds(found: Sequence[RunPasses]) -> Iterator[str]:
    yield from dict.fromkeys(one.map.kind for one in found)


def pair_matrix(found: Sequence[RunPasses], known: KnownPaths, names: Sequence[str], field: Field) -> HeatMap:
    """Return the matrix of pairs of runs and the ways between them."""
    ways = certain_ways(found, known)
    pairs = [pair_label(*pair) for pair in combinations(names, 2)]
    values = tuple(tuple(finite_or_none(heights[pair]) for heights in ways.values()) for pair in range(len(pairs)))
    return HeatMap(
        name="ways between runs",
        title=f"Highest {field.name} on the ways between runs",
        caption=MATRIX.format(field=field.name),
        rows=tuple(pairs),
        columns=tuple(ways),
        values=values,
        label=f"highest {field.name}",
        log=True,
    )
