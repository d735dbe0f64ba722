"""Which samples are neighbours, for the explorer, which computes merge trees for every threshold by itself.

A graph has

- `adjacency`: `freudenthal` or `full` on a lattice, `own`, `knn`, `mutual-knn`, `delaunay` or `gabriel`
- `neighbours`: number of nearest samples for `knn` and `mutual-knn`, else null
- `edges`: the pairs of neighbouring samples, those from which Python makes the tree; null on a lattice, where they
  follow from `adjacency`
- `assumed`: whether nobody knows which neighbours the run's tree has, so that another tree may come out
"""

from typing import Any, cast, get_args

from globscope.report.explorer.blocks import Blocks
from globscope.topology.adjacency import LATTICE, Resolved, nearest_count, resolve_adjacency, sample_edges
from globscope.values.landscape import Samples
from globscope.values.topology import Topology

KNOWN = {name for part in get_args(Resolved) for name in get_args(part) or (part,)}


def graph_data(samples: Samples, topology: Topology | None, stem: str, blocks: Blocks) -> dict[str, Any]:
    """Return the graph of a merge tree, or the one that `auto` means; its edges are added once."""
    kind, assumed = resolve_adjacency(samples, "auto"), topology is not None and topology.adjacency not in KNOWN
    count = nearest_count(samples, kind)
    if topology is not None and not assumed:
        kind, count = cast("Resolved", topology.adjacency), topology.neighbours
    name = f"{stem}edges/{kind}/{count}"
    if kind not in LATTICE and name not in blocks.places:
        blocks.add(name, sample_edges(samples, kind, count), "u4")
    return {
        "adjacency": kind,
        "neighbours": count,
        "edges": None if kind in LATTICE else name,
        "assumed": assumed,
    }
