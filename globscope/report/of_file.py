"""The pictures and numbers of one topology that belongs to no study."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from globscope.report.look import save
from globscope.report.profiles import Profile, plot_profiles
from globscope.report.text import cut, one_line
from globscope.report.trees import diagram_figure, tree_figure
from globscope.store import write_json
from globscope.values.topology import Topology


def write_topology(folder: Path, of: str, values: np.ndarray, topology: Topology, told: Mapping[str, Any]) -> None:
    """Write `topology.json`, and pictures of the merge tree, the diagram and the profile, into a folder.

    Args:
        folder: A claimed one.
        of: What the pictures are called after, such as the file's name.
        values: (n,) the field's at every sample.
        topology: To draw.
        told: What `topology.json` holds.
    """
    name = cut(one_line(of), 40)
    write_json(folder / "topology.json", told)
    save(tree_figure(name, values, topology), folder, "merge-tree")
    save(diagram_figure(name, topology), folder, "persistence")
    save(plot_profiles([Profile.of(name, topology, values)]), folder, "profile")
