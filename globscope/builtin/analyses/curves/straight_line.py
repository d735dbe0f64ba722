"""The straight line between two networks."""

from collections.abc import Mapping

import numpy as np

from globscope.api import Bench, Mixtures, Networks, Population


def measure_straight_line(
    ends: Population, at_ends: Mapping[str, np.ndarray], t: np.ndarray, bench: Bench
) -> dict[str, np.ndarray]:
    """Return the fields of the straight line between two networks at (n,) t; the fields of its ends are known."""
    inner = t[1:-1]
    line = Networks(
        space=Mixtures(weights=ends.weights),
        coordinates=np.stack([1 - inner, inner], axis=1),
        buffers=ends.buffers,
        nearest=(inner > 0.5).astype(int),
    )
    fields = bench.measure(line)
    return {name: np.concatenate([values[:1], fields[name], values[1:]]) for name, values in at_ends.items()}
