"""The lowest passes between a map's basins: on its samples, and decoded between them."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from attrs import define, field

from globscope.api import (
    Adjacency,
    Landscape,
    Map,
    MergeTree,
    Passes,
    Samples,
    Topology,
    lengths_along,
    neighbours,
    runs_by_basin,
    sweep_order,
)

Basins = Literal["runs", "trusted", "all"]


@define(frozen=True, kw_only=True)
class MinimaxPath:
    """The lowest path on the samples between two basins' minima.

    Attributes:
        one: Sample at the lower minimum.
        two: At the other one.
        walked: (m,) samples from the one to the other.
        saddle: Height at which the merge tree joins the two.
        merging: Whether the one is the first of the basins followed into which the tree joins the other's branch.
    """

    one: int
    two: int
    walked: np.ndarray = field(eq=False, repr=False)
    saddle: float
    merging: bool


def minimax_paths(
    landscape: Landscape, topology: Topology, adjacency: Adjacency, minima: np.ndarray | None = None
) -> Iterator[MinimaxPath]:
    """Yield the lowest path between every two basins that ever meet, the lower minimum first.

    Only between those of some minima of the tree, by rising value, where these are named.
    """
    tree, values = topology.tree, np.asarray(landscape.fields[topology.field], float)
    swept = sweep_order(values, tree.basin >= 0)
    place = np.full(len(values), -1)
    place[swept] = np.arange(len(swept))
    passes = Passes.of(neighbours(landscape.samples, swept, adjacency))
    minima = tree.minima if minima is None else minima
    joined = _merges(tree, set(minima.tolist()))
    for row, one in enumerate(minima[:-1].tolist()):
        later = minima[row + 1 :]
        for two, walked in zip(later.tolist(), passes.paths(place[one], place[later]), strict=True):
            met = tree.minimax(one, two)
            if met is not None:
                yield MinimaxPath(one=one, two=two, walked=swept[walked], saddle=met[1], merging=(one, two) in joined)


def _merges(tree: MergeTree, followed: set[int]) -> set[tuple[int, int]]:
    """Return, for the minimum of every basin followed, the first such basin in whose branch its own goes on."""
    rows, found = {int(vertex): row for row, vertex in enumerate(tree.pairs[:, 0])}, set()
    for own in followed:
        row = rows[own]
        while (elder := int(tree.elders[row])) != row:
            row = elder
            if int(tree.pairs[row, 0]) in followed:
                found.add((int(tree.pairs[row, 0]), own))
                break
    return found


def points_along(landscape: Landscape, valley: MinimaxPath, points: int) -> Samples:
    """Return points evenly along a valley's path across the map, ends included."""
    stops = landscape.samples.points[valley.walked]
    reached = lengths_along(stops)
    places = np.linspace(0, reached[-1], points)
    fine = np.stack([np.interp(places, reached, axis) for axis in stops.T], axis=1)
    return Samples(points=fine, index=np.arange(points)[:, None], shape=(points,))


def chosen_minima(one: Map, landscape: Landscape, topology: Topology, basins: Basins) -> np.ndarray:
    """Return the minima, by rising value, of the basins in which runs end, of those and trusted ones, or of all."""
    minima, runs = topology.tree.minima, runs_by_basin(one, landscape, topology)
    wanted = np.array([bool(runs[int(minimum)]) for minimum in minima], bool)
    if basins == "trusted":
        wanted |= landscape.trusted[minima]
    found: np.ndarray = minima if basins == "all" else minima[wanted]
    return found


def basin_names(one: Map, landscape: Landscape, topology: Topology) -> dict[int, str]:
    """Return what each minimum's basin is called: by the runs that end in it, else by its sample."""
    basins = runs_by_basin(one, landscape, topology)
    return {minimum: " ".join(runs) or f"#{minimum}" for minimum, runs in basins.items()}
