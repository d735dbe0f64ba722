"""Slices along random directions around one network."""

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge

from globscope.api import ADDED, AXES, Chart, ReducerInputs, ReducerTraits
from globscope.builtin.reducers.requirements import row_of
from globscope.builtin.reducers.slices.directions import (
    BY_PART,
    Normalisation,
    basis_and_mixing,
    scale_to_parts,
    unit_of,
)
from globscope.builtin.reducers.slices.flat import (
    Distance,
    centred_traits,
    corners_around,
    flat_chart,
    require_positive,
    restore_chart,
)


@define(frozen=True, kw_only=True)
class Random:
    """A slice along random directions around one network, normalised as its weights are.

    Directions are drawn from a normal distribution. `filter` scales every output filter (the entries with one index
    along the first axis of a tensor with two or more axes) to its norm in the network, and `layer` scales every tensor
    in this way. Both leave out tensors with one axis (biases, normalisation layers), so the network does not move
    there. This follows Li, Xu, Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of Neural Nets", NeurIPS
    2018, section 4 and appendix. Such directions are not orthogonal, so distances along the axes are not those in
    weight space. One unit of an axis is one direction, as in that paper; the notes of the map give its length and the
    largest |cosine| between two directions. `model` and `none` draw over all weights and make the directions
    orthogonal. With `model` one unit is the norm of the network. With `none` it is 1, so distances on the map are those
    in weight space. `relative` makes the norm of the network the unit in any case.

    Attributes:
        latent_dim: Number of latent axes.
        centre: The network around which the slice lies, as `variant` (its final network) or `variant@step`; the first
            variant's final network if unset.
        normalisation: Part of a direction that is scaled to the network's own norm.
        distance: Half-width along every axis, in units of the direction: one number, or a list with one for each.
        relative: Whether one unit of every axis is the norm of the network, so that `distance = 0.01` reaches a
            hundredth of it.
    """

    latent_dim: int = field(default=2, validator=and_(ge(1), AXES))
    centre: str | None = None
    normalisation: Normalisation = "filter"
    distance: Distance = 1.0
    relative: bool = field(default=False, metadata=ADDED)

    @classmethod
    def quick_examples(cls) -> "tuple[Random, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(centre="B@1", normalisation="none", distance=(1.0, 2.0)),
        )

    def __attrs_post_init__(self) -> None:
        require_positive(self.distance, self.latent_dim)

    @property
    def traits(self) -> ReducerTraits:
        """A slice around a network that must be there."""
        return centred_traits(self.centre, self.latent_dim)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the slice; equal generators give equal directions.

        Raises:
            PopulationError: No such network, or fewer weights to move than directions.
        """
        row, layout = row_of(inputs.population, self.centre, "random"), inputs.population.layout
        weights = np.array(inputs.population.weights[row], np.float64)
        directions = rng.standard_normal((self.latent_dim, layout.size))
        if self.normalisation in BY_PART:
            scale_to_parts(directions, weights, layout, self.normalisation)
        basis, mixing = basis_and_mixing(
            directions, weights, self.normalisation, relative=self.relative, reducer="random"
        )
        unit = unit_of(self.normalisation, relative=self.relative)
        return flat_chart(
            inputs,
            origin=row,
            basis=basis,
            mixing=mixing,
            extent=corners_around(self.distance, self.latent_dim),
            axes=[f"random direction {axis}{unit}" for axis in range(1, self.latent_dim + 1)],
            notes={"normalisation": self.normalisation},
        )

    restore = staticmethod(restore_chart)
