"""Pictures of curves: their losses along t, and their paths over a map."""

from collections.abc import Sequence

import numpy as np

from globscope.api import Atlas, Field, Map, Overlay, Panel, Plot, Series, Trail
from globscope.builtin.analyses.mode_connectivity.measured_curve import MeasuredCurve
from globscope.builtin.analyses.mode_connectivity.project_curves import SEEN, UNSEEN, CurveProjection

LINE = "straight line"
TITLES = {
    UNSEEN: "Curves on maps that have not seen them",
    SEEN: "Curves on maps that were fitted to every second point of them",
}


def plot(
    curves: Sequence[MeasuredCurve], projections: Sequence[CurveProjection], shape: str, field: Field, fit: str
) -> Plot:
    """Return the field along t: a panel for each pair, with the curve, the straight line and the maps' projections."""
    fitted = (
        "were fitted without the curves" if fit == UNSEEN else "were fitted to every second point, and show the others"
    )
    return Plot(
        name=f"curves, {fit}",
        title=TITLES[fit],
        caption=f"The {field.name} along the curves and the straight lines, and of the networks that the maps decode "
        f"along the curves. The maps {fitted}.",
        x="t",
        y=field.name,
        panels=tuple(
            _panel(curve, [each for each in projections if each.curve is curve and each.fit == fit], shape, field)
            for curve in curves
        ),
        log=not field.higher_is_better,
    )


def _panel(curve: MeasuredCurve, projections: Sequence[CurveProjection], shape: str, field: Field) -> Panel:
    curved = Series.of(shape, curve.t, curve.curve[field.key])
    line = Series.of(LINE, curve.t, curve.line[field.key], "dashed")
    shown = [Series.of(f"on {each.name}", each.t, each.projection.fields[field.key], "points") for each in projections]
    return Panel(title=curve.pair, series=(curved, line, *shown))


def overlays(atlas: Atlas, curves: Sequence[MeasuredCurve], shape: str) -> list[Overlay]:
    """Return, for every map that encodes, the paths of curves and straight lines over it."""
    maps = [map_ for map_ in atlas.maps if curves and map_.chart.encode is not None]
    return [_overlay(map_, atlas, curves, shape) for map_ in maps]


def _overlay(map_: Map, atlas: Atlas, curves: Sequence[MeasuredCurve], shape: str) -> Overlay:
    """Return the trails over a map; the parts of curves and lines outside its space are lost."""
    space, encode = map_.chart.space, map_.chart.encode
    assert encode is not None
    paths = [space.coordinates(atlas.population.take(curve.rows).weights)[0] for curve in curves]
    # Coordinates are affine in the weights, so a straight line stays one.
    lines = [np.outer(1 - c.t, path[0]) + np.outer(c.t, path[-1]) for c, path in zip(curves, paths, strict=True)]
    all_paths = [*paths, *lines]
    latents = np.split(np.asarray(encode(np.concatenate(all_paths))), np.cumsum([len(path) for path in all_paths])[:-1])
    ends = np.concatenate([trail[[0, -1]] for trail in latents[: len(curves)]])
    bent, straight = latents[: len(curves)], latents[len(curves) :]
    trails = [Trail.of(shape, trail, values=c.curve) for c, trail in zip(curves, bent, strict=True)]
    trails += [Trail.of(LINE, trail, "dashed", c.line) for c, trail in zip(curves, straight, strict=True)]
    return Overlay(
        name=f"curves on {map_.name}",
        title=f"Ways between runs on {map_.name}",
        caption=f"The curves, the straight lines and the networks that they connect on {map_.name}: "
        "where the map places them; the network that it decodes there may differ.",
        map=map_.name,
        trails=(*trails, Trail.of("ends", ends, "points")),
    )
