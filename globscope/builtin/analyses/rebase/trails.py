"""Re-based runs over a map, with arrows from where they were."""

from collections.abc import Mapping, Sequence

import numpy as np

from globscope.api import Map, Overlay, Trail
from globscope.builtin.analyses.rebase.derived import Rebased

Points = tuple[tuple[float, ...], ...]


def overlay(one: Map, name: str, moved: Mapping[Rebased, Sequence[int]]) -> Overlay:
    """Return the runs that an aligner re-based, given their rows, on a map that encodes."""
    ways = {who: _encoded(one, who, rows) for who, rows in moved.items()}
    arrows = tuple(point for way in ways.values() for point in (way[0], way[-1]))
    return Overlay(
        name=f"{name} on {one.name}",
        caption=f"Runs re-based by {name} on {one.name}, each with an arrow from where its last network was: where the "
        "map puts them, which is not where it has a network like them.",
        map=one.name,
        trails=(
            *(Trail(label="re-based run", points=way[1:]) for way in ways.values()),
            Trail(label="from where it was", points=arrows, look="arrows"),
            Trail(label="re-based last network", points=arrows[1::2], look="points"),
        ),
    )


def _encoded(one: Map, who: Rebased, rows: Sequence[int]) -> Points:
    """Return where the map puts a run's last network as it was, and then the run re-based."""
    assert one.chart.encode is not None
    assert one.whole is not None
    before = one.whole.of(who.other)[-1]
    weights = one.whole.take([before, *rows]).weights
    points = np.asarray(one.chart.encode(one.chart.space.coordinates(weights)[0]))
    return tuple(tuple(point) for point in points.tolist())
