"""The basins of the networks on the map that shows them best."""

from collections.abc import Sequence

import numpy as np

from globscope.api import Map, RunsOnMap


def closest_map(maps: Sequence[Map]) -> RunsOnMap | None:
    """Return the runs on the map that shows most of them, and of such maps the one with the smallest median loss gap.

    None where no map shows a run in a basin.
    """
    found = [runs for map_ in maps if (runs := RunsOnMap.on_map(map_)) is not None and (runs.basins >= 0).any()]
    return max(found, key=_rank, default=None)


def _rank(runs: RunsOnMap) -> tuple[int, float]:
    shown = runs.basins >= 0
    return int(shown.sum()), -float(np.median(runs.gaps[shown]))


def basins_of(names: Sequence[str], runs: RunsOnMap | None) -> np.ndarray:
    """Return the (n,) basins of runs' final networks by their names; -1 for others, and where no map shows one."""
    known = {} if runs is None else dict(zip(runs.variants, runs.basins.tolist(), strict=True))
    return np.array([known.get(name, -1) for name in names], int)


def separate(basins: np.ndarray) -> np.ndarray:
    """Return for all (pairs,) of (n,) basins 1 where they differ and 0 where not; NaN where one is not known."""
    one, other = (basins[at] for at in np.triu_indices(len(basins), 1))
    return np.where(np.minimum(one, other) < 0, np.nan, one != other)
