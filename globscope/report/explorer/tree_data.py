"""What the explorer knows of a merge tree that the run computed; the tree itself it computes again.

It has

- `name`, `field` (key), `threshold`, `left_out` (number of samples that are in no tree)
- `graph`: which samples are neighbours, as `graph_data` describes it
- `swept`: 1 for every sample in the tree; null where these are all finite ones
- `leaves`: the minima at the run's threshold, samples by rising value
- `leaves_by_neighbours`: on a lattice, how many leaves it has there by each rule, `freudenthal` and `full`
- of the members: `basins`, the minimum in whose basin the map shows each at the run's threshold (−1: in none), and
  `why`, numbers in `reasons`, why it shows none (an empty reason where it does)
- `passes`: heights of the run's passes between the last networks of every two runs, of the lower triangle row by row
  (NaN: none); null for more than 200 runs
"""

from typing import Any

import numpy as np

from globscope.report.explorer.blocks import Blocks
from globscope.report.explorer.graph_data import graph_data
from globscope.topology.joins import RunPasses
from globscope.topology.membership import depiction, membership
from globscope.values.findings import Map
from globscope.values.topology import Topology

# Of more runs, the passes between every two are left to the page, which computes one when it is asked for it.
RUNS = 200


def tree_data(map_: Map, sampler: str, name: str, stem: str, blocks: Blocks) -> dict[str, Any]:
    """Return what the page's script reads of one merge tree; the names of its arrays begin with a stem."""
    landscape, topology, own = map_.landscapes[sampler], map_.topologies[sampler][name], f"{stem}{name}\n"
    shown = membership(map_, landscape, topology, depiction(map_, topology.field, range(len(map_.chart.latents))))
    reasons = list(dict.fromkeys(shown.reasons))
    finite = np.isfinite(landscape.fields[topology.field])
    swept = topology.full.basin >= 0
    return {
        "name": name,
        "field": topology.field,
        "threshold": topology.threshold,
        "left_out": topology.left_out,
        "graph": graph_data(landscape.samples, topology, stem, blocks),
        "swept": None if np.array_equal(finite, swept) else blocks.add(f"{own}swept", swept, "u1"),
        "leaves": topology.tree.minima.tolist(),
        "leaves_by_neighbours": dict(topology.leaves_by_neighbours),
        "basins": blocks.add(f"{own}basins", shown.basins, "i4"),
        "reasons": reasons,
        "why": blocks.add(f"{own}why", np.array([reasons.index(reason) for reason in shown.reasons]), "u1"),
        "passes": _passes(map_, sampler, topology, own, blocks),
    }


def _passes(map_: Map, sampler: str, topology: Topology, stem: str, blocks: Blocks) -> str | None:
    if len(map_.population.variants) > RUNS:
        return None
    heights = RunPasses.of(map_, sampler, topology).heights
    return blocks.add(f"{stem}passes", heights[np.tril_indices(len(heights), -1)], "f8")
