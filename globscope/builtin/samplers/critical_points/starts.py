"""Where descents start: at members, and at quasi-random points."""

from typing import Literal

import numpy as np

from globscope.api import Chart
from globscope.builtin.samplers.members import end_rows

Members = Literal["ends", "all", "none"]


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
