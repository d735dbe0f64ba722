"""Where the search starts: points for descents, and curves for strings."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from globscope.api import Chart
from globscope.builtin.samplers.critical_points.paths import Path
from globscope.builtin.samplers.critical_points.record import Record, Steps
from globscope.builtin.samplers.members import end_rows

Members = Literal["ends", "all", "none"]
# How far a bent start leaves the straight line, as a share of its length.
BEND = 0.3


def start_rows(chart: Chart, members: Members) -> list[int]:
    """Return the rows of the members from which descents start: each run's last network, all networks, or none."""
    if members == "all":
        return list(range(len(chart.latents)))
    ends = end_rows(chart) if members == "ends" else {}
    return list(ends.values())


def quasi_random(count: int, low: np.ndarray, high: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (count, d) points of a scrambled Halton sequence in a box."""
    from scipy.stats import qmc

    if not count:
        return np.empty((0, len(low)))
    # Seeded with an integer: the keyword for a generator has different names in SciPy's versions.
    unit = qmc.Halton(len(low), scramble=True, seed=int(rng.integers(2**31))).random(count)
    points: np.ndarray = low + unit * (high - low)
    return points


def start_curves(
    record: Record, starts: Sequence[Path], images: int, rng: np.random.Generator
) -> Steps[tuple[np.ndarray, np.ndarray]]:
    """Return the lowest of three curves between the ends of each path, straight or bent to a side, and their tops.

    They are (s, images + 2, d) points, and the (s,) highest values at their images. The bends lead into one random
    direction across the straight line, and into its opposite.
    """
    shares = np.linspace(0, 1, images + 2)[None, :, None]
    first, last = (np.array([path.points[at] for path in starts])[:, None] for at in (0, -1))
    straight = first + shares * (last - first)
    bow = np.sin(np.pi * shares) * _aside(last - first, rng)
    curves = np.clip(np.stack([straight, straight + bow, straight - bow]), *record.bounds)
    curves = curves[:1] if straight.shape[2] == 1 else curves
    inner = curves[:, :, 1:-1].reshape(-1, straight.shape[2])
    measured = yield from record.measure(inner, gradients=False)
    tops = measured.values.reshape(len(curves), len(starts), images).max(axis=2)
    chosen: np.ndarray = curves[tops.argmin(axis=0), np.arange(len(starts))]
    return chosen, tops.min(axis=0)


def _aside(lines: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return (s, 1, d) random vectors orthogonal to lines, of a share of their lengths."""
    drawn = rng.standard_normal(lines.shape)
    length = np.linalg.norm(lines, axis=2, keepdims=True)
    along = lines / np.maximum(length, 1e-300)
    drawn -= (drawn * along).sum(axis=2, keepdims=True) * along
    aside: np.ndarray = BEND * length * drawn / np.maximum(np.linalg.norm(drawn, axis=2, keepdims=True), 1e-300)
    return aside
