"""All that a map's pictures draw from, looked up once."""

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

import numpy as np
from attrs import define, evolve, field as attribute

from globscope.report.map.trajectory import Trajectory, trajectories_of, variants_not_shown
from globscope.report.map.tree_scene import TreeScene, trajectories_by_basin
from globscope.report.style.figure_colours import FigureColours, figure_colours
from globscope.report.style.scale import Scale, colour_scale
from globscope.report.style.text import one_line, shorten
from globscope.spec.style import AUTO, Style
from globscope.values.field import Field
from globscope.values.findings import Atlas, Map
from globscope.values.landscape import Landscape, Samples

# `line`: over the one latent axis. `path`: over the length walked. `surface`: over two axes. `slices`: of a lattice
# of more axes. `members`: no landscape can be drawn.
Kind = Literal["line", "path", "surface", "slices", "members"]


def kind_of(landscape: Landscape | None, key: str) -> Kind:
    """Return the form in which a landscape's field of this key can be drawn."""
    if landscape is None or key not in landscape.fields:
        return "members"
    dimension, lattice = landscape.samples.points.shape[1], _lattice_axes(landscape.samples)
    if dimension == 1 or lattice == 1:
        return "line" if dimension == 1 else "path"
    if dimension == 2:
        return "surface"
    return "slices" if lattice == dimension and np.isfinite(landscape.fields[key]).any() else "members"


def _lattice_axes(samples: Samples) -> int:
    """Return how many axes the samples' lattice has; 0 where they are scattered."""
    return 0 if samples.index is None or samples.shape is None else len(samples.shape)


@define(frozen=True, kw_only=True)
class Scene:
    """One landscape of a map, or a map without any, ready to be drawn.

    Attributes:
        map_: Map that is drawn.
        sampler: Name of the sampler whose landscape is drawn; empty if there is none.
        landscape_or_none: The landscape; None if only members can be drawn.
        fields: How people read the landscape's fields, by key.
        scale: Scale of the colours, with the field that they show.
        kind: Form in which the landscape is drawn.
        trajectories: Trajectories of the runs.
        not_shown: Variants whose final network the map does not show.
        colours: Colours of the figure that the runs' points show; None if each run has a colour of its own.
        style: How its pictures look.
    """

    map_: Map = attribute(repr=False)
    sampler: str
    landscape_or_none: Landscape | None = attribute(repr=False)
    fields: Mapping[str, Field] = attribute(repr=False)
    scale: Scale
    kind: Kind
    trajectories: tuple[Trajectory, ...] = attribute(repr=False)
    not_shown: frozenset[str]
    colours: FigureColours | None = attribute(default=None, repr=False)
    style: Style = AUTO

    @classmethod
    def of(cls, map_: Map, atlas: Atlas, scale: Scale, sampler: str | None = None, style: Style = AUTO) -> "Scene":
        """Return the scene of one of a map's landscapes; of its first where no sampler is named."""
        sampler = next(iter(map_.landscapes), "") if sampler is None else sampler
        landscape = map_.landscapes.get(sampler)
        figures = [member.figures for member in map_.population.members]
        colours = None if style.figure is None else figure_colours(style.figure, figures)
        return cls(
            map_=map_,
            sampler=sampler,
            landscape_or_none=landscape,
            fields={key: atlas.field_of(key) for key in landscape.fields} if landscape else {},
            scale=scale,
            kind=kind_of(landscape, scale.field.key),
            trajectories=trajectories_of(map_, colours),
            not_shown=variants_not_shown(map_),
            colours=colours,
            style=style,
        )

    @property
    def members_alone(self) -> "Scene":
        """The same map without its landscape."""
        return evolve(self, sampler="", landscape_or_none=None, fields={}, kind="members")

    @property
    def title(self) -> str:
        """The map's name for a headline, with the sampler's where the map alone does not identify the picture."""
        name, sampler = one_line(self.map_.name), one_line(self.sampler)
        several = len(self.map_.landscapes) > 1 or self.is_path
        return f"{shorten(name, 26)}, {shorten(sampler, 24)}" if sampler and several else shorten(name, 40)

    @property
    def field(self) -> Field:
        """What is drawn."""
        return self.scale.field

    @property
    def landscape(self) -> Landscape:
        """The landscape of a scene that has one."""
        assert self.landscape_or_none is not None
        return self.landscape_or_none

    @property
    def values(self) -> np.ndarray:
        """(n,) of the field at the landscape's samples."""
        return self.landscape.fields[self.field.key]

    @property
    def nonfinite(self) -> int:
        """How many of these are NaN or infinite."""
        return self.landscape.nonfinite(self.field.key)

    @property
    def is_path(self) -> bool:
        """Whether the samples form a lattice of one axis across a map of more."""
        samples = None if self.landscape_or_none is None else self.landscape_or_none.samples
        return samples is not None and samples.points.shape[1] > 1 and _lattice_axes(samples) == 1

    @property
    def is_scattered(self) -> bool:
        """Whether there are samples that form no lattice."""
        return self.landscape_or_none is not None and not _lattice_axes(self.landscape.samples)

    @property
    def is_graph(self) -> bool:
        """Whether they form a graph of their own, as those of a search do."""
        return self.is_scattered and self.landscape.samples.edges is not None

    @property
    def ground(self) -> Landscape | None:
        """The map's first lattice over both latent axes with the field that is drawn; None where it has none."""
        of_field = (one for one in self.map_.landscapes.values() if self.field.key in one.fields)
        return next((one for one in of_field if _lattice_axes(one.samples) == one.samples.points.shape[1] == 2), None)

    @property
    def is_volume(self) -> bool:
        """Whether it can be drawn in space, beside its slices."""
        return self.kind == "slices" and self.map_.chart.dimension == 3

    @cached_property
    def trees(self) -> Mapping[str, TreeScene]:
        """The landscape's merge trees, by topology's name."""
        # Other variants' members do not lie on a path.
        trajectories = () if self.is_path else self.trajectories
        return {
            name: TreeScene(
                title=self.title,
                topology=topology,
                field=self.fields[topology.field],
                values=self.landscape.fields[topology.field],
                runs=trajectories_by_basin(self.map_, self.landscape, topology, trajectories),
                style=self.style,
                on_path=self.is_path,
            )
            for name, topology in self.map_.topologies.get(self.sampler, {}).items()
        }

    @property
    def tree(self) -> TreeScene | None:
        """The first merge tree of the field that is drawn; None where there is none."""
        return next((tree for tree in self.trees.values() if tree.field == self.field), None)


def scenes_of(atlas: Atlas, style: Style = AUTO) -> tuple[Scene, ...]:
    """Return a scene for every landscape, and for every map without any, on one scale."""
    scale = colour_scale(atlas, style)
    return tuple(Scene.of(map_, atlas, scale, name, style) for map_ in atlas.maps for name in map_.landscapes or [""])
