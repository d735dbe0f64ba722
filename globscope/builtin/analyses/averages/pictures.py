"""The averages along the runs, and on the maps."""

from collections.abc import Iterator, Sequence

import numpy as np

from globscope.api import Atlas, Field, Map, Overlay, Panel, Plot, Series, SeriesStyle, Trail
from globscope.builtin.analyses.averages.gains import Average

# More panels than this would be too small to read; the table has all runs.
SHOWN = 12
PLOT = (
    "{field} of each run's checkpoints, and of the mean of some of them up to each step: of the last k, or of all "
    "since a step.{more}"
)
OVERLAY = (
    "The means of each run's checkpoints on {map}: at its end, and of the first kind along it too. The map places them "
    "there; the network that it decodes there may differ."
)


def plot(found: Sequence[Average], atlas: Atlas, by: Field) -> Plot:
    """Return the field along the runs."""
    runs = list(dict.fromkeys(one.run for one in found))
    more = f" The first {SHOWN} of {len(runs)} runs." if len(runs) > SHOWN else ""
    panels = tuple(_panel(run, [one for one in found if one.run == run], atlas, by) for run in runs[:SHOWN])
    return Plot(
        name="along the runs",
        title=f"{by.name[:1].upper()}{by.name[1:]} of averages along the runs",
        caption=PLOT.format(field=by.name[:1].upper() + by.name[1:], more=more),
        x="step",
        y=by.name,
        panels=panels,
        log=by.is_logarithmic,
    )


def _panel(run: str, own: Sequence[Average], atlas: Atlas, by: Field) -> Panel:
    values, members = atlas.truth[by.key], atlas.population.members

    def line(label: str, rows: Sequence[int], style: SeriesStyle = "line") -> Series:
        return Series.of(label, [members[row].step for row in rows], values[list(rows)], style)

    averages = (line(one.window.label, one.rows) for one in own)
    return Panel(title=run, series=(line("checkpoint", own[0].checkpoints, "dashed"), *averages))


def overlays(found: Sequence[Average], atlas: Atlas) -> Iterator[Overlay]:
    """Yield the averages over every map that encodes and, if it is a slice, on which some lie."""
    for map_ in atlas.maps:
        trails = tuple(_trails(found, map_)) if map_.chart.encode is not None else ()
        if trails:
            yield Overlay(
                name=f"averages on {map_.name}",
                title=f"Averages of checkpoints on {map_.name}",
                caption=OVERLAY.format(map=map_.name),
                map=map_.name,
                trails=trails,
            )


def _trails(found: Sequence[Average], map_: Map) -> Iterator[Trail]:
    """Yield a line for each run's averages by the first window, and the ends by every window."""
    assert map_.chart.encode is not None
    ends: dict[str, list[np.ndarray]] = {}
    for one in found:
        coordinates, outside = map_.chart.space.coordinates(map_.whole.take(list(one.rows)).weights)
        points = np.asarray(map_.chart.encode(coordinates))
        if map_.off_slice(points, outside)[-1]:
            continue  # its projection is no average
        ends.setdefault(one.window.label, []).append(points[-1])
        if len(points) > 1 and one.window == found[0].window:
            yield Trail.of(f"{one.window.label}, along the run", points)
    for label, places in ends.items():
        yield Trail.of(f"{label}, at the end", places, "points")
