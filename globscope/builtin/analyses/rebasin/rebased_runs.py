"""Re-based runs over a map: with arrows from where they were, and as smooth as they were?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from globscope.api import Map, Overlay, Table, Trail, finite_or_none
from globscope.builtin.analyses.rebasin.place_rebased import RebasedOnMap, latents
from globscope.builtin.analyses.rebasin.rebased_networks import Rebased

RUNS = (
    "Whole runs under one permutation, on every map that encodes and decodes. In weight space the steps between "
    "checkpoints are as long as before: a permutation moves no network nearer to another of its run. length: of the "
    "re-based run on the map, in its units; length_before: of the run as it is; largest_step: the longest step, as a "
    "share of the length: near 1, the map tears the run apart; largest_step_before: likewise; in_basin: whether it "
    "ends in the basin of its partner; nearest: whether the partner is the nearest last network there."
)
COLUMNS = (
    "name", "fit", "one", "other", "how", "networks", "length", "length_before", "largest_step", "largest_step_before",
    "in_basin", "nearest",
)  # fmt: skip


def overlay(one: Map, name: str, moved: Mapping[Rebased, Sequence[int]]) -> Overlay:
    """Return the runs that an aligner re-based, given their rows, on a map that encodes."""
    ways = {who: _encoded(one, who, rows) for who, rows in moved.items()}
    arrows = [point for way in ways.values() for point in (way[0], way[-1])]
    return Overlay(
        name=f"{name} on {one.name}",
        caption=f"Runs re-based by {name} on {one.name}, each with an arrow from where its last network was: where the "
        "map puts them, which is not where it has a network like them.",
        map=one.name,
        trails=(
            *(Trail.of("re-based run", way[1:]) for way in ways.values()),
            Trail.of("from where it was", arrows, "arrows"),
            Trail.of("re-based last network", arrows[1::2], "points"),
        ),
    )


def _encoded(one: Map, who: Rebased, rows: Sequence[int]) -> np.ndarray:
    """Return where the map puts a run's last network as it was, and then the run re-based."""
    assert one.chart.encode is not None
    before = one.whole.of(who.other)[-1]
    weights = one.whole.take([before, *rows]).weights
    return np.asarray(one.chart.encode(one.chart.space.coordinates(weights)[0]))


def table(found: Sequence[RebasedOnMap], runs: Mapping[Rebased, Sequence[int]]) -> Table | None:
    """Return a row for every run that was re-based as a whole, on every map; None where none was."""
    whole = {who: rows for who, rows in runs.items() if len(rows) > 1}
    rows = tuple(row for one in found for row in _runs(one, whole))
    return Table(name="runs", caption=RUNS, columns=COLUMNS, rows=rows) if rows else None


def _runs(one: RebasedOnMap, runs: Mapping[Rebased, Sequence[int]]) -> Iterator[Mapping[str, Any]]:
    for who, rows in runs.items():
        at = one.who.index(who)
        length, largest = _steps(latents(one.map, rows))
        before = _steps(latents(one.map, one.map.whole.of(who.other)))
        yield {
            "name": one.map.name,
            "fit": one.fit,
            "one": who.one,
            "other": who.other,
            "how": who.how,
            "networks": len(rows),
            "length": length,
            "length_before": before[0],
            "largest_step": largest,
            "largest_step_before": before[1],
            "in_basin": one.in_basin[at],
            "nearest": one.nearest[at],
        }


def _steps(points: np.ndarray) -> tuple[float | None, float | None]:
    """Return the length of a path, and the share of it that its longest step has."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return finite_or_none(steps.sum()), finite_or_none(steps.max() / steps.sum() if steps.sum() else np.nan)
