"""Curves through a map: what becomes of networks that are encoded and decoded again."""

from collections.abc import Mapping

import numpy as np
from attrs import define, field

from globscope.api import Bench, Map, Networks, Weights


@define(frozen=True, kw_only=True)
class Projection:
    """n networks as a map has them.

    Attributes:
        latents: (n, d) where the map puts them.
        fields: Of the networks that they decode to, (n,) each.
        residual: (n,) ‖w − decode(encode(w))‖ over ‖w − mean‖, the mean being that of the map's members.
        outside: (n,) what of w lies outside the map's space, over the same.
        norms: (n,) ‖w − mean‖.
    """

    latents: np.ndarray = field(eq=False, repr=False)
    fields: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    residual: np.ndarray = field(eq=False, repr=False)
    outside: np.ndarray = field(eq=False, repr=False)
    norms: np.ndarray = field(eq=False, repr=False)

    def part(self, rows: slice) -> "Projection":
        """Return some of them."""
        fields = {name: values[rows] for name, values in self.fields.items()}
        arrays = {name: getattr(self, name)[rows] for name in ("latents", "residual", "outside", "norms")}
        return Projection(fields=fields, **arrays)


def project(fitted: Map, weights: Weights, bench: Bench) -> Projection:
    """Return (n, D) networks as a map with an encoder and a decoder has them."""
    chart = fitted.chart
    assert chart.encode is not None
    assert chart.decode is not None
    coordinates, outside = chart.space.coordinates(weights)
    latents = np.asarray(chart.encode(coordinates))
    decoded = np.asarray(chart.decode(latents))
    norms = np.sqrt(((coordinates - fitted.coordinates.mean(axis=0)) ** 2).sum(axis=1) + outside**2)
    lost = np.sqrt(((coordinates - decoded) ** 2).sum(axis=1) + outside**2)
    buffers = fitted.population.buffers
    nearest = fitted.nearest(decoded)[0] if buffers else None
    networks = Networks(space=chart.space, coordinates=decoded, buffers=buffers, nearest=nearest)
    fields, shares = bench.measure(networks), {"residual": lost / norms, "outside": outside / norms}
    return Projection(latents=latents, fields=fields, norms=norms, **shares)
