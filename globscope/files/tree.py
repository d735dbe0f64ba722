"""Merge trees as JSON."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.values.topology import MergeTree


def record(tree: MergeTree) -> Mapping[str, Any]:
    """Return a tree as a JSON object: counts, nodes, arcs between them, and pairs; never NaN or infinite.

    Vertices are samples' numbers. A pair that never dies has neither `death` nor `death_vertex`.
    """
    with np.errstate(over="ignore"):  # beyond the largest float it is infinite, and left out
        mean = tree.average_persistence
    return {
        "counts": {"minima": len(tree.minima), "saddles": len(tree.saddles)},
        "average_persistence": _finite(mean),
        "nodes": [
            {"vertex": vertex, "value": value, "kind": kind}
            for vertex, value, kind in zip(tree.nodes.tolist(), tree.values.tolist(), tree.kinds, strict=True)
        ],
        "arcs": tree.arcs.tolist(),
        "pairs": [
            {
                "birth": birth,
                "death": _finite(death),
                "birth_vertex": low,
                "death_vertex": high if high >= 0 else None,
            }
            for birth, death, (low, high) in zip(
                tree.births.tolist(), tree.deaths.tolist(), tree.pairs.tolist(), strict=True
            )
        ],
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
