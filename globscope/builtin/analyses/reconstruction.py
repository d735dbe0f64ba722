"""What a map loses of the networks that it was fitted to."""

from collections.abc import Mapping

import numpy as np

from globscope.api import Map, finite_or_none


def trained(one: Map) -> np.ndarray:
    """Return the (N,) mask of the fit's members that were trained or read, not derived by an analysis."""
    return np.array([member.kind == "trained" for member in one.chart.members])


def gaps(one: Map, field: str) -> np.ndarray | None:
    """Return |true − decoded| of the trained members in the fit; None where the map has no decoded values of it."""
    if field not in one.decoded or field not in one.truth:
        return None
    found: np.ndarray = np.abs(one.truth[field] - one.decoded[field])[trained(one)]
    return found


def reconstruction(one: Map) -> Mapping[str, float | None]:
    """Return the squared error per weight of the trained members, and its share of their variance."""
    if one.reconstruction is None:
        return {"mse_per_weight": None, "unexplained_variance": None}
    rows = trained(one)
    size = one.population.layout.size
    squares = ((one.coordinates - one.reconstruction) ** 2).sum(axis=1) + one.outside**2
    centred = one.coordinates[rows] - one.coordinates[rows].mean(axis=0)
    spread = (centred**2).sum(axis=1) + one.outside[rows] ** 2
    error = squares[rows].mean() / size
    variance = spread.mean() / size
    return {"mse_per_weight": finite_or_none(error), "unexplained_variance": finite_or_none(error / variance)}
