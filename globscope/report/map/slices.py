"""A landscape over more than two latent axes: plane slices through its lowest sample."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from attrs import evolve
from matplotlib.axes import Axes

from globscope.report.map.scene import Scene
from globscope.report.map.surface import draw_surface
from globscope.report.style.legend import Legend
from globscope.report.style.marks import draw_marks
from globscope.values.landscape import Landscape, Samples
from globscope.values.number import number
from globscope.values.topology import MINIMUM

Pair = tuple[int, int]
# Number of latent axes of which every pair is a panel: the panels of more are too many to be read.
AXES = 4


def pairs(dimension: int) -> list[Pair]:
    """Return the pairs of latent axes that are drawn: every pair of the first ones."""
    return list(combinations(range(min(dimension, AXES)), 2))


def drawn_pairs(dimension: int) -> str:
    """Return in words which pairs of axes are drawn."""
    return f"each pair of the {f'first {AXES} of {dimension}' if dimension > AXES else dimension} latent axes"


def slices(landscape: Landscape, key: str) -> Iterator[tuple[Pair, Landscape]]:
    """Return, by pair of axes, the samples that differ from a field's lowest on these two alone."""
    index = landscape.samples.index
    assert index is not None
    for pair in pairs(landscape.samples.points.shape[1]):
        others = np.delete(np.arange(index.shape[1]), pair)
        chosen = (index[:, others] == index[lowest(landscape, key)][others]).all(axis=1)
        yield pair, _flat(landscape, np.flatnonzero(chosen), pair)


def lowest(landscape: Landscape, key: str) -> int:
    """Return the sample with the lowest finite value."""
    values = landscape.fields[key]
    return int(np.argmin(np.where(np.isfinite(values), values, np.inf)))


def lowest_point(landscape: Landscape, key: str) -> str:
    """Return the coordinates of the lowest sample, in words."""
    return f"({', '.join(map(number, landscape.samples.points[lowest(landscape, key)]))})"


def _flat(landscape: Landscape, rows: np.ndarray, pair: Pair) -> Landscape:
    samples, axes = landscape.samples, list(pair)
    assert samples.index is not None
    assert samples.shape is not None
    shape = tuple(samples.shape[k] for k in pair)
    return evolve(
        landscape,
        samples=Samples(points=samples.points[rows][:, axes], index=samples.index[rows][:, axes], shape=shape),
        fields={name: values[rows] for name, values in landscape.fields.items()},
        distance_to_member=landscape.distance_to_member[rows],
        cycle_error=None if landscape.cycle_error is None else landscape.cycle_error[rows],
        trusted=landscape.trusted[rows],
        gradients=None,
    )


def draw_slices(panels: Sequence[Axes], scene: Scene) -> Legend:
    """Draw one slice on each panel, as many as there are panels; return the legend."""
    legend: Legend = {}
    for axes, (pair, flat) in zip(panels, slices(scene.landscape, scene.field.key), strict=False):
        legend |= draw_surface(axes, flat, scene.scale)
        place = scene.landscape.samples.points[lowest(scene.landscape, scene.field.key)][list(pair)]
        legend |= draw_marks(axes, {MINIMUM: place[None]}, {MINIMUM: "lowest minimum, where the slices meet"})
    return legend
