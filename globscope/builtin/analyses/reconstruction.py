"""The error of a map in the networks that it was fitted to."""

from collections.abc import Mapping

import numpy as np

from globscope.api import Map, finite_or_none


def is_trained(map_: Map) -> np.ndarray:
    """Return the (N,) mask of the fit's members that were trained or read, not derived by an analysis."""
    return np.array([member.kind == "trained" for member in map_.chart.members])


def decoding_gaps(map_: Map, field: str) -> np.ndarray | None:
    """Return |true − decoded| of the trained members in the fit; None where the map has no decoded values."""
    if field not in map_.decoded or field not in map_.truth:
        return None
    differences: np.ndarray = np.abs(map_.truth[field] - map_.decoded[field])[is_trained(map_)]
    return differences


def reconstruction(map_: Map) -> Mapping[str, float | None]:
    """Return the squared error per weight of the trained members, and its share of their variance."""
    if map_.reconstruction is None:
        return {"mse_per_weight": None, "unexplained_variance": None}
    rows = is_trained(map_)
    size = map_.population.layout.size
    squares = ((map_.coordinates - map_.reconstruction) ** 2).sum(axis=1) + map_.outside**2
    centred = map_.coordinates[rows] - map_.coordinates[rows].mean(axis=0)
    spread = (centred**2).sum(axis=1) + map_.outside[rows] ** 2
    error = squares[rows].mean() / size
    variance = spread.mean() / size
    share = finite_or_none(error / variance) if variance else None  # one network, or equal ones, have no variance
    return {"mse_per_weight": finite_or_none(error), "unexplained_variance": share}
