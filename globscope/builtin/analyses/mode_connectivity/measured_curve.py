"""The measurements along every curve, and along the straight line beside it."""

from collections.abc import Mapping

import numpy as np
from attrs import define, field

from globscope.api import Atlas, Bench, lengths_along
from globscope.builtin.analyses.curves.straight_line import measure_straight_line


@define(frozen=True, kw_only=True)
class MeasuredCurve:
    """A curve between two networks, and the straight line beside it, at the same n values of t.

    Attributes:
        pair: Name of the pair that it connects.
        rows: Rows of its points in the population, by rising t.
        t: (n,) places on the curve, from 0 to 1.
        lengths: (n,) lengths of the curve up to each point.
        distance: Euclidean distance between the ends.
        curve: Fields of the curve's networks, (n,) each.
        line: Fields of the straight line's networks, (n,) each.
    """

    pair: str
    rows: tuple[int, ...]
    t: np.ndarray = field(eq=False, repr=False)
    lengths: np.ndarray = field(eq=False, repr=False)
    distance: float
    curve: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    line: Mapping[str, np.ndarray] = field(eq=False, repr=False)


def measured_curves(atlas: Atlas, bench: Bench) -> list[MeasuredCurve]:
    """Return the curves that this analysis derived, in order."""
    rows_of: dict[str, list[int]] = {}
    for row in atlas.own:
        rows_of.setdefault(atlas.population.members[row].variant, []).append(row)
    return [_measured_curve(variant, rows, atlas, bench) for variant, rows in rows_of.items()]


def _measured_curve(variant: str, rows: list[int], atlas: Atlas, bench: Bench) -> MeasuredCurve:
    points = atlas.population.take(rows)
    t = np.array([member.t for member in points.members], float)
    curve = {name: values[rows] for name, values in atlas.truth.items()}
    return MeasuredCurve(
        pair=variant.partition(" ")[2],
        rows=tuple(rows),
        t=t,
        lengths=lengths_along(points.weights),
        distance=float(lengths_along(points.weights[[0, -1]])[-1]),
        curve=curve,
        line=measure_straight_line(points.take([0, len(t) - 1]), {n: v[[0, -1]] for n, v in curve.items()}, t, bench),
    )
