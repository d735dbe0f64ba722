"""The topology stage: the merge tree of a landscape."""

from pathlib import Path

import numpy as np
from attrs import evolve

from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.workshop import Workshop
from globscope.returned.results import checked_topology
from globscope.roles import TopologyMethod, TopologyTraits, traits
from globscope.spec.component_entry import Entry
from globscope.store import key, read_arrays, read_json, write_arrays, write_json
from globscope.topology.adjacency import nearest_count, resolve_adjacency
from globscope.values.chart import Progress
from globscope.values.landscape import Landscape, Samples
from globscope.values.topology import MergeTree, Topology

ARRAYS = ("nodes", "values", "arcs", "pairs", "births", "deaths", "elders", "arc", "basin")


def tree_arrays(prefix: str, tree: MergeTree) -> dict[str, np.ndarray]:
    """Return a tree as arrays whose names begin with a prefix."""
    arrays = {f"{prefix}_{name}": np.asarray(getattr(tree, name)) for name in ARRAYS}
    return arrays | {f"{prefix}_kinds": np.array(tree.kinds, dtype="U12")}


def tree_of(prefix: str, arrays: dict[str, np.ndarray]) -> MergeTree:
    """Return the tree whose arrays' names begin with a prefix."""
    found = {name: arrays[f"{prefix}_{name}"] for name in ARRAYS}
    return MergeTree(**found, kinds=tuple(str(kind) for kind in arrays[f"{prefix}_kinds"]))


def with_adjacency(topology: Topology, method: TopologyMethod, samples: Samples) -> Topology:
    """Return a topology that knows which samples its method takes for neighbours, if the method says so."""
    known = traits(method, TopologyTraits)
    if known.adjacency is None:
        return topology
    kind = resolve_adjacency(samples, known.adjacency)
    return evolve(topology, adjacency=kind, neighbours=nearest_count(samples, kind, known.neighbours))


TREES, ABOUT = "trees.npz", "topology.json"


def topology(workshop: Workshop, entry: Entry, landscape: Landscape, landscape_key: str, label: str) -> Topology:
    """Return one topology of a landscape."""
    stage_key = key(Stage.TOPOLOGY, workshop.key_of(entry.component), landscape_key)

    def work(folder: Path, _: Progress) -> None:
        with workshop.errors_of(entry.component):
            found = checked_topology(workshop.label_of(entry.component), entry.component.compute(landscape), landscape)
        arrays = tree_arrays("simplified", found.tree) | tree_arrays("full", found.full)
        write_arrays(folder / TREES, arrays)
        about = {"field": found.field, "threshold": found.threshold, "left_out": found.left_out}
        write_json(folder / ABOUT, about)

    folder = workshop.stage(Stage.TOPOLOGY, stage_key, work, label)
    arrays = read_arrays(folder / TREES)
    about, tree, full = read_json(folder / ABOUT), tree_of("simplified", arrays), tree_of("full", arrays)
    return with_adjacency(Topology(**about, tree=tree, full=full), entry.component, landscape.samples)
