"""A regular grid over the members."""

from math import prod
from typing import Any

import numpy as np
from attrs import define, field
from attrs.validators import ge

from globscope.api import SAMPLES, Chart, CheckFacts, Landscape, PopulationError, Samples
from globscope.builtin.samplers.members import box


def _at_least_two(_: Any, attribute: Any, value: Any) -> None:
    if min((value,) if isinstance(value, int) else value, default=0) < 2:
        raise ValueError(f"{attribute.name} must be >= 2 on every axis")
    if max((value,) if isinstance(value, int) else value) > SAMPLES.bound:
        raise ValueError(f"{attribute.name} {SAMPLES.words}")


@define(frozen=True, kw_only=True)
class Grid:
    """A regular grid over the box of the members' latent points, with a margin.

    An axis on which all members have the same latent value gets the extent of the widest axis. On a slice around a
    network the grid covers the slice's own `distance` to both sides, without a margin, and the network is its middle
    sample: its resolution must be odd.

    Attributes:
        resolution: Samples per axis: one number, or a list with one for each axis.
        margin: Extra extent at both ends of every axis, as a share of the members' extent.
    """

    resolution: int | tuple[int, ...] = field(default=41, validator=_at_least_two)
    margin: float = field(default=0.1, validator=ge(0))

    def ask(self, chart: Chart, landscape: Landscape | None, rng: np.random.Generator) -> Samples | None:
        """Return all samples at once, in C order; the ends of an axis are samples.

        Raises:
            PopulationError: `resolution` has another number of axes than the chart, or is even on a slice around a
                network.
        """
        del rng
        if landscape is not None:
            return None
        self._require_middle(chart.dimension, centred=chart.centre is not None)
        shape = self.shape(chart.dimension)
        low, high = box(chart, self.margin)
        axes = [np.linspace(*ends) for ends in zip(low, high, shape, strict=True)]
        if chart.centre is not None:
            # Steps are counted from the middle, so that the middle sample is exactly the network.
            counted = [np.arange(-(count // 2), count // 2 + 1) / (count // 2) for count in shape]
            halves = (high - low) / 2
            axes = [middle + half * steps for middle, half, steps in zip(chart.centre, halves, counted, strict=True)]
        points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, chart.dimension)
        index = np.indices(shape).reshape(chart.dimension, -1).T
        return Samples(points=points, index=np.ascontiguousarray(index), shape=shape)

    def check(self, facts: CheckFacts) -> None:
        """Refuse a resolution that puts no sample on the network around which a slice is made.

        Raises:
            PopulationError: The resolution is even; the message has the nearest odd ones.
        """
        assert facts.dimension is not None
        self._require_middle(facts.dimension, centred=facts.centred)

    def _require_middle(self, dimension: int, *, centred: bool) -> None:
        even = [count for count in self.shape(dimension) if count % 2 == 0]
        if centred and even:
            nearest = f"{even[0] - 1} and {even[0] + 1}" if even[0] > 2 else "3"
            raise PopulationError(
                f"resolution = {even[0]} puts no sample on the network around which the slice is made; "
                f"the nearest odd one{'s are' if even[0] > 2 else ' is'} {nearest}"
            )

    def count(self, dimension: int) -> int:
        """Return how many samples a chart of this dimension gets."""
        return prod(self.shape(dimension))

    def shape(self, dimension: int) -> tuple[int, ...]:
        """Return the number of samples along each axis of a chart of this dimension."""
        if isinstance(self.resolution, int):
            return (self.resolution,) * dimension
        if len(self.resolution) != dimension:
            raise PopulationError(f"resolution names {len(self.resolution)} axes, but the map has {dimension}")
        return tuple(self.resolution)
