"""The figures of one topology: the merge tree and the persistence diagram."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from globscope.report.map.captions import title, tree_facts
from globscope.report.map.run_ends import homes, missing_runs
from globscope.report.map.scene import Scene
from globscope.report.map.tracks import Track
from globscope.report.style.legend import explain
from globscope.report.style.text import cut, lines, literal, one_line, plain
from globscope.report.style.theme import FAINT, Picture, headline, save, styled
from globscope.report.style.ticks import log_note
from globscope.report.topology.landscape_profile import Profile, plot_profiles
from globscope.report.topology.merge_tree import draw_tree
from globscope.report.topology.persistence_diagram import draw_diagram
from globscope.store import write_json
from globscope.values.field import Field
from globscope.values.topology import Topology

Homes = Mapping[int, list[Track]]
NOBODY: Homes = MappingProxyType({})


def plot_tree(scene: Scene, topology: Topology) -> Figure:
    """Return the merge tree's drawing on a map; a tree without leaves gives a figure that says so."""
    return tree_figure(title(scene), scene.drawn.fields[topology.field], topology, homes(scene, topology))


def plot_diagram(scene: Scene, topology: Topology) -> Figure:
    """Return the persistence diagram on a map."""
    return diagram_figure(title(scene), topology)


def tree_figure(of: str, values: np.ndarray, topology: Topology, home: Homes = NOBODY) -> Figure:
    """Return the drawing of any merge tree; `values` are the field's at every sample, `home` the runs by leaf."""
    width = float(np.clip(2.0 + 0.4 * len(topology.tree.minima), 5.6, 15))
    reading = ["Basins side by side, named by the runs that end in them."] if home.keys() - {-1} else []
    reading += filter(None, [missing_runs(home)])
    with styled():
        figure = Picture(figsize=(width, 4.6), layout="constrained")
        axes = figure.add_subplot()
        headline(axes, f"Merge tree of {literal(of)}", lines([tree_facts(topology), *reading], int(13 * width)))
        if not len(topology.tree.pairs):
            return _nothing(figure, axes)
        faint = frozenset(topology.tree.pairs[topology.within_noise, 0].tolist())
        legend = draw_tree(axes, topology.tree, values, dict(home), faint)
        axes.set_ylabel(plain(Field(topology.field).name) + log_note(axes))
        explain(figure, legend)
    return figure


def diagram_figure(of: str, topology: Topology) -> Figure:
    """Return any topology's persistence diagram."""
    with styled():
        figure = Picture(figsize=(5.6, 5.2), layout="constrained")
        axes = figure.add_subplot()
        headline(axes, f"Persistence on {literal(of)}", lines([tree_facts(topology)], 72))
        if not len(topology.full.pairs):
            return _nothing(figure, axes)
        legend = draw_diagram(axes, topology)
        field = plain(Field(topology.field).name)
        axes.set_xlabel(f"birth: {field} of the minimum{log_note(axes)}")
        axes.set_ylabel(f"death: {field} where it meets a lower basin{log_note(axes)}")
        explain(figure, legend)
    return figure


def _nothing(figure: Figure, axes: Axes) -> Figure:
    axes.set_axis_off()
    says = "There is no tree: no sample with a finite value is left."
    axes.text(0.5, 0.5, says, transform=axes.transAxes, ha="center", color=FAINT)
    return figure


def write_topology(folder: Path, of: str, values: np.ndarray, topology: Topology, record: Mapping[str, Any]) -> None:
    """Write `topology.json`, and pictures of the merge tree, the diagram and the profile, into a folder.

    Args:
        folder: A claimed one.
        of: What the pictures are called after, such as the file's name.
        values: (n,) the field's at every sample.
        topology: To draw.
        record: What `topology.json` holds.
    """
    name = cut(one_line(of), 40)
    write_json(folder / "topology.json", record)
    save(tree_figure(name, values, topology), folder, "merge-tree")
    save(diagram_figure(name, topology), folder, "persistence")
    save(plot_profiles([Profile.of(name, topology, values)]), folder, "profile")
