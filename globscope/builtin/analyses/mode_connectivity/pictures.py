"""Curves as pictures: their losses along t, and their way over a map."""

from collections.abc import Sequence

import numpy as np

from globscope.api import Atlas, Field, Map, Overlay, Panel, Plot, Series, Trail
from globscope.builtin.analyses.mode_connectivity.measured_curve import MeasuredCurve
from globscope.builtin.analyses.mode_connectivity.project_curves import UNSEEN, CurveProjection

LINE = "straight line"


def plot(curves: Sequence[MeasuredCurve], found: Sequence[CurveProjection], shape: str, field: Field, fit: str) -> Plot:
    """Return the field along t: a panel a pair, with the curve, the straight line, and what every map shows."""
    seen = "have not seen the curves" if fit == UNSEEN else "have seen every second point; the points shown are others"
    return Plot(
        name=f"curves, {fit}",
        caption=f"The {field.name} along the curves and the straight lines, and of what the maps make of the curves. "
        f"The maps {seen}.",
        x="t",
        y=field.name,
        panels=tuple(
            _panel(one, [j for j in found if j.curve is one and j.fit == fit], shape, field) for one in curves
        ),
        log=not field.higher_is_better,
    )


def _panel(one: MeasuredCurve, found: Sequence[CurveProjection], shape: str, field: Field) -> Panel:
    own = Series.of(shape, one.t, one.curve[field.key])
    line = Series.of(LINE, one.t, one.line[field.key], "dashed")
    shown = [Series.of(f"on {j.name}", j.t, j.found.fields[field.key], "points") for j in found]
    return Panel(title=one.pair, series=(own, line, *shown))


def overlays(atlas: Atlas, curves: Sequence[MeasuredCurve], shape: str) -> list[Overlay]:
    """Return, for every map that encodes, the ways of curves and straight lines over it."""
    maps = [one for one in atlas.maps if curves and one.chart.encode is not None]
    return [_overlay(one, atlas, curves, shape) for one in maps]


def _overlay(one: Map, atlas: Atlas, curves: Sequence[MeasuredCurve], shape: str) -> Overlay:
    """Return the trails over a map; what lies outside its space is lost, of a straight line as of a curve."""
    space, encode = one.chart.space, one.chart.encode
    assert encode is not None
    ways = [space.coordinates(atlas.population.take(curve.rows).weights)[0] for curve in curves]
    # Coordinates are affine in the weights: those of a straight line are on the line between its ends'.
    lines = [np.outer(1 - c.t, way[0]) + np.outer(c.t, way[-1]) for c, way in zip(curves, ways, strict=True)]
    both = [*ways, *lines]
    latents = np.split(np.asarray(encode(np.concatenate(both))), np.cumsum([len(way) for way in both])[:-1])
    ends = np.concatenate([trail[[0, -1]] for trail in latents[: len(curves)]])
    trails = [Trail.of(shape, trail) for trail in latents[: len(curves)]]
    trails += [Trail.of(LINE, trail, "dashed") for trail in latents[len(curves) :]]
    return Overlay(
        name=f"curves on {one.name}",
        caption=f"The curves, the straight lines and the networks that they connect on {one.name}: "
        "where the map puts them, which is not where it has a network like them.",
        map=one.name,
        trails=(*trails, Trail.of("ends", ends, "points")),
    )
