"""The points of trained curves as members of the population."""

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import evolve

from globscope.api import Member, Population
from globscope.builtin.analyses.curves.shapes import Shape, curve_points


def members(name: str, ends: Population, bends: np.ndarray, shape: Shape, *, count: int, in_fit: bool) -> Population:
    """Return the points of a curve between two members, both ends included.

    Args:
        name: Of the curve: its members' variant.
        ends: The two.
        bends: (bends, D).
        shape: Of the curve.
        count: Of the points.
        in_fit: Whether every second inner point is put into the fit of the maps; the ends are there already.
    """
    weights = curve_points(shape, np.asarray(ends.weights), bends, count)
    found = tuple(_members(name, ends.members, np.linspace(0, 1, count), in_fit))
    return evolve(ends, members=found, weights=weights, keys=())


def between(count: int) -> list[int]:
    """Return which of a curve's points may be in a fit: every second inner one, each between two that are judged."""
    return list(range(2, count - 1, 2))


def _members(name: str, ends: Sequence[Member], t: np.ndarray, in_fit: bool) -> Iterator[Member]:
    fitted = set(between(len(t))) if in_fit else set()
    for step, at in enumerate(t.tolist()):
        # A point has no statistics of its own: where stored ones are asked for, they are those of the nearer end.
        yield Member(
            variant=name,
            step=step,
            kind="curve",
            parents=tuple(end.label for end in ends),
            t=at,
            in_fit=step in fitted,
            buffers=ends[int(at > 0.5)].buffers,
        )
