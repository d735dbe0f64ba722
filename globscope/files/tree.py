"""Merge trees as JSON."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.values.finite import finite_or_none
from globscope.values.topology import MergeTree, Topology


def adjacency_record(topology: Topology) -> Mapping[str, Any]:
    """Return which samples are neighbours, as a topology knows it: `adjacency`, and `neighbours` for the nearest."""
    return {name: value for name in ("adjacency", "neighbours") if (value := getattr(topology, name))}


def tree_record(tree: MergeTree) -> Mapping[str, Any]:
    """Return a tree as a JSON object: counts, nodes, arcs between them, and pairs; never NaN or infinite.

    Vertices are samples' numbers. A pair that never dies has neither `death` nor `death_vertex`.
    `elders` are rows of the pairs whose branches continue where each one dies.
    """
    with np.errstate(over="ignore"):  # beyond the largest float it is infinite, and omitted
        mean = tree.average_persistence
    return {
        "counts": {"minima": len(tree.minima), "saddles": len(tree.saddles)},
        "average_persistence": finite_or_none(mean),
        "nodes": [
            {"vertex": vertex, "value": value, "kind": kind}
            for vertex, value, kind in zip(tree.nodes.tolist(), tree.values.tolist(), tree.kinds, strict=True)
        ],
        "arcs": tree.arcs.tolist(),
        "pairs": [
            {
                "birth": birth,
                "death": finite_or_none(death),
                "birth_vertex": low,
                "death_vertex": high if high >= 0 else None,
            }
            for birth, death, (low, high) in zip(
                tree.births.tolist(), tree.deaths.tolist(), tree.pairs.tolist(), strict=True
            )
        ],
        "elders": tree.elders.tolist(),
    }


def tree_from_record(record: Mapping[str, Any], basin: np.ndarray, arc: np.ndarray) -> MergeTree:
    """Return the tree of a run folder's file.

    Args:
        record: A tree's record, as `tree_record` returns it.
        basin: (n,) basins of the samples; may be empty.
        arc: (n,) arcs of the samples; may be empty.
    """
    nodes, pairs = record["nodes"], record["pairs"]
    ends = [(p["birth_vertex"], -1 if p["death_vertex"] is None else p["death_vertex"]) for p in pairs]
    return MergeTree(
        nodes=np.array([node["vertex"] for node in nodes], int),
        values=np.array([node["value"] for node in nodes], float),
        kinds=tuple(node["kind"] for node in nodes),
        arcs=np.array(record["arcs"], int).reshape(-1, 2),
        pairs=np.array(ends, int).reshape(-1, 2),
        births=np.array([pair["birth"] for pair in pairs], float),
        deaths=np.array([np.inf if pair["death"] is None else pair["death"] for pair in pairs], float),
        elders=np.array(record["elders"], int),
        arc=arc,
        basin=basin,
    )
