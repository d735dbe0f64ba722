"""The topology stage, and merge trees on disk."""

from pathlib import Path

import numpy as np

from globscope.returned.results import checked_topology
from globscope.spec.model import Entry
from globscope.store import key, read_arrays, read_json, write_arrays, write_json
from globscope.study.context import Context
from globscope.values.chart import Progress
from globscope.values.landscape import Landscape
from globscope.values.topology import MergeTree, Topology

ARRAYS = ("nodes", "values", "arcs", "pairs", "births", "deaths", "elders", "arc", "basin")
TREES, ABOUT = "trees.npz", "topology.json"


def topology(context: Context, entry: Entry, landscape: Landscape, identity: str, label: str) -> Topology:
    """Return one topology of a landscape."""
    whole = key("topology", context.identity(entry.component), identity)

    def work(folder: Path, _: Progress) -> None:
        with context.blaming(entry.component):
            found = checked_topology(context.who(entry.component), entry.component.compute(landscape), landscape)
        arrays = _arrays("simplified", found.tree) | _arrays("full", found.full)
        write_arrays(folder / TREES, arrays)
        about = {"field": found.field, "threshold": found.threshold, "left_out": found.left_out}
        write_json(folder / ABOUT, about)

    folder = context.stage("topology", whole, work, label)
    arrays = read_arrays(folder / TREES)
    return Topology(**read_json(folder / ABOUT), tree=_tree("simplified", arrays), full=_tree("full", arrays))


def _arrays(prefix: str, tree: MergeTree) -> dict[str, np.ndarray]:
    arrays = {f"{prefix}_{name}": np.asarray(getattr(tree, name)) for name in ARRAYS}
    return arrays | {f"{prefix}_kinds": np.array(tree.kinds, dtype="U12")}


def _tree(prefix: str, arrays: dict[str, np.ndarray]) -> MergeTree:
    found = {name: arrays[f"{prefix}_{name}"] for name in ARRAYS}
    return MergeTree(**found, kinds=tuple(str(kind) for kind in arrays[f"{prefix}_kinds"]))
