"""Is the curve on the map the curve? Every curve against its projection, unseen and with every second point seen."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import Atlas, Bench, Field, Map, Table, finite_or_none
from globscope.builtin.analyses.curves.projection import Projection, project
from globscope.builtin.analyses.mode_connectivity.curve_members import between
from globscope.builtin.analyses.mode_connectivity.curve_table import Row, field_barrier
from globscope.builtin.analyses.mode_connectivity.measured_curve import MeasuredCurve

CAPTION = (
    "Every curve and its projection on every map with a way back: L(φ(t)) against L(decode(encode(φ(t)))), {field}. "
    "fit: `unseen`, the map fitted to the trained networks alone; `every second point`, fitted anew to these and to "
    "every second inner point of all curves, with the others judged. points: inner points judged. The barriers are "
    "both above the interpolation between the two networks' own losses; error: |curve − projection|; residual: "
    "‖φ − decode(encode(φ))‖ over ‖φ − mean‖; outside: the part of φ that no network of the map's space has, over the "
    "same, averaged; longest_step: of the way from one point to the next on the map, over the median step: where it is "
    "tens of steps long, the map has cut the curve. A figure is empty where a loss is not finite. A median error alone "
    "hides a projection that failed."
)
COLUMNS = (
    "pair", "name", "fit", "points", "curve_min", "curve_max", "curve_barrier", "projection_min", "projection_max",
    "projection_barrier", "error_median", "error_max", "residual_mean", "residual_max", "outside", "longest_step",
)  # fmt: skip
UNSEEN, SEEN = "unseen", "every second point"
# An error of the loss that changes what a picture says, and how many times the median it is where a smaller median
# hides it.
LARGE, HIDDEN = 0.1, 10


@define(frozen=True, kw_only=True)
class CurveProjection:
    """The points of one curve on one map that was fitted without them.

    Attributes:
        curve: Whose points they are.
        name: The map's.
        fit: What it was fitted to.
        at: (n,) which of the curve's points.
        found: Their projections.
    """

    curve: MeasuredCurve
    name: str
    fit: str
    at: np.ndarray = field(eq=False, repr=False)
    found: Projection = field(repr=False)

    @property
    def t(self) -> np.ndarray:
        """(n,) their places on the curve."""
        places: np.ndarray = self.curve.t[self.at]
        return places

    def errors(self, measured: Field) -> np.ndarray:
        """Return the (n,) differences between the field of a point and that of its projection."""
        apart: np.ndarray = np.abs(self.curve.curve[measured.key][self.at] - self.found.fields[measured.key])
        return apart


def project_curves(atlas: Atlas, curves: Sequence[MeasuredCurve], bench: Bench) -> list[CurveProjection]:
    """Return every curve on every map with a way there and back, by map, fit and curve."""
    # Without curves there is nothing to fit anew to.
    maps = [one for one in atlas.maps if curves and one.chart.encode is not None and one.chart.decode is not None]
    return [found for one in maps for fit in (UNSEEN, SEEN) for found in _on(one, fit, curves, bench)]


def _on(one: Map, fit: str, curves: Sequence[MeasuredCurve], bench: Bench) -> Iterator[CurveProjection]:
    seen = [way.rows[step] for way in curves for step in between(len(way.rows))] if fit == SEEN else []
    fitted = bench.fit(one.name, one.population_with(seen))
    if fitted.chart.encode is None or fitted.chart.decode is None:
        return
    at = [[s for s in range(1, len(way.rows) - 1) if way.rows[s] not in seen] for way in curves]
    rows = [way.rows[step] for way, steps in zip(curves, at, strict=True) for step in steps]
    whole = project(fitted, one.whole.take(rows).weights, bench)
    start = 0
    for way, steps in zip(curves, at, strict=True):
        part = slice(start, start := start + len(steps))
        yield CurveProjection(curve=way, name=one.name, fit=fit, at=np.array(steps), found=whole.part(part))


def table(found: Sequence[CurveProjection], measured: Field) -> Table:
    """Return a row for every curve, map and fit."""
    rows = tuple(_row(one, measured) for one in found)
    return Table(name="projections", caption=CAPTION.format(field=measured.name), columns=COLUMNS, rows=rows)


def _row(one: CurveProjection, measured: Field) -> Row:
    whole, errors = one.curve.curve[measured.key], one.errors(measured)
    ways = (("curve", whole[one.at]), ("projection", one.found.fields[measured.key]))
    figures = {f"{kind}_{key}": cell for kind, values in ways for key, cell in _range(one, measured, values, whole)}
    return {
        "pair": one.curve.pair,
        "name": one.name,
        "fit": one.fit,
        "points": len(one.at),
        **figures,
        "error_median": finite_or_none(np.median(errors)),
        "error_max": finite_or_none(errors.max()),
        "residual_mean": finite_or_none(one.found.residual.mean()),
        "residual_max": finite_or_none(one.found.residual.max()),
        "outside": finite_or_none(one.found.outside.mean()),
        "longest_step": _longest_step(one.found.latents),
    }


def _longest_step(latents: np.ndarray) -> float | None:
    """Return the longest step from point to point on the map over the median step; None where most do not move."""
    steps = np.linalg.norm(np.diff(latents, axis=0), axis=1)
    usual = float(np.median(steps)) if len(steps) else 0.0
    return finite_or_none(steps.max() / usual) if usual > 0 else None


def _range(one: CurveProjection, measured: Field, values: np.ndarray, whole: np.ndarray) -> Iterator[tuple[str, Any]]:
    yield from (("min", finite_or_none(values.min())), ("max", finite_or_none(values.max())))
    yield "barrier", finite_or_none(field_barrier(measured, values, one.t, whole))


def warnings(found: Sequence[CurveProjection], measured: Field) -> Iterator[str]:
    """Yield, by map and fit, what a small median hides."""
    for who in dict.fromkeys((one.name, one.fit) for one in found):
        of = [one for one in found if (one.name, one.fit) == who]
        failed = [one for one in of if _failed(one.errors(measured))]
        if failed:
            yield _warning(failed, len(of), measured)


def _failed(errors: np.ndarray) -> bool:
    # A projection that is not finite is no smaller error.
    largest, median = np.where(np.isfinite(errors), errors, np.inf).max(), np.median(errors)
    return bool(largest > LARGE > median and largest > HIDDEN * median)


def _warning(failed: Sequence[CurveProjection], curves: int, measured: Field) -> str:
    worst = max(failed, key=lambda one: one.errors(measured).max())
    errors = worst.errors(measured)
    at = int(errors.argmax())
    own, shown = worst.curve.curve[measured.key][worst.at[at]], worst.found.fields[measured.key][at]
    seen = "fitted without the curves" if worst.fit == UNSEEN else "fitted to every second point of the curves"
    return (
        f"{worst.name}, {seen}: what it shows along a curve is not the curve, although a median error would not tell: "
        f"on {worst.curve.pair} half of the points are off by at most {np.median(errors):.2g} in {measured.name}, but "
        f"at t = {worst.t[at]:.2f} the network has {own:.3g} and the map shows {shown:.3g}; "
        f"{len(failed)} of {curves} curves are like this"
    )
