"""Landscape profiles as figures: one, or several side by side on one scale."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from attrs import define, evolve, field
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from globscope.report.map.captions import title, tree_facts
from globscope.report.map.run_ends import homes, missing_runs
from globscope.report.map.scene import Scene
from globscope.report.map.tracks import Track
from globscope.report.style.legend import Legend, colourbar, explain
from globscope.report.style.scale import Scale, shared_scale, spanning
from globscope.report.style.text import lines, literal, number, plain
from globscope.report.style.theme import FAINT, Picture, headline, styled
from globscope.report.topology.basins import BLUE, draw_basins, name_basins
from globscope.topology.outline import Outline, outline
from globscope.values.field import Field
from globscope.values.findings import Map
from globscope.values.topology import Topology

READING = "Width: share of the samples at or below the height. Left and right mean nothing."


@define(frozen=True, kw_only=True)
class Profile:
    """A landscape profile with what is written about it.

    Attributes:
        name: Of the landscape.
        topology: Whose simplified tree is drawn.
        values: (n,) of the field at all samples.
        outline: The basins.
        home: By minimum, the runs that end in its basin.
    """

    name: str
    topology: Topology
    values: np.ndarray = field(eq=False, repr=False)
    outline: Outline = field(repr=False)
    home: dict[int, list[Track]] = field(factory=dict, repr=False)

    @classmethod
    def of(cls, name: str, topology: Topology, values: np.ndarray) -> "Profile":
        """Return the profile of a field's merge tree; `values`, (n,), are the field's at all samples."""
        return cls(name=name, topology=topology, values=values, outline=outline(topology.tree, values))

    @classmethod
    def of_scene(cls, scene: Scene, topology: Topology) -> "Profile":
        """Return the profile of a scene's landscape, with the runs that end in its basins."""
        profile = cls.of(title(scene), topology, scene.drawn.fields[topology.field])
        return evolve(profile, home=homes(scene, topology))


@define(frozen=True, kw_only=True)
class Profiles:
    """The profiles of several maps; those of one field share their scales.

    Attributes:
        shown: By names of map, sampler and topology.
        heights: Scale of the loss axis by field: all the maps' landscapes', as in their pictures.
        colours: Scale of the basins' means by field.
    """

    shown: Mapping[tuple[str, str, str], Profile] = field(repr=False)
    heights: Mapping[str, Scale]
    colours: Mapping[str, Scale]

    @classmethod
    def of(cls, scenes: Sequence[Scene]) -> "Profiles":
        """Return the profile of every merge tree of these scenes' landscapes."""
        maps = list({scene.map_.name: scene.map_ for scene in scenes}.values())
        shown = {
            (scene.map_.name, scene.sampler, name): Profile.of_scene(scene, topology)
            for scene in scenes
            for name, topology in scene.map_.topologies.get(scene.sampler, {}).items()
        }
        fields = {one.topology.field for one in shown.values()}
        return cls(
            shown=shown,
            heights={name: shared_scale(maps, name) for name in fields},
            colours={
                name: mean_scale([one for one in shown.values() if one.topology.field == name]) for name in fields
            },
        )

    def first(self, map_: Map) -> Profile | None:
        """Return a map's first profile: the one that stands for it."""
        return next((one for (name, _, _), one in self.shown.items() if name == map_.name), None)

    def plot(self, *chosen: Profile) -> Figure:
        """Return profiles of one field, side by side."""
        of = chosen[0].topology.field
        return plot_profiles(chosen, self.heights[of], self.colours[of])

    def caption(self, one: Profile) -> str:
        """Return in sentences what a profile shows."""
        return caption(one, self.heights[one.topology.field])


def plot_profiles(shown: Sequence[Profile], heights: Scale | None = None, colours: Scale | None = None) -> Figure:
    """Return landscape profiles, side by side where they are several, on one scale.

    Args:
        shown: Profiles of the same field.
        heights: The loss axis; by default it spans these profiles' values.
        colours: Of the basins' means; by default they span these profiles' means.
    """
    heights = heights or spanning([one.values for one in shown], shown[0].topology.field)
    colours = colours or mean_scale(shown)
    alone, across = len(shown) == 1, min(len(shown), 3)
    down = -(-len(shown) // across)
    size = (9.6, 4.9) if alone else (4.4 * across + 0.8, 4.5 * down + 0.6)
    with styled():
        figure, legend = Picture(figsize=size, layout="constrained"), Legend()
        panels = [figure.add_subplot(down, across, k + 1) for k in range(len(shown))]
        for k, (axes, one) in enumerate(zip(panels, shown, strict=True)):
            legend |= _draw(axes, one, heights, colours)
            says = [tree_facts(one.topology), *_beyond(one, heights), *[READING] * alone]
            headline(axes, f"Profile of {literal(one.name)}", lines(says, 120 if alone else 64))
            axes.set_ylabel("" if k % across else plain(heights.label))
        if any(len(one.outline.nodes) for one in shown):
            colourbar(figure, panels, colours, colours=BLUE, label=f"mean {colours.label}")
        explain(figure, legend)
    return figure


def mean_scale(shown: Iterable[Profile]) -> Scale:
    """Return the scale of colour that spans the means of all basins."""
    known = list(shown)
    return spanning([one.outline.means for one in known], known[0].topology.field)


def caption(one: Profile, heights: Scale) -> str:
    """Return in sentences what a profile shows and how it is read."""
    cut_off = "".join(f" {says}" for says in _beyond(one, heights))
    left = one.topology.left_out
    absent = f" The {number(left)} left out are missing from the width." if left else ""
    absent += f" {missing_runs(one.home)}" if one.home.get(-1) else ""
    return (
        f"Landscape profile of {one.name}: {tree_facts(one.topology)}. At every height a basin is as wide as it has "
        f"samples at or below it; the panel's width is all {number(one.outline.samples)}.{absent} Colour is the mean "
        f"{Field(one.topology.field).name} of a basin's samples, deeper blue is lower. Basins that meet stand side by "
        f"side, the largest nearest to the middle; left and right mean nothing else.{cut_off}"
    )


def _beyond(one: Profile, heights: Scale) -> list[str]:
    counts = ", ".join(f"{number(count)} {what}" for count, what in heights.beyond(one.values))
    return [f"Beyond the scale, drawn at its end: {counts}."] if counts else []


def _draw(axes: Axes, one: Profile, heights: Scale, colours: Scale) -> Legend:
    if not len(one.outline.nodes):
        axes.set_axis_off()
        says = "There is no profile: no sample\nwith a finite value is left."
        axes.text(0.5, 0.5, says, transform=axes.transAxes, ha="center", color=FAINT)
        return {}
    legend = draw_basins(axes, one.outline, heights, colours)
    name_basins(axes, one.outline, heights, one.home)
    return legend
