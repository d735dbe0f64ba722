"""The points of trained curves as members of the population."""

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import evolve

from globscope.api import Member, Population
from globscope.builtin.analyses.curves.shapes import Shape, curve_points


def members(name: str, ends: Population, bends: np.ndarray, shape: Shape, *, count: int, in_fit: bool) -> Population:
    """Return the points of a curve between two members, both ends included.

    Args:
        name: Name of the curve, which is its members' variant.
        ends: The two members.
        bends: (bends, D) trained points.
        shape: Shape of the curve.
        count: Number of points.
        in_fit: Whether the maps are fitted to every second inner point; they are fitted to the ends already.
    """
    weights = curve_points(shape, np.asarray(ends.weights), bends, count)
    members_ = tuple(_members(name, ends.members, np.linspace(0, 1, count), in_fit))
    return evolve(ends, members=members_, weights=weights, keys=())


def alternate_points(count: int) -> list[int]:
    """Return the points of a curve that a map may be fitted to: every second inner one, between unseen ones."""
    return list(range(2, count - 1, 2))


def _members(name: str, ends: Sequence[Member], t: np.ndarray, in_fit: bool) -> Iterator[Member]:
    fitted = set(alternate_points(len(t))) if in_fit else set()
    for step, place in enumerate(t.tolist()):
        # A point has no statistics of its own; its stored ones are those of the nearer end.
        yield Member(
            variant=name,
            step=step,
            kind="curve",
            parents=tuple(end.label for end in ends),
            t=place,
            in_fit=step in fitted,
            buffers=ends[int(place > 0.5)].buffers,
        )
