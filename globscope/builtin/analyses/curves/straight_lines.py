"""The straight lines in weight space between several networks, measured at once."""

from collections.abc import Mapping, Sequence

import numpy as np

from globscope.api import Bench, Means, Networks, Population


def measure_lines(
    networks: Population, pairs: Sequence[tuple[int, int]], t: np.ndarray, bench: Bench
) -> Mapping[str, np.ndarray]:
    """Return the fields of the straight lines between k pairs of networks, (k, n - 2) each.

    Args:
        networks: The networks that are connected.
        pairs: The rows of the two networks of every line.
        t: (n,) places on a line; the first and the last are its ends, which are not measured.
        bench: Measures the networks.
    """
    inner = t[1:-1]
    shares = np.zeros((len(pairs), len(inner), len(networks.members)))
    for line, (a, b) in zip(shares, pairs, strict=True):
        line[:, a], line[:, b] = 1 - inner, inner
    nearest = np.concatenate([np.where(inner > 0.5, b, a) for a, b in pairs]) if pairs else None
    on_lines = Networks(
        space=Means(weights=networks.weights),
        coordinates=shares.reshape(-1, len(networks.members)),
        buffers=networks.buffers,
        nearest=nearest,
    )
    return {name: values.reshape(len(pairs), len(inner)) for name, values in bench.measure(on_lines).items()}
