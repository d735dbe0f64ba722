"""The files of one split or contour tree: its record, its picture, and the barcode of the field."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from globscope.report.pictures.depict import depict_alone
from globscope.report.style.text import one_line, shorten
from globscope.report.style.theme import save
from globscope.store import write_json
from globscope.topology.level_set_pictures import barcode_plot, tree_plot
from globscope.topology.level_sets import level_set_tree
from globscope.values.field import Field
from globscope.values.landscape import Landscape
from globscope.values.level_set_tree import LevelSetTree, TreeKind
from globscope.values.topology import Topology


def write_level_sets(
    folder: Path, title: str, tree: LevelSetTree, *, landscape: Landscape, topology: Topology, record: Mapping[str, Any]
) -> None:
    """Write `topology.json`, and pictures of the tree and of the field's barcode, into a folder.

    Args:
        folder: A folder that is claimed.
        title: Name in the headlines, such as the file's.
        tree: The tree that is drawn.
        landscape: Landscape of the samples.
        topology: Merge tree of the field.
        record: Content of `topology.json`.
    """
    where, field = f"in {shorten(one_line(title), 40)}", Field.of(topology.field)
    join, split = (level_set_tree(landscape, topology, kind, -1.0) for kind in get_args(TreeKind)[:2])
    write_json(folder / "topology.json", record)
    save(depict_alone(tree_plot([tree], field, topology.threshold, where)).figure, folder, f"{tree.kind}-tree")
    save(depict_alone(barcode_plot(join, split, field, topology.threshold, where)).figure, folder, "barcode")
