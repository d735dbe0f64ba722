"""Every curve compared with its projections: by maps fitted without it, and by maps fitted to every second point."""

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import define, field

from globscope.api import Atlas, Bench, Field, FitRequest, Map, Table, finite_or_none, number
from globscope.builtin.analyses.curves.projection import Projection, project
from globscope.builtin.analyses.mode_connectivity.curve_members import alternate_points
from globscope.builtin.analyses.mode_connectivity.measured_curve import MeasuredCurve, Row, field_barrier

CAPTION = (
    "Every curve and its projection by every map that encodes and decodes: the {field} L(φ(t)) and "
    "L(decode(encode(φ(t)))). fit: `unseen`, the map was fitted to the trained networks alone; `every second point`, "
    "it was fitted again to these and to every second inner point of all curves, and compared at the others. points: "
    "number of inner points compared. Both barriers are over the interpolation between the losses of the two networks; "
    "error: |curve − projection|; residual: ‖φ − decode(encode(φ))‖ over ‖φ − mean‖; outside: distance of φ from the "
    "map's space over ‖φ − mean‖, averaged; longest_step: longest step between neighbouring points on the map over the "
    "median step: if it is tens of steps long, the map tears the curve apart. A figure is empty where a loss is not "
    "finite. A median error alone hides a projection that failed."
)
COLUMNS = (
    "pair", "name", "fit", "points", "curve_min", "curve_max", "curve_barrier", "projection_min", "projection_max",
    "projection_barrier", "error_median", "error_max", "residual_mean", "residual_max", "outside", "longest_step",
)  # fmt: skip
UNSEEN, SEEN = "unseen", "every second point"
# An error of the loss that changes the meaning of a picture, and the ratio to the median above which the median hides
# it.
LARGE, HIDDEN = 0.1, 10


@define(frozen=True, kw_only=True)
class CurveProjection:
    """Points of one curve on a map that was fitted without them.

    Attributes:
        curve: The curve that is projected.
        name: Name of the map.
        fit: Which networks the map was fitted to.
        steps: (n,) indices of the points on the curve.
        projection: The projections of the points.
    """

    curve: MeasuredCurve
    name: str
    fit: str
    steps: np.ndarray = field(eq=False, repr=False)
    projection: Projection = field(repr=False)

    @property
    def t(self) -> np.ndarray:
        """(n,) places of the points on the curve."""
        t: np.ndarray = self.curve.t[self.steps]
        return t

    def errors(self, field: Field) -> np.ndarray:
        """Return the (n,) absolute differences between the field of a point and that of its projection."""
        errors: np.ndarray = np.abs(self.curve.curve[field.key][self.steps] - self.projection.fields[field.key])
        return errors


def project_curves(atlas: Atlas, curves: Sequence[MeasuredCurve], bench: Bench) -> list[CurveProjection]:
    """Return the projections of every curve by every map that encodes and decodes, by map, fit and curve."""
    maps = [one for one in atlas.maps if curves and one.chart.encode is not None and one.chart.decode is not None]
    alternate = [curve.rows[step] for curve in curves for step in alternate_points(len(curve.rows))]
    fits = [(map_, fit, alternate if fit == SEEN else []) for map_ in maps for fit in (UNSEEN, SEEN)]
    requests = (FitRequest(reducer=map_.name, population=map_.population_with(rows)) for map_, _, rows in fits)
    return [
        each
        for (_, fit, _), fitted in zip(fits, bench.fits(requests), strict=True)
        for each in _projections(fitted, fit, curves, bench)
    ]


def _projections(fitted: Map, fit: str, curves: Sequence[MeasuredCurve], bench: Bench) -> Iterator[CurveProjection]:
    if fitted.chart.encode is None or fitted.chart.decode is None:
        return
    members = fitted.whole.members
    unseen = [[step for step in range(1, len(one.rows) - 1) if not members[one.rows[step]].in_fit] for one in curves]
    rows = [curve.rows[step] for curve, steps in zip(curves, unseen, strict=True) for step in steps]
    projection, start = project(fitted, fitted.whole.take(rows).weights, bench), 0
    for curve, steps in zip(curves, unseen, strict=True):
        part = projection.part(slice(start, start := start + len(steps)))
        yield CurveProjection(curve=curve, name=fitted.name, fit=fit, steps=np.array(steps), projection=part)


def table(projections: Sequence[CurveProjection], field: Field) -> Table:
    """Return the table with a row for every curve, map and fit."""
    rows = tuple(_row(each, field) for each in projections)
    return Table(name="projections", caption=CAPTION.format(field=field.name), columns=COLUMNS, rows=rows)


def _row(each: CurveProjection, field: Field) -> Row:
    whole, errors, projection = each.curve.curve[field.key], each.errors(field), each.projection
    values = {"curve": whole[each.steps], "projection": projection.fields[field.key]}
    return {
        "pair": each.curve.pair,
        "name": each.name,
        "fit": each.fit,
        "points": len(each.steps),
        **{f"{name}_min": finite_or_none(own.min()) for name, own in values.items()},
        **{f"{name}_max": finite_or_none(own.max()) for name, own in values.items()},
        **{f"{name}_barrier": finite_or_none(field_barrier(field, own, each.t, whole)) for name, own in values.items()},
        "error_median": finite_or_none(np.median(errors)),
        "error_max": finite_or_none(errors.max()),
        "residual_mean": finite_or_none(projection.residual.mean()),
        "residual_max": finite_or_none(projection.residual.max()),
        "outside": finite_or_none(projection.outside.mean()),
        "longest_step": _longest_step(projection.latents),
    }


def _longest_step(latents: np.ndarray) -> float | None:
    """Return the longest step from point to point on the map over the median step; None if most points coincide."""
    steps = np.linalg.norm(np.diff(latents, axis=0), axis=1)
    median = float(np.median(steps)) if len(steps) else 0.0
    return finite_or_none(steps.max() / median) if median > 0 else None


def warnings(projections: Sequence[CurveProjection], field: Field) -> Iterator[str]:
    """Yield, by map and fit, a warning about errors that a small median hides."""
    for name, fit in dict.fromkeys((each.name, each.fit) for each in projections):
        group = [each for each in projections if (each.name, each.fit) == (name, fit)]
        failed = [each for each in group if _has_hidden_error(each.errors(field))]
        if failed:
            yield _warning(failed, len(group), field)


def _has_hidden_error(errors: np.ndarray) -> bool:
    # A projection that is not finite has the largest error.
    largest, median = np.where(np.isfinite(errors), errors, np.inf).max(), np.median(errors)
    return bool(largest > LARGE > median and largest > HIDDEN * median)


def _warning(failed: Sequence[CurveProjection], curves: int, field: Field) -> str:
    worst = max(failed, key=lambda each: each.errors(field).max())
    errors = worst.errors(field)
    place = int(errors.argmax())
    network = worst.curve.curve[field.key][worst.steps[place]]
    fitted = "fitted without the curves" if worst.fit == UNSEEN else "fitted to every second point of the curves"
    return (
        f"{worst.name}, {fitted}: it does not show the curves as they are, although the median error is small: on "
        f"{worst.curve.pair} half of the points are off by at most {number(np.median(errors), 2)} in {field.name}, "
        f"but at t = {worst.t[place]:.2f} the network has {number(network)} and the map shows "
        f"{number(worst.projection.fields[field.key][place])}; {len(failed)} of {curves} curves are like this"
    )
