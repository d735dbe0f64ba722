"""The figures of one topology: the merge tree and the persistence diagram."""

from collections.abc import Mapping
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from globscope.report.map.tree_scene import UPPER_BOUND, TreeScene
from globscope.report.style.legend import explain, log_note
from globscope.report.style.text import figure_text, one_line, shorten
from globscope.report.style.theme import Picture, house_style, save, write_centred, write_headline
from globscope.report.topology.landscape_profile import plot_profiles
from globscope.report.topology.merge_tree import draw_tree
from globscope.report.topology.persistence_diagram import draw_diagram
from globscope.store import write_json
from globscope.values.topology import Topology

# Letters of a label that fit along the persistence diagram.
ALONG = 66


def plot_tree(tree: TreeScene) -> Figure:
    """Return the drawing of a merge tree; one without leaves gives a figure that says so."""
    topology = tree.topology
    width = float(np.clip(2.0 + 0.4 * len(tree.thinned[0].minima), 5.6, 15))
    reading = ["Basins side by side, named by the runs that end in them."] if tree.runs.keys() - {-1} else []
    reading += [UPPER_BOUND] if tree.runs else []
    with house_style():
        figure = Picture(width, 4.6, tree.style)
        axes = figure.add_subplot()
        sentences = filter(None, (f"{tree.facts}.", *tree.thinning, *reading, tree.missing_runs))
        write_headline(axes, f"Merge tree of {tree.title}", sentences, int(13 * width))
        if not len(topology.tree.pairs):
            return _without_tree(figure, axes)
        legend = draw_tree(axes, tree)
        axes.set_ylabel(figure_text(tree.field.name) + log_note(axes))
        explain(figure, legend)
    return figure


def plot_diagram(tree: TreeScene) -> Figure:
    """Return the persistence diagram of a merge tree."""
    with house_style():
        figure = Picture(5.6, 5.2, tree.style)
        axes = figure.add_subplot()
        write_headline(axes, f"Persistence on {tree.title}", [tree.facts], 72)
        if not len(tree.topology.full.pairs):
            return _without_tree(figure, axes)
        legend, field = draw_diagram(axes, tree.topology), figure_text(tree.field.name)
        axes.set_xlabel(f"birth: {field} of the minimum{log_note(axes)}")
        death = f"death: {field} where it meets a lower basin{log_note(axes)}"
        axes.set_ylabel("\n".join(wrap(death, int(ALONG * figure.sheet.fit))))
        explain(figure, legend)
    return figure


def _without_tree(figure: Figure, axes: Axes) -> Figure:
    axes.set_axis_off()
    write_centred(axes, "There is no tree: no sample with a finite value is left.")
    return figure


def write_topology(folder: Path, title: str, values: np.ndarray, topology: Topology, record: Mapping[str, Any]) -> None:
    """Write `topology.json`, and pictures of the merge tree, the diagram and the profile, into a folder.

    Args:
        folder: A folder that is claimed.
        title: Name in the headlines, such as the file's.
        values: (n,) values of the field at every sample.
        topology: Merge trees that are drawn.
        record: Content of `topology.json`.
    """
    tree = TreeScene.of(shorten(one_line(title), 40), topology, values)
    write_json(folder / "topology.json", record)
    save(plot_tree(tree), folder, "merge-tree")
    save(plot_diagram(tree), folder, "persistence")
    save(plot_profiles([tree]), folder, "profile")
