"""A curve's figures for a reader."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from globscope.api import Atlas, Field, Table, barrier, finite_or_none, mean_along, scores
from globscope.builtin.analyses.mode_connectivity.measured_curve import MeasuredCurve

CAPTION = (
    "Every trained curve beside the straight line between the same two networks, at the same values of t, both ends "
    "included. one, other: the ends; min, max: over the points; mean: weighted by length, ∫ L ds over the length "
    "(trapezoids); barrier: max over t of L(t) − ((1 − t) L(0) + t L(1)), the linear interpolation of the ends, which "
    "is 0 at the ends and so never less (for an accuracy the deepest fall below that interpolation); length_ratio: of "
    "the curve to the straight line. A figure is empty where a loss is not finite."
)
COLUMNS = (
    "pair", "field", "one", "other", "curve_min", "curve_max", "curve_mean", "curve_barrier", "line_min", "line_max",
    "line_mean", "line_barrier", "length_ratio",
)  # fmt: skip
Row = dict[str, Any]


def table(curves: Sequence[MeasuredCurve], atlas: Atlas) -> Table:
    """Return the table of every curve and field."""
    rows = tuple(_row(one, atlas.field_of(key)) for one in curves for key in scores(one.curve))
    return Table(name="curves", caption=CAPTION, columns=COLUMNS, rows=rows)


def _row(one: MeasuredCurve, field: Field) -> Row:
    values = one.curve[field.key]
    ends = {"one": finite_or_none(values[0]), "other": finite_or_none(values[-1])}
    ways = (("curve", values, one.way), ("line", one.line[field.key], one.t))
    figures = {f"{kind}_{key}": cell for kind, *what in ways for key, cell in _figures(field, one, *what)}
    return {"pair": one.pair, "field": field.key, **ends, **figures, "length_ratio": float(one.way[-1] / one.distance)}


def _figures(
    field: Field, one: MeasuredCurve, values: np.ndarray, way: np.ndarray
) -> Iterator[tuple[str, float | None]]:
    yield from (
        ("min", finite_or_none(values.min())),
        ("max", finite_or_none(values.max())),
        ("mean", finite_or_none(mean_along(values, way))),
    )
    yield "barrier", finite_or_none(field_barrier(field, values, one.t, values))


def field_barrier(field: Field, values: np.ndarray, t: np.ndarray, whole: np.ndarray) -> float:
    """Return the barrier of a field's values at some t, above the interpolation between the ends of the whole."""
    first, *_, last = field.cost(whole).tolist()
    return barrier(field.cost(values), t, (first, last))
