"""The table of curves."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from globscope.api import Atlas, Field, Table, barrier, finite_or_none, mean_along, scores
from globscope.builtin.analyses.mode_connectivity.measured_curve import MeasuredCurve

CAPTION = (
    "Every trained curve beside the straight line between the same two networks, at the same values of t, both ends "
    "included. one, other: the ends; min, max: over the points; mean: weighted by length, ∫ L ds over the length "
    "(trapezoids); barrier: max over t of L(t) − ((1 − t) L(0) + t L(1)), the excess over the linear interpolation of "
    "the ends, never below 0 (for an accuracy, the deepest fall below it); length_ratio: length of the curve over that "
    "of the straight line. A figure is empty where a loss is not finite."
)
COLUMNS = (
    "pair", "field", "one", "other", "curve_min", "curve_max", "curve_mean", "curve_barrier", "line_min", "line_max",
    "line_mean", "line_barrier", "length_ratio",
)  # fmt: skip
Row = dict[str, Any]


def table(curves: Sequence[MeasuredCurve], atlas: Atlas) -> Table:
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
        "length_ratio": float(curve.lengths[-1] / curve.distance),
    }


def _figures(
    field: Field, t: np.ndarray, values: np.ndarray, lengths: np.ndarray
) -> Iterator[tuple[str, float | None]]:
    yield "min", finite_or_none(values.min())
    yield "max", finite_or_none(values.max())
    yield "mean", finite_or_none(mean_along(values, lengths))
    yield "barrier", finite_or_none(barrier(field.cost(values), t))


def field_barrier(field: Field, values: np.ndarray, t: np.ndarray, whole: np.ndarray) -> float:
    """Return the barrier of a field's values at some t, over the interpolation between the ends of the whole curve."""
    first, *_, last = field.cost(whole).tolist()
    return barrier(field.cost(values), t, (first, last))
