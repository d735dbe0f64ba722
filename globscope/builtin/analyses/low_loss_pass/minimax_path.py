"""The lowest passes between a map's basins: on its samples, and decoded between them."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Literal

import numpy as np
from attrs import define, field

from globscope.api import (
    Landscape,
    Map,
    MergeTree,
    Passes,
    Samples,
    Topology,
    lengths_along,
    runs_by_basin,
    sweep_order,
    tree_neighbours,
)

Basins = Literal["runs", "trusted", "all"]


@define(frozen=True, kw_only=True)
class MinimaxPath:
    """The lowest path on the samples between two basins' minima.

    Attributes:
        lower: Sample at the lower minimum.
        upper: Sample at the other minimum.
        samples: (m,) samples from the lower minimum to the other.
        saddle: Height at which the merge tree joins the two minima.
        merging: Whether the lower basin is the first of the selected basins that the other merges into.
    """

    lower: int
    upper: int
    samples: np.ndarray = field(eq=False, repr=False)
    saddle: float
    merging: bool


def minimax_paths(landscape: Landscape, topology: Topology, minima: np.ndarray | None = None) -> Iterator[MinimaxPath]:
    """Yield the lowest path between every two basins that meet, from the lower minimum.

    If `minima` of the tree, by rising value, are selected, only the paths between these.
    """
    tree, values = topology.tree, np.asarray(landscape.fields[topology.field], float)
    swept = sweep_order(values, tree.basin >= 0)
    place = np.full(len(values), -1)
    place[swept] = np.arange(len(swept))
    passes = Passes.of(tree_neighbours(landscape.samples, swept, topology))
    minima = tree.minima if minima is None else minima
    merges = _merges(tree, set(minima.tolist()))
    for row, lower in enumerate(minima[:-1].tolist()):
        others = minima[row + 1 :]
        for upper, path in zip(others.tolist(), passes.paths(place[lower], place[others]), strict=True):
            saddle = tree.minimax(lower, upper)
            if saddle is not None:
                merging = (lower, upper) in merges
                yield MinimaxPath(lower=lower, upper=upper, samples=swept[path], saddle=saddle[1], merging=merging)


def _merges(tree: MergeTree, selected: set[int]) -> set[tuple[int, int]]:
    """Return, for the minimum of every selected basin, the first selected minimum whose branch it merges into."""
    rows, merges = {int(vertex): row for row, vertex in enumerate(tree.pairs[:, 0])}, set()
    for minimum in selected:
        row = rows[minimum]
        while (elder := int(tree.elders[row])) != row:
            row = elder
            if int(tree.pairs[row, 0]) in selected:
                merges.add((int(tree.pairs[row, 0]), minimum))
                break
    return merges


def points_along(landscape: Landscape, path: MinimaxPath, points: int) -> Samples:
    """Return points at equal distances along a path on the map, including its ends."""
    stops = landscape.samples.points[path.samples]
    lengths = lengths_along(stops)
    places = np.linspace(0, lengths[-1], points)
    fine = np.stack([np.interp(places, lengths, axis) for axis in stops.T], axis=1)
    return Samples(points=fine, index=np.arange(points)[:, None], shape=(points,))


def chosen_minima(map_: Map, landscape: Landscape, topology: Topology, basins: Basins) -> np.ndarray:
    """Return the minima, by rising value, of the basins in which runs end, of these and the trusted ones, or of all."""
    minima, runs = topology.tree.minima, runs_by_basin(map_, landscape, topology)
    wanted = np.array([bool(runs[int(minimum)]) for minimum in minima], bool)
    if basins == "trusted":
        wanted |= landscape.trusted[minima]
    chosen: np.ndarray = minima if basins == "all" else minima[wanted]
    return chosen


def distances_to_runs(
    map_: Map, ends: np.ndarray, lower: Sequence[str], upper: Sequence[str]
) -> Iterator[tuple[tuple[str, str], float | None]]:
    """Yield every run of one basin with every run of another, and how far a path's ends are from their last networks.

    Args:
        map_: The map on which the path runs.
        ends: (2, r) coordinates of the path's ends.
        lower: Runs of the basin at the first end.
        upper: Runs of the basin at the second end.
    """
    for pair in product(lower, upper):
        rows = [map_.population.of(run)[-1] for run in pair]
        networks, outside = map_.coordinates[rows], map_.outside[rows]
        away = np.sqrt(((ends - networks) ** 2).sum(axis=1) + outside**2).max()
        apart = np.sqrt(((networks[0] - networks[1]) ** 2).sum() + (outside[0] - outside[1]) ** 2)
        yield pair, float(away / apart) if apart else None


def basin_names(map_: Map, landscape: Landscape, topology: Topology) -> dict[int, str]:
    """Return the name of each minimum's basin: the runs that end in it, or else its sample."""
    basins = runs_by_basin(map_, landscape, topology)
    return {minimum: " ".join(runs) or f"#{minimum}" for minimum, runs in basins.items()}


def on_border(samples: Samples, points: np.ndarray) -> np.ndarray:
    """Return which of (n, d) points along a path lie on the border of a lattice, its ends apart; none of other samples.

    Points between two samples of the border are on it up to rounding, of which a millionth of the width is far more.
    """
    low, high = samples.points.min(axis=0), samples.points.max(axis=0)
    near = 1e-6 * (high - low)
    border: np.ndarray = ((points <= low + near) | (points >= high - near)).any(axis=1) & (samples.index is not None)
    border[[0, -1]] = False
    return border
