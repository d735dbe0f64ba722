"""Landscape profiles as figures: one, or several side by side on one scale."""

from collections.abc import Iterable, Sequence

from attrs import define
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from globscope.report.map.scene import Scene
from globscope.report.map.tree_scene import UPPER_BOUND, TreeScene
from globscope.report.style.labels import distinct_titles
from globscope.report.style.legend import Legend, colourbar, explain
from globscope.report.style.scale import Scale, height_scale, shared_scale, spanning
from globscope.report.style.text import figure_text
from globscope.report.style.theme import Picture, house_style, panel_grid, write_centred, write_headline
from globscope.report.topology.basins import draw_basins, name_basins
from globscope.values.findings import Atlas
from globscope.values.number import number

READING = "Width: share of the samples at or below the height. Left and right mean nothing."


@define(frozen=True, kw_only=True)
class ProfileScales:
    """What the profiles of one field share.

    Attributes:
        heights: Scale of the field's axis.
        colours: Scale of its colours, that of the maps.
    """

    heights: Scale
    colours: Scale

    @classmethod
    def of(cls, trees: Iterable[TreeScene]) -> "ProfileScales":
        """Return the scales that span the values of merge trees of one field."""
        known = list(trees)
        values, style = [tree.values for tree in known], known[0].style
        threshold = min(tree.topology.threshold for tree in known)
        return _scales(spanning(values, known[0].field, style, threshold=threshold), known)


def profile_scales(atlas: Atlas, scenes: Iterable[Scene]) -> dict[str, ProfileScales]:
    """Return the scales of all profiles by their field's key; their colours are those of the maps' landscapes."""
    trees: dict[str, list[TreeScene]] = {}
    for scene in scenes:
        for tree in scene.trees.values():
            trees.setdefault(tree.field.key, []).append(tree)
    return {key: _scales(shared_scale(atlas, key, known[0].style), known) for key, known in trees.items()}


def _scales(colours: Scale, trees: Sequence[TreeScene]) -> ProfileScales:
    heights = height_scale(colours, [tree.values for tree in trees], trees[0].style)
    return ProfileScales(heights=heights, colours=colours)


def plot_profiles(trees: Sequence[TreeScene], scales: ProfileScales | None = None) -> Figure:
    """Return the profiles of merge trees of one field, side by side; by default their scales span these trees."""
    scales = scales or ProfileScales.of(trees)
    alone, legend = len(trees) == 1, Legend()
    with house_style():
        figure, panels, across = _panels(trees)
        titles = distinct_titles([f"Profile of {tree.title}" for tree in trees], 80 if alone else 36)
        for axes, tree, title in zip(panels, trees, titles, strict=True):
            legend |= _draw(axes, tree, scales)
            sentences = [tree.facts, *_beyond(tree, scales), *[READING] * alone]
            write_headline(axes, title, sentences, 120 if alone else 58)
            axes.set_ylabel("" if panels.index(axes) % across else figure_text(scales.heights.label))
        if any(len(tree.outline.nodes) for tree in trees):
            colourbar(figure, panels, scales.colours)
        explain(figure, legend)
    return figure


def _panels(trees: Sequence[TreeScene]) -> tuple[Picture, list[Axes], int]:
    """Return a figure, its panels, and how many of them stand side by side."""
    if len(trees) > 1:
        return panel_grid(len(trees), trees[0].style)
    figure = Picture(9.6, 4.9, trees[0].style)
    return figure, [figure.add_subplot()], 1


def caption(tree: TreeScene, scales: ProfileScales) -> str:
    """Return in sentences what a profile shows and how it is read."""
    left = tree.topology.left_out
    absent = f"The {number(left)} left out are missing from the width." if left else ""
    sentences = (
        f"Landscape profile of {tree.title}: {tree.facts}.",
        "At every height a basin is as wide as it has samples at or below it; the panel's width is all "
        f"{number(tree.outline.samples)}.",
        absent,
        tree.missing_runs,
        f"Colours are those of the maps: each is the {tree.field.name} of its height.",
        "Basins that meet stand side by side, the largest nearest to the middle; left and right mean nothing else.",
        UPPER_BOUND if tree.runs else "",
        *_beyond(tree, scales),
    )
    return " ".join(filter(None, sentences))


def _beyond(tree: TreeScene, scales: ProfileScales) -> list[str]:
    counts = ", ".join(f"{number(count)} {what}" for count, what in scales.heights.beyond(tree.values))
    return [f"Beyond the scale, drawn at its end: {counts}."] if counts else []


def _draw(axes: Axes, tree: TreeScene, scales: ProfileScales) -> Legend:
    if not len(tree.outline.nodes):
        axes.set_axis_off()
        write_centred(axes, "There is no profile: no sample\nwith a finite value is left.")
        return {}
    legend = draw_basins(axes, tree.outline, scales.heights, scales.colours)
    name_basins(axes, tree.outline, scales.heights, tree.runs)
    return legend
