"""A regular grid over the members."""

from math import prod

import numpy as np
from attrs import define, field
from attrs.validators import ge

from globscope.api import Chart, CheckFacts, Landscape, Samples
from globscope.builtin.samplers.lattice import at_least_two, lattice_axes, lattice_shape, require_middle


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

    resolution: int | tuple[int, ...] = field(default=41, validator=at_least_two)
    margin: float = field(default=0.1, validator=ge(0))

    @classmethod
    def quick_examples(cls) -> "tuple[Grid, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(resolution=5),
            cls(resolution=(3, 4)),
        )

    def ask(self, chart: Chart, landscape: Landscape | None, rng: np.random.Generator) -> Samples | None:
        """Return all samples at once, in C order; the ends of an axis are samples.

        Raises:
            PopulationError: `resolution` has another number of axes than the chart, or is even on a slice around a
                network.
        """
        del rng
        if landscape is not None:
            return None
        shape = self.shape(chart.dimension)
        require_middle(shape, centred=chart.centre is not None)
        axes = lattice_axes(chart, self.margin, shape)
        points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, chart.dimension)
        index = np.indices(shape).reshape(chart.dimension, -1).T
        return Samples(points=points, index=np.ascontiguousarray(index), shape=shape)

    def check(self, facts: CheckFacts) -> None:
        """Refuse a resolution that puts no sample on the network around which a slice is made.

        Raises:
            PopulationError: The resolution is even; the message has the nearest odd ones.
        """
        assert facts.dimension is not None
        require_middle(self.shape(facts.dimension), centred=facts.centred)

    def count(self, dimension: int) -> int:
        """Return how many samples a chart of this dimension gets."""
        return prod(self.shape(dimension))

    def shape(self, dimension: int) -> tuple[int, ...]:
        """Return the number of samples along each axis of a chart of this dimension."""
        return lattice_shape(self.resolution, dimension)
