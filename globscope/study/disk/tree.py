"""Merge trees as arrays."""

import numpy as np

from globscope.values.topology import MergeTree

ARRAYS = ("nodes", "values", "arcs", "pairs", "births", "deaths", "elders", "arc", "basin")


def tree_arrays(prefix: str, tree: MergeTree) -> dict[str, np.ndarray]:
    """Return a tree as arrays whose names begin with a prefix."""
    arrays = {f"{prefix}_{name}": np.asarray(getattr(tree, name)) for name in ARRAYS}
    return arrays | {f"{prefix}_kinds": np.array(tree.kinds, dtype="U12")}


def tree_of(prefix: str, arrays: dict[str, np.ndarray]) -> MergeTree:
    """Return the tree whose arrays' names begin with a prefix."""
    found = {name: arrays[f"{prefix}_{name}"] for name in ARRAYS}
    return MergeTree(**found, kinds=tuple(str(kind) for kind in arrays[f"{prefix}_kinds"]))
