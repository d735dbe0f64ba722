"""The lowest passes between a map's basins: on its samples, and decoded between them."""

from collections.abc import Iterator

import numpy as np
from attrs import define, field

from globscope.api import (
    Adjacency,
    Landscape,
    Map,
    Passes,
    Samples,
    Topology,
    last_networks,
    neighbours,
    sweep_order,
)


@define(frozen=True, kw_only=True)
class Valley:
    """The lowest path on the samples between two basins' minima.

    Attributes:
        one: Sample at the lower minimum.
        two: At the other one.
        walked: (m,) samples from the one to the other.
        saddle: Height at which the merge tree joins the two.
        merging: Whether the tree joins just these two branches there.
    """

    one: int
    two: int
    walked: np.ndarray = field(eq=False, repr=False)
    saddle: float
    merging: bool


def valleys(landscape: Landscape, topology: Topology, adjacency: Adjacency) -> Iterator[Valley]:
    """Yield the lowest path between every two basins that ever meet, the lower minimum first."""
    tree, values = topology.tree, np.asarray(landscape.fields[topology.field], float)
    swept = sweep_order(values, tree.basin >= 0)
    place = np.full(len(values), -1)
    place[swept] = np.arange(len(swept))
    passes, minima = Passes.of(neighbours(landscape.samples, swept, adjacency)), tree.minima
    joined = {(int(elder), int(own)) for elder, own in zip(tree.pairs[tree.elders, 0], tree.pairs[:, 0], strict=True)}
    for row, one in enumerate(minima[:-1].tolist()):
        later = minima[row + 1 :]
        for two, walked in zip(later.tolist(), passes.paths(place[one], place[later]), strict=True):
            met = tree.minimax(one, two)
            if met is not None:
                yield Valley(one=one, two=two, walked=swept[walked], saddle=met[1], merging=(one, two) in joined)


def along(landscape: Landscape, valley: Valley, points: int) -> Samples:
    """Return points evenly along a valley's path across the map, ends included."""
    stops = landscape.samples.points[valley.walked]
    reached = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(stops, axis=0), axis=1))])
    places = np.linspace(0, reached[-1], points)
    fine = np.stack([np.interp(places, reached, axis) for axis in stops.T], axis=1)
    return Samples(points=fine, index=np.arange(points)[:, None], shape=(points,))


def runs_by_minimum(one: Map, landscape: Landscape, topology: Topology) -> dict[int, list[str]]:
    """Return the runs that end in the basin of every minimum."""
    home: dict[int, list[str]] = {int(minimum): [] for minimum in topology.tree.minima}
    basins = last_networks(one, landscape, topology).basins.tolist()
    for variant, basin in zip(one.population.variants, basins, strict=True):
        home.get(basin, []).append(variant)
    return home


def called(one: Map, landscape: Landscape, topology: Topology) -> dict[int, str]:
    """Return what each minimum's basin is called: by the runs that end in it, else by its sample."""
    home = runs_by_minimum(one, landscape, topology)
    return {minimum: " ".join(runs) or f"#{minimum}" for minimum, runs in home.items()}
