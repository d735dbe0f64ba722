"""A landscape over more than two latent axes: plane slices through its lowest sample."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from attrs import evolve
from matplotlib.axes import Axes

from globscope.report.map.surface import draw_surface
from globscope.report.style.legend import Legend
from globscope.report.style.scale import Scale
from globscope.report.style.text import number
from globscope.report.style.theme import MINIMUM
from globscope.values.landscape import Landscape, Samples

Pair = tuple[int, int]


def pairs(dimension: int) -> list[Pair]:
    """Return every pair of latent axes."""
    return list(combinations(range(dimension), 2))


def slices(scape: Landscape, field: str) -> Iterator[tuple[Pair, Landscape]]:
    """Return, by pair of axes, the samples that differ from the field's lowest on these two alone."""
    index = scape.samples.index
    assert index is not None
    for pair in pairs(scape.samples.points.shape[1]):
        others = np.delete(np.arange(index.shape[1]), pair)
        chosen = (index[:, others] == index[lowest(scape, field)][others]).all(axis=1)
        yield pair, _flat(scape, np.flatnonzero(chosen), pair)


def lowest(scape: Landscape, field: str) -> int:
    """Return the sample with the lowest finite value."""
    values = scape.fields[field]
    return int(np.argmin(np.where(np.isfinite(values), values, np.inf)))


def where(scape: Landscape, field: str) -> str:
    """Return the coordinates of the lowest sample, in words."""
    return f"({', '.join(map(number, scape.samples.points[lowest(scape, field)]))})"


def _flat(scape: Landscape, rows: np.ndarray, pair: Pair) -> Landscape:
    samples, at = scape.samples, list(pair)
    assert samples.index is not None
    assert samples.shape is not None
    shape = tuple(samples.shape[k] for k in pair)
    return evolve(
        scape,
        samples=Samples(points=samples.points[rows][:, at], index=samples.index[rows][:, at], shape=shape),
        fields={name: values[rows] for name, values in scape.fields.items()},
        distance_to_member=scape.distance_to_member[rows],
        cycle_error=None if scape.cycle_error is None else scape.cycle_error[rows],
        trusted=scape.trusted[rows],
    )


def draw_slices(panels: Sequence[Axes], scape: Landscape, scale: Scale) -> Legend:
    """Draw one slice on each panel, as many as there are panels; return the legend."""
    legend: Legend = {}
    for axes, (pair, flat) in zip(panels, slices(scape, scale.field), strict=False):
        legend |= draw_surface(axes, flat, scale)
        place = scape.samples.points[lowest(scape, scale.field)][list(pair)]
        mark = axes.plot(*place, ls="", marker="o", mfc=MINIMUM, mec="white", mew=0.9, ms=5, zorder=5, clip_on=False)[0]
        mark.set_in_layout(False)
        legend["lowest minimum, where the slices meet"] = mark
    return legend
