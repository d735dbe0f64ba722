"""The shapes of a curve φ(t), t in [0, 1], between two networks: its points' shares in φ(t); and the straight line."""

from collections.abc import Mapping
from math import comb
from typing import Literal

import numpy as np

from globscope.api import Bench, Means, Networks, Population
from globscope.builtin.analyses.repaired_mixtures import Repair

Shape = Literal["Bezier", "PolyChain"]


def basis(shape: Shape, bends: int, t: np.ndarray) -> np.ndarray:
    """Return the (n, bends + 2) float64 shares of the first end, of each bend and of the last end in every φ(t).

    A row sums to one, and is exactly one end at t = 0 and at t = 1 (Garipov et al., 2018, equations 3 and 4).
    """
    order = np.arange(bends + 2)
    t = np.asarray(t, np.float64)[:, None]
    if shape == "PolyChain":
        return np.maximum(0.0, 1.0 - np.abs(t * (bends + 1) - order))
    counts = np.array([comb(bends + 1, k) for k in order], np.float64)
    shares: np.ndarray = counts * t**order * (1 - t) ** order[::-1]
    return shares


def straight_bends(ends: np.ndarray, bends: int) -> np.ndarray:
    """Return (bends, D) float32 points that cut the straight line between (2, D) ends into equal parts."""
    share = (np.arange(1, bends + 1, dtype=np.float32) / np.float32(bends + 1))[:, None]
    points: np.ndarray = (1 - share) * ends[0] + share * ends[1]
    return points


def curve_points(shape: Shape, ends: np.ndarray, bends: np.ndarray, count: int) -> np.ndarray:
    """Return (count, D) float32 networks at equal steps of t; the first and the last are the ends to the last bit."""
    shares = basis(shape, len(bends), np.linspace(0, 1, count)).astype(np.float32)
    networks: np.ndarray = shares @ np.concatenate([ends[:1], bends, ends[1:]])
    networks[[0, -1]] = ends
    return networks


def curve_point(shape: Shape, ends: np.ndarray, bends: np.ndarray, t: float) -> np.ndarray:
    """Return the (D,) float32 network at t in [0, 1]."""
    shares = basis(shape, len(bends), np.array([t])).astype(np.float32)
    network: np.ndarray = (shares @ np.concatenate([ends[:1], bends, ends[1:]]))[0]
    return network


def measure_straight_line(
    ends: Population, at_ends: Mapping[str, np.ndarray], t: np.ndarray, bench: Bench, repair: Repair | None = None
) -> dict[str, np.ndarray]:
    """Return the fields of the straight line between two networks at (n,) t; the fields of its ends are known.

    The networks between the ends may be repaired; the ends have the statistics that they would be given.
    """
    shares = np.stack([1 - t[1:-1], t[1:-1]], axis=1)
    line = Networks(
        space=Means(weights=ends.weights),
        coordinates=shares,
        buffers=ends.buffers,
        nearest=(t[1:-1] > 0.5).astype(int),
    )
    fields = bench.measure(line if repair is None else repair.mixtures(ends, shares, bench))
    return {name: np.concatenate([values[:1], fields[name], values[1:]]) for name, values in at_ends.items()}
