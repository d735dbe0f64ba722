"""Split and contour trees as JSON."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from globscope.errors import EvaluationError
from globscope.topology.branch_decomposition import BranchDecomposition
from globscope.topology.lattice_critical_points import critical_points
from globscope.values.finite import finite_or_none
from globscope.values.landscape import Landscape
from globscope.values.level_set_tree import LevelSetTree
from globscope.values.topology import Topology


def level_set_record(tree: LevelSetTree, landscape: Landscape, topology: Topology) -> dict[str, Any]:
    """Return a tree as a JSON object: its kind, counts, nodes, arcs between them, and branches.

    The branch of the most persistent leaf stands first. Vertices are samples' numbers. A branch leads from its leaf to
    the saddle where it begins on another; that of a leaf that never ends, to the other end of the tree, and its
    persistence is null. On a lattice of up to three axes there are also the numbers of the field's critical points.
    """
    return {
        "tree": tree.kind,
        "counts": {"minima": len(tree.minima), "maxima": len(tree.maxima), "saddles": len(tree.saddles)},
        "nodes": [
            {"vertex": vertex, "value": value, "kind": kind}
            for vertex, value, kind in zip(tree.nodes.tolist(), tree.values.tolist(), tree.kinds, strict=True)
        ],
        "arcs": tree.arcs.tolist(),
        "branches": _branches(tree),
        "critical_points": _critical_points(landscape, topology),
    }


def _branches(tree: LevelSetTree) -> list[Mapping[str, Any]]:
    rows = [
        {
            "kind": tree.kinds[leaf],
            "leaf_vertex": int(tree.nodes[leaf]),
            "leaf": float(tree.values[leaf]),
            "end_vertex": int(tree.nodes[end]),
            "end": float(tree.values[end]),
            "persistence": finite_or_none(tree.persistences[leaf]),
        }
        for leaf, end in _ends(tree)
    ]
    return sorted(rows, key=_length, reverse=True)


def _ends(tree: LevelSetTree) -> Iterator[tuple[int, int]]:
    """Yield the rows of each branch's leaf and other end; the last branch of a split tree begins at its maximum."""
    for branch in BranchDecomposition.of(tree).branches:
        ends = branch.leaf, branch.saddle
        yield (max(ends), min(ends)) if tree.kind == "split" else ends


def _length(branch: Mapping[str, Any]) -> tuple[float, float]:
    persistence = branch["persistence"]
    return np.inf if persistence is None else persistence, abs(branch["leaf"] - branch["end"])


def _critical_points(landscape: Landscape, topology: Topology) -> Mapping[str, int] | None:
    """Return the numbers of critical points by kind, and their Euler characteristic; None off such a lattice."""
    try:
        found = critical_points(landscape, topology)
    except EvaluationError:
        return None
    return {kind: found.kinds.count(kind) for kind in dict.fromkeys(found.kinds)} | {"euler": found.euler}
