"""Networks that a map encodes and decodes again."""

from collections.abc import Mapping

import numpy as np
from attrs import define, field

from globscope.api import Bench, Map, Networks, Weights


@define(frozen=True, kw_only=True)
class Projection:
    """n networks w on a map, and the networks that the map decodes there.

    Attributes:
        latents: (n, d) latent points of the networks.
        fields: Fields of the decoded networks, (n,) each.
        residual: (n,) ‖w − decode(encode(w))‖ over ‖w − mean‖, where the mean is that of the map's members.
        outside: (n,) distances of w from the map's space, over the same.
        norms: (n,) distances ‖w − mean‖.
    """

    latents: np.ndarray = field(eq=False, repr=False)
    fields: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    residual: np.ndarray = field(eq=False, repr=False)
    outside: np.ndarray = field(eq=False, repr=False)
    norms: np.ndarray = field(eq=False, repr=False)

    def part(self, rows: slice) -> "Projection":
        """Return the projections of some of the networks."""
        fields = {name: values[rows] for name, values in self.fields.items()}
        arrays = {name: getattr(self, name)[rows] for name in ("latents", "residual", "outside", "norms")}
        return Projection(fields=fields, **arrays)


def project(map_: Map, weights: Weights, bench: Bench) -> Projection:
    """Return the projections of (n, D) networks on a map with an encoder and a decoder."""
    chart = map_.chart
    assert chart.encode is not None
    assert chart.decode is not None
    coordinates, outside = chart.space.coordinates(weights)
    latents = np.asarray(chart.encode(coordinates))
    decoded = np.asarray(chart.decode(latents))
    norms = np.sqrt(((coordinates - map_.coordinates.mean(axis=0)) ** 2).sum(axis=1) + outside**2)
    lost = np.sqrt(((coordinates - decoded) ** 2).sum(axis=1) + outside**2)
    buffers = map_.population.buffers
    nearest = map_.nearest(decoded)[0] if buffers else None
    networks = Networks(space=chart.space, coordinates=decoded, buffers=buffers, nearest=nearest)
    fields, shares = bench.measure(networks), {"residual": lost / norms, "outside": outside / norms}
    return Projection(latents=latents, fields=fields, norms=norms, **shares)
