"""The measurements along every curve and the straight line beside it, and their table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import (
    Atlas,
    Bench,
    Field,
    KnownPath,
    Table,
    barrier,
    finite_or_none,
    lengths_along,
    mean_along,
    scores,
)
from globscope.builtin.analyses.curves.shapes import measure_straight_line


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


CAPTION = (
    "Every trained curve beside the straight line between the same two networks, at the same values of t, both ends "
    "included. first, second: the ends; min, max: over the points; mean: weighted by length, ∫ L ds over the length "
    "(trapezoids); barrier: max over t of L(t) − ((1 − t) L(0) + t L(1)), the excess over the linear interpolation of "
    "the ends, never below 0 (for an accuracy, the deepest fall below it); length_ratio: length of the curve over that "
    "of the straight line. A figure is empty where a loss is not finite."
)
COLUMNS = (
    "pair", "field", "one", "other", "curve_min", "curve_max", "curve_mean", "curve_barrier", "line_min", "line_max",
    "line_mean", "line_barrier", "length_ratio",
)  # fmt: skip
Row = dict[str, Any]


def curve_table(curves: Sequence[MeasuredCurve], atlas: Atlas) -> Table:
    """Return the table with a row for every curve and field."""
    rows = tuple(_row(curve, atlas.field_of(name)) for curve in curves for name in scores(curve.curve))
    return Table(name="curves", caption=CAPTION, columns=COLUMNS, rows=rows)


def _row(curve: MeasuredCurve, field: Field) -> Row:
    values, line = curve.curve[field.key], curve.line[field.key]
    return {
        "pair": curve.pair,
        "field": field.key,
        "one": finite_or_none(values[0]),
        "other": finite_or_none(values[-1]),
        **{f"curve_{name}": figure for name, figure in _figures(field, curve.t, values, curve.lengths)},
        **{f"line_{name}": figure for name, figure in _figures(field, curve.t, line, curve.t)},
        "length_ratio": float(curve.lengths[-1] / curve.distance) if curve.distance else None,  # of equal networks
    }


def _figures(
    field: Field, t: np.ndarray, values: np.ndarray, lengths: np.ndarray
) -> Iterator[tuple[str, float | None]]:
    yield "min", finite_or_none(values.min())
    yield "max", finite_or_none(values.max())
    yield "mean", finite_or_none(mean_along(values, lengths))
    yield "barrier", finite_or_none(barrier(field.cost(values), t))


def known_paths(curves: Sequence[MeasuredCurve], atlas: Atlas, shape: str) -> Iterator[KnownPath]:
    """Yield every curve and the straight line beside it, with the worst value of each field."""
    for curve in curves:
        one, other = (parent.rpartition("@")[0] for parent in atlas.population.members[curve.rows[0]].parents)
        for key in scores(curve.curve):
            for name, fields in ((f"{shape} curve", curve.curve), ("straight line", curve.line)):
                yield from KnownPath.of_values((one, other), atlas.field_of(key), fields[key], name)


def field_barrier(field: Field, values: np.ndarray, t: np.ndarray, whole: np.ndarray) -> float:
    """Return the barrier of a field's values at some t, over the interpolation between the ends of the whole curve."""
    first, *_, last = field.cost(whole).tolist()
    return barrier(field.cost(values), t, (first, last))
