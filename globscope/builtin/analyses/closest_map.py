"""The basins of networks on the map that shows the runs best."""

from collections.abc import Sequence

import numpy as np

from globscope.api import Map, RunsOnMap, depiction, membership


def closest_map(maps: Sequence[Map]) -> tuple[Map, RunsOnMap] | None:
    """Return the map that shows most runs, and of such maps the one with the smallest median loss gap; with the runs.

    None where no map shows a run in a basin.
    """
    found = [(map_, runs) for map_ in maps if (runs := RunsOnMap.on_map(map_)) is not None and (runs.basins >= 0).any()]
    return max(found, key=lambda pair: _rank(pair[1]), default=None)


def _rank(runs: RunsOnMap) -> tuple[int, float]:
    shown = runs.basins >= 0
    return int(shown.sum()), -float(np.median(runs.gaps[shown]))


def basins_of_runs(names: Sequence[str], runs: RunsOnMap | None) -> np.ndarray:
    """Return the (n,) basins of runs' final networks by their names; -1 for others, and where no map shows one."""
    known = {} if runs is None else dict(zip(runs.variants, runs.basins.tolist(), strict=True))
    return np.array([known.get(name, -1) for name in names], int)


def basins_of_members(map_: Map, rows: Sequence[int]) -> np.ndarray:
    """Return the (n,) basins of some of all members on the first merge tree of a map; -1 where it does not show one.

    A map shows only the members that it is fitted to.
    """
    landscape, topology = map_.landscape, map_.topology
    assert landscape is not None
    assert topology is not None
    fitted = {member.label: row for row, member in enumerate(map_.population.members)}
    labels = [map_.whole.members[row].label for row in rows]
    shown = [label for label in labels if label in fitted]
    networks = depiction(map_, topology.field, [fitted[label] for label in shown])
    basins = dict(zip(shown, membership(map_, landscape, topology, networks).basins.tolist(), strict=True))
    return np.array([basins.get(label, -1) for label in labels], int)
