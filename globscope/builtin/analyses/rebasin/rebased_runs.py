"""Re-based runs over a map, and whether they stay as smooth as they were."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from globscope.api import Map, Overlay, Table, Trail, finite_or_none
from globscope.builtin.analyses.rebasin.place_rebased import RebasedOnMap, latents
from globscope.builtin.analyses.rebasin.rebased_networks import Rebased

RUNS = (
    "Whole runs under one permutation, on every map that encodes and decodes. In weight space the steps between "
    "checkpoints are as long as before: one permutation keeps all distances within a run. length, "
    "length_before: length of the run on the map after and before re-basing, in the map's units; largest_step, "
    "largest_step_before: the longest step as a share of the length: near 1, the map tears the run apart; in_basin: "
    "whether the run ends in the basin of its partner; nearest: whether the partner is the nearest final network there."
)
COLUMNS = (
    "name", "fit", "one", "other", "how", "networks", "length", "length_before", "largest_step", "largest_step_before",
    "in_basin", "nearest",
)  # fmt: skip


def overlay(map_: Map, name: str, runs: Mapping[Rebased, Sequence[int]]) -> Overlay:
    """Return the runs that an aligner re-based, given by their rows, over a map that encodes."""
    paths = {rebased: _latent_points(map_, rebased, rows) for rebased, rows in runs.items()}
    arrows = [point for path in paths.values() for point in (path[0], path[-1])]
    return Overlay(
        name=f"{name} on {map_.name}",
        title=f"Runs re-based by {name} on {map_.name}",
        caption=f"Runs re-based by {name} on {map_.name}, each with an arrow from the place of its final network "
        "before. The map places them there; the network that it decodes there may differ.",
        map=map_.name,
        trails=(
            *(Trail.of("re-based run", path[1:]) for path in paths.values()),
            Trail.of("from where it was", arrows, "arrows"),
            Trail.of("re-based final network", arrows[1::2], "points"),
        ),
    )


def _latent_points(map_: Map, rebased: Rebased, rows: Sequence[int]) -> np.ndarray:
    """Return the latent points of a run's final network as it is, and then of the re-based run."""
    assert map_.chart.encode is not None
    before = map_.whole.of(rebased.run)[-1]
    weights = map_.whole.take([before, *rows]).weights
    return np.asarray(map_.chart.encode(map_.chart.space.coordinates(weights)[0]))


def table(on_maps: Sequence[RebasedOnMap], runs: Mapping[Rebased, Sequence[int]]) -> Table | None:
    """Return the table with a row for every map and run that was re-based as a whole; None if there is no such run."""
    whole = {rebased: rows for rebased, rows in runs.items() if len(rows) > 1}
    rows = tuple(row for each in on_maps for row in _rows(each, whole))
    return Table(name="runs", caption=RUNS, columns=COLUMNS, rows=rows) if rows else None


def _rows(each: RebasedOnMap, runs: Mapping[Rebased, Sequence[int]]) -> Iterator[Mapping[str, Any]]:
    for rebased, rows in runs.items():
        number = each.networks.index(rebased)
        length, largest = _steps(latents(each.map, rows))
        length_before, largest_before = _steps(latents(each.map, each.map.whole.of(rebased.run)))
        yield {
            "name": each.map.name,
            "fit": each.fit,
            "one": rebased.partner,
            "other": rebased.run,
            "how": rebased.method,
            "networks": len(rows),
            "length": length,
            "length_before": length_before,
            "largest_step": largest,
            "largest_step_before": largest_before,
            "in_basin": each.in_basin[number],
            "nearest": each.nearest[number],
        }


def _steps(points: np.ndarray) -> tuple[float | None, float | None]:
    """Return the length of a path, and the share of its longest step."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return finite_or_none(steps.sum()), finite_or_none(steps.max() / steps.sum() if steps.sum() else np.nan)
