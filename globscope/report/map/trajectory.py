"""The members on a map: one trajectory a variant, from its start to its end."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.report.style.figure_colours import FigureColours
from globscope.report.style.label_choice import MOST_NAMES
from globscope.report.style.labels import short_names
from globscope.report.style.palette import VARIANTS
from globscope.report.style.text import count_noun, join_words
from globscope.topology.membership import PATH, last_networks
from globscope.values.findings import Map
from globscope.values.finite import finite_rows


@define(frozen=True, kw_only=True)
class Trajectory:
    """One variant's trained members on a map.

    Attributes:
        variant: Name of the variant.
        number: Place among the variants, which decides the colour.
        label: Name, shortened to fit beside a line; no other variant has the same.
        points: (m, d) latents by rising step; the last is the variant's final member.
        last: Row of the final member.
        shades: Colours of the points, by the figure that the pictures show; none if they show the run's own colour.
    """

    variant: str
    number: int
    label: str
    points: np.ndarray = field(eq=False, repr=False)
    last: int
    shades: tuple[str, ...] = field(default=(), repr=False)

    @property
    def has_start(self) -> bool:
        """Whether it begins at another network than its last."""
        return len(self.points) > 1

    @property
    def colour(self) -> str:
        """The same in every picture of a study."""
        return VARIANTS[self.number % len(VARIANTS)]

    @property
    def tint(self) -> str:
        """Its colour on a map: that of its end's figure, or else its own."""
        return self.shades[-1] if self.shades else self.colour

    @property
    def tints(self) -> tuple[str, ...]:
        """The colours of its points on a map."""
        return self.shades or (self.colour,) * len(self.points)


def trajectories_of(map_: Map, colours: FigureColours | None = None) -> tuple[Trajectory, ...]:
    """Return the trained members' trajectories, in the variants' order; a point off the map is left out.

    So is a run of which `drawn_members` has none. With `colours`, the points show a figure.
    """
    trajectories = []
    latents = map_.chart.latents
    finite = finite_rows(latents) & drawn_members(map_)
    variants = map_.population.variants
    for number, (variant, label) in enumerate(zip(variants, short_names(variants), strict=True)):
        rows = [row for row in map_.population.of(variant) if finite[row]]
        if rows:
            shades = () if colours is None else tuple(colours.of_members[row] for row in rows)
            place: dict[str, Any] = {"points": latents[rows], "last": rows[-1], "shades": shades}
            trajectories.append(Trajectory(variant=variant, number=number, label=label, **place))
    return tuple(trajectories)


def drawn_members(map_: Map) -> np.ndarray:
    """Return the (N,) mask of the members that pictures draw: all, save on a slice.

    There a run none of whose members lies on it is left out, whose projection would look as if it did; so is each
    derived member that does not.
    """
    drawn: np.ndarray = ~map_.elsewhere
    for variant in map_.population.variants:
        rows = map_.population.of(variant)
        drawn[rows] = drawn[rows].any()
    return drawn


def run_names(trajectories: Sequence[Trajectory]) -> str:
    """Return the names of their runs, or only how many there are where they are more than a picture names."""
    names = [trajectory.variant for trajectory in trajectories]
    return join_words(names) if len(names) <= MOST_NAMES else count_noun(len(names), "run")


def variants_not_shown(map_: Map) -> frozenset[str]:
    """Return the variants whose final network a map's first landscape does not show, though it is drawn there."""
    landscape, topology = map_.landscape, map_.topology
    if landscape is None or topology is None:
        return frozenset()
    reasons = last_networks(map_, landscape, topology).reasons
    pairs = zip(map_.population.variants, reasons, strict=True)
    return frozenset(variant for variant, reason in pairs if reason not in ("", PATH))
