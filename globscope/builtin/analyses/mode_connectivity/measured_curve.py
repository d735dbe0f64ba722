"""What was measured along every curve, and along the straight line beside it."""

from collections.abc import Mapping

import numpy as np
from attrs import define, field

from globscope.api import Atlas, Bench, lengths_along
from globscope.builtin.analyses.curves.straight_line import measure_straight_line


@define(frozen=True, kw_only=True)
class MeasuredCurve:
    """A curve between two networks, and the straight line beside it, at the same n values of t.

    Attributes:
        pair: What it connects, for a reader.
        rows: Of its points in the population, by rising t.
        t: (n,) from 0 to 1.
        way: (n,) length of the curve up to each point.
        distance: Between the ends.
        curve: Fields of the curve's networks, (n,) each.
        line: Fields of the straight line's.
    """

    pair: str
    rows: tuple[int, ...]
    t: np.ndarray = field(eq=False, repr=False)
    way: np.ndarray = field(eq=False, repr=False)
    distance: float
    curve: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    line: Mapping[str, np.ndarray] = field(eq=False, repr=False)


def measured_curves(atlas: Atlas, bench: Bench) -> list[MeasuredCurve]:
    """Return the asking analysis' curves, in the order in which it derived them."""
    by: dict[str, list[int]] = {}
    for row in atlas.own:
        by.setdefault(atlas.population.members[row].variant, []).append(row)
    return [_one(variant, rows, atlas, bench) for variant, rows in by.items()]


def _one(variant: str, rows: list[int], atlas: Atlas, bench: Bench) -> MeasuredCurve:
    own = atlas.population.take(rows)
    t = np.array([member.t for member in own.members], float)
    curve = {name: values[rows] for name, values in atlas.truth.items()}
    return MeasuredCurve(
        pair=variant.partition(" ")[2],
        rows=tuple(rows),
        t=t,
        way=lengths_along(own.weights),
        distance=float(lengths_along(own.weights[[0, -1]])[-1]),
        curve=curve,
        line=measure_straight_line(own.take([0, len(t) - 1]), {n: v[[0, -1]] for n, v in curve.items()}, t, bench),
    )
