"""A digest of given networks' weights, by which their measurements are found again."""

import hashlib
from typing import Any

import numpy as np

from globscope.population.adapted_tensors import AdaptedRow
from globscope.values.arrays import column_blocks
from globscope.values.evaluation import Networks, Unit
from globscope.values.low_rank import low_rank_columns
from globscope.values.rows import Rows
from globscope.values.space import Differentiable, Lifting, Mixtures, SpanSpace

# Networks whose weights are formed at once, at most, and the bytes that they may take.
TOGETHER, MEMORY = 16, 2**28


def networks_digest(networks: Networks) -> str:
    """Return a digest of n networks' weights.

    Of adapters no weights are formed: their files and the networks' shares say what they are.
    """
    total, space = hashlib.blake2b(), networks.space
    if isinstance(space, SpanSpace | Mixtures) and isinstance(space.weights, Rows) and low_rank_columns(space.weights):
        total.update(np.ascontiguousarray(space.shares(np.asarray(networks.coordinates))).data)
        parents = space.parents if isinstance(space, SpanSpace) else np.arange(len(space.weights))
        total.update(np.ascontiguousarray(parents).data)
        _add_rows(total, space.weights)
        return total.hexdigest()
    first = networks.weights(Unit(start=0, stop=1)) if len(networks) else np.empty((0, 1), np.float32)
    step = int(max(1, min(TOGETHER, MEMORY // max(first.nbytes, 1))))
    for start in range(0, len(networks), step):
        unit = Unit(start=start, stop=min(start + step, len(networks)))
        total.update(np.ascontiguousarray(networks.weights(unit)).data)
    return total.hexdigest()


def coordinates_digest(space: Lifting) -> str:
    """Return a digest of what the coordinates of a space are, by which gradients with respect to them are found again.

    Lifting is affine: the networks at 0 and at 1 on each axis tell it. Weight space has the weights themselves.
    """
    if not isinstance(space, Differentiable):
        return type(space).__name__
    axes = np.concatenate([np.zeros((1, space.rank)), np.eye(space.rank)])
    return f"{type(space).__name__} {networks_digest(Networks(space=space, coordinates=axes))}"


def _add_rows(total: Any, rows: Rows) -> None:
    """Add the rows of a matrix: those of adapters by the keys of their files, others by their weights."""
    for parts, source in zip(rows.parts, rows.sources, strict=True):
        if isinstance(source, AdaptedRow):
            total.update(source.key.encode())
            continue
        for part in parts:
            for block in column_blocks(len(part), 1):
                total.update(np.ascontiguousarray(part[block]).data)
